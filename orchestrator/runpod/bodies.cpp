#include "orchestrator/runpod/bodies.h"

#include <fmt/format.h>

#include "orchestrator/report/cut.h"
#include "sandbox/io/json_text.h"

namespace orchestrator::runpod {
namespace {

using nlohmann::ordered_json;

void shorten_outputs(ordered_json& report, std::size_t most, bool passing_only) {
  const auto results = report.find("results");
  if (results == report.end() || !results->is_array()) return;
  for (auto& attempt : *results) {
    if (!attempt.is_object()) continue;
    const auto passed = attempt.find("passed");
    if (passing_only && !(passed != attempt.end() && passed->is_boolean() && passed->get<bool>())) continue;
    for (const char* stream : {"stdout", "stderr"})
      if (const auto text = attempt.find(stream); text != attempt.end() && text->is_string())
        *text = head_and_tail(text->get_ref<const std::string&>(), most);
  }
}

void warn(ordered_json& report, const std::string& sentence) {
  if (!report.contains("warnings") || !report.at("warnings").is_array())
    report["warnings"] = ordered_json::array();
  report["warnings"].push_back(sentence);
}

}  // namespace

std::string final_body(const FinalBody& body) {
  std::string text;
  const auto add = [&](const char* name, const std::string& value) {
    text += fmt::format("{}\"{}\":", text.empty() ? "" : ",", name);
    text += value;
  };
  if (!body.output.empty()) add("output", body.output);
  if (!body.error.empty()) add("error", io::json_text(ordered_json(body.error)));
  if (body.stop_pod) add("stopPod", "true");
  return "{" + text + "}";
}

std::string progress_body(const nlohmann::json& progress) {
  return io::json_text(ordered_json{{"status", "IN_PROGRESS"}, {"output", progress}});
}

std::string chunk_body(const nlohmann::json& chunk) { return io::json_text(ordered_json{{"output", chunk}}); }

std::string with_members(const std::string& report, const ordered_json& members) {
  if (members.empty()) return report;
  const auto rest = report.find_first_not_of(" \t\r\n", report.find('{') + 1);
  std::string text = io::json_text(members);
  text.back() = report[rest] == '}' ? ' ' : ',';
  return text + report.substr(rest);
}

std::string fitted(const std::string& report, std::size_t most) {
  if (report.size() <= most) return report;
  ordered_json document = ordered_json::parse(report, nullptr, false);
  if (!document.is_object()) return R"({"warnings":["The report was too large to be sent."]})";
  // Without the indentation it may fit as it is.
  if (std::string text = io::json_text(document); text.size() <= most) return text;
  warn(document,
       fmt::format("This result was shortened to {} bytes: outputs of passing attempts first.", most));
  for (const bool passing_only : {true, false})
    for (const std::size_t size : {16'384u, 4'096u, 1'024u, 256u, 0u}) {
      shorten_outputs(document, size, passing_only);
      if (std::string text = io::json_text(document); text.size() <= most) return text;
    }
  // What explains goes before what counts.
  for (const char* section :
       {"environment", "findings", "not_counted", "results", "tests", "job", "conditions"}) {
    if (document.erase(section) == 0) continue;
    if (std::string(section) == "results") document["results"] = ordered_json::array();
    warn(document, fmt::format("'{}' was left out of this result.", section));
    if (std::string text = io::json_text(document); text.size() <= most) return text;
  }
  ordered_json least;
  for (const char* name : {"interrupted", "full_report", "total_runs", "parallelism", "framework", "failures",
                           "repro_rate", "verdict", "severity", "end"})
    if (const auto found = document.find(name); found != document.end()) least[name] = *found;
  least["results"] = ordered_json::array();
  warn(least, "All but the numbers was left out of this result, which would have been too large.");
  return io::json_text(least);
}

}  // namespace orchestrator::runpod
