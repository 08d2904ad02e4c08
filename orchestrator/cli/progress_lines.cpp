#include "orchestrator/cli/progress_lines.h"

#include <fmt/format.h>

#include <cmath>

#include "orchestrator/report/words.h"

namespace orchestrator {
namespace {

// " in 1.2 s", or nothing when it took no time worth a word.
std::string in_seconds(const Event& event) {
  const auto found = event.data.find("seconds");
  if (found == event.data.end() || !found->is_number()) return "";
  const double seconds = found->get<double>();
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 1e9) return "";
  return " in " + duration_text(std::chrono::milliseconds(std::llround(seconds * 1000)));
}

bool is_true(const Event& event, const char* key) {
  const auto found = event.data.find(key);
  return found != event.data.end() && found->is_boolean() && found->get<bool>();
}

std::string checkout_line(const Event& event) {
  const std::string commit = text_of(event, "commit");
  const std::string what =
      commit.empty() ? "read " + counted(static_cast<std::uint64_t>(number_of(event, "files")), "file")
                     : "checked out " + short_hash(commit);
  return what + in_seconds(event);
}

std::string image_line(const Event& event) {
  const std::string found = text_of(event, "found");
  return "image ready" + in_seconds(event) + (found.empty() ? "" : " (" + found + ")");
}

}  // namespace

std::string text_of(const Event& event, const char* key) {
  const auto found = event.data.find(key);
  return found != event.data.end() && found->is_string() ? one_line(found->get_ref<const std::string&>())
                                                         : "";
}

std::int64_t number_of(const Event& event, const char* key) {
  const auto found = event.data.find(key);
  return found != event.data.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

std::optional<std::string> lasting_line(const Event& event) {
  if (event.type == "checkout_finished") return checkout_line(event);
  if (event.type == "layer_finished") {
    const std::string how = text_of(event, "how");
    if (!how.empty()) return text_of(event, "kind") + ": " + how + in_seconds(event);
    return text_of(event, "kind") + (is_true(event, "cached") ? ": cached" : ": built" + in_seconds(event));
  }
  if (event.type == "image_finished") return image_line(event);
  if (event.type == "elsewhere" && event.data.contains("job"))
    return "handed to " + text_of(event, "at") + " as job " + text_of(event, "job");
  if (event.type == "waiting") return "waiting for " + text_of(event, "for");
  if (event.type == "stopping") return "stopping: " + text_of(event, "reason");
  if (event.type == "warning") return "warning: " + text_of(event, "text");
  return std::nullopt;
}

std::optional<std::string> stage_begun(const Event& event) {
  if (event.type == "checkout_started") return "checking out";
  if (event.type == "layer_started") {
    const std::string title = text_of(event, "title");
    return text_of(event, "kind") + (title.empty() ? "" : ": " + title);
  }
  if (event.type == "elsewhere" && event.data.contains("job")) return "waiting for its turn there";
  if (event.type == "elsewhere" && event.data.contains("stage")) return text_of(event, "stage");
  return std::nullopt;
}

void AttemptCounts::update(const Event& event) {
  if (event.type == "run_started") *this = {0, number_of(event, "runs"), 0, 0};
  if (event.type == "attempt_started") ++running;
  if (event.type == "attempt_finished")
    *this = {number_of(event, "done"), number_of(event, "runs"), number_of(event, "running"),
             number_of(event, "not_passed")};
  if (event.type == "elsewhere" && event.data.contains("attempts"))
    *this = {number_of(event, "attempts"), number_of(event, "runs"), kNotKnown,
             number_of(event, "not_passed")};
}

}  // namespace orchestrator
