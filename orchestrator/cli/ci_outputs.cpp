#include "orchestrator/cli/ci_outputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <random>

#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kListed = 1000;  // ids of one kind in the result file
constexpr std::size_t kInOutput = 50;  // of new tests in an output
constexpr std::size_t kLongestOutput = 64 * 1024;

std::string dump(const Json& json, int indent, bool ascii) {
  return json.dump(indent, ' ', ascii, Json::error_handler_t::replace);
}

template <class List, class Id>
Json ids(const List& list, Id id) {
  Json names = Json::array();
  for (const auto& each : list) {
    if (names.size() == kListed) break;
    if (const std::string text = id(each); !text.empty()) names.push_back(to_utf8(text));
  }
  return names;
}

Json ids_of(const CiDecision& ci, Standing standing) {
  return ids(ci.tests, [&](const CiTest& test) { return test.standing == standing ? test.id : ""; });
}

Json entries(const std::vector<KnownFlake>& list) {
  return ids(list, [](const KnownFlake& entry) { return entry.test; });
}

Json counts(const Report& report) {
  const CiDecision& ci = *report.ci;
  Json all = {{"attempts", report.total_runs()},
              {"failures", report.failures()},
              {"tests", report.tests.tests().size()}};
  for (const Standing standing : kStandings) all[std::string(name(standing))] = ci.count(standing);
  all["healed"] = ci.healed.size();
  all["expired_entries"] = ci.expired.size();
  all["gone"] = ci.gone.size();
  return all;
}

Json report_paths(const CommandLine& options) {
  Json paths = Json::object();
  if (!options.json_file.empty()) paths["json"] = options.json_file;
  for (const auto& wanted : options.reports)
    if (!wanted.path.empty()) paths[wanted.format->flag + 2] = wanted.path;
  return paths;
}

void add_report(Json& result, const Report& report) {
  const CiDecision& ci = *report.ci;
  result["report_verdict"] = name(verdict(report));
  result["without_policy"] = ci.without_policy;
  result["fail_on"] = name(ci.fail_on);
  result["allowed_by"] = ci.allowed_by;
  result["counts"] = counts(report);
  for (const Standing standing : kStandings) result[std::string(name(standing))] = ids_of(ci, standing);
  result["healed"] = ids(ci.healed, [](const Healed& each) { return each.entry.test; });
  result["expired_entries"] = entries(ci.expired);
  result["gone"] = entries(ci.gone);
  result["job_seed"] = report.plan.job_seed;
  result["reproduce"] = report.reproduce;
}

void write_whole(const std::string& path, const std::string& text) {
  if (path == "-") {
    std::cout << text;
    return;
  }
  errno = 0;
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) throw io::HostError(fmt::format("cannot write {}: {}", path, std::strerror(errno)));
}

void append(const std::string& path, const std::string& text) {
  errno = 0;
  std::ofstream file(path, std::ios::binary | std::ios::app);
  file << text;
  file.close();
  if (!file) throw io::HostError(fmt::format("cannot append to {}: {}", path, std::strerror(errno)));
}

// 128 random bits: nobody can guess it, and so nobody can end a value with it.
std::string random_delimiter() {
  std::random_device random;
  std::string text = "orchestrator_";
  for (int i = 0; i < 4; ++i) text += fmt::format("{:08x}", random());
  return text;
}

}  // namespace

std::string ci_verdict(const JobEnd& end) {
  if (end.failure) {
    const std::string& kind = end.failure->kind;
    return kind == "skipped" ? "skipped" : kind == "cancelled" ? "stopped" : "error";
  }
  if (end.exit_code >= 128) return "stopped";
  if (end.exit_code == 0) return "passes";
  return end.exit_code == 1 || end.exit_code == 3 ? "fails" : "error";
}

Json ci_result(const CommandLine& options, const JobEnd& end) {
  Json result = {{"exit_code", end.exit_code}, {"verdict", ci_verdict(end)}};
  if (end.report && end.report->ci) add_report(result, *end.report);
  result["reports"] = report_paths(options);
  result["error"] =
      end.failure ? Json({{"kind", end.failure->kind}, {"message", to_utf8(end.failure->message)}}) : Json();
  return result;
}

Outputs outputs_of(const Json& result) {
  Outputs outputs = {{"exit-code", dump(result.at("exit_code"), -1, true)},
                     {"verdict", result.at("verdict").get<std::string>()}};
  if (!result.contains("counts")) return outputs;
  outputs.emplace_back("report-verdict", result.at("report_verdict").get<std::string>());
  for (const auto& [name, count] : result.at("counts").items()) {
    std::string word = name + "-count";
    std::replace(word.begin(), word.end(), '_', '-');
    outputs.emplace_back(std::move(word), dump(count, -1, true));
  }
  Json fresh = result.at("new");
  while (fresh.size() > kInOutput || dump(fresh, -1, true).size() > kLongestOutput)
    fresh.erase(fresh.size() - 1);
  outputs.emplace_back("new-tests", dump(fresh, -1, true));
  return outputs;
}

std::string github_outputs(const Outputs& outputs, const std::string& delimiter) {
  std::string text;
  for (const auto& [name, value] : outputs)
    text += fmt::format("{}<<{}\n{}\n{}\n", name, delimiter, value, delimiter);
  return text;
}

std::string dotenv(const Outputs& outputs) {
  std::string text;
  for (const auto& [name, value] : outputs) {
    if (name == "new-tests" || value.find_first_of("\r\n") != std::string::npos) continue;
    std::string word = "FLAKY_" + name;
    for (char& c : word) c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    text += word + "=" + value + "\n";
  }
  return text;
}

void check_later_steps(const CommandLine& options) {
  check_report_path("--result", options.ci.result_file);
  check_report_path("--dotenv", options.ci.dotenv_file);
  if (const std::string path = environment("GITHUB_OUTPUT").value_or(""); !path.empty()) append(path, "");
}

void tell_later_steps(const CommandLine& options, const JobEnd& end) {
  const Json result = ci_result(options, end);
  if (!options.ci.result_file.empty()) write_whole(options.ci.result_file, dump(result, 2, false) + "\n");
  const Outputs outputs = outputs_of(result);
  if (!options.ci.dotenv_file.empty()) write_whole(options.ci.dotenv_file, dotenv(outputs));
  if (const std::string path = environment("GITHUB_OUTPUT").value_or(""); !path.empty())
    append(path, github_outputs(outputs, random_delimiter()));
}

}  // namespace orchestrator
