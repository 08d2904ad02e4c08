#include "orchestrator/report/report_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "orchestrator/report/words.h"
#include "sandbox/io/error.h"
#include "sandbox/io/json_text.h"

namespace orchestrator {
namespace {

using nlohmann::json;

constexpr int kMostCounted = 10'000;  // ours are at most 1,000

struct SavedCounts {
  int failed = 0, n = 0;
};

// What a comparison needs of one report, checked on the way.
class SideReader {
 public:
  explicit SideReader(const SavedReport& saved) : where_(saved.where), document_(saved.document) {
    read_conditions();
    read_tests();
    read_attempts();
  }

  const std::map<std::string, std::string>& conditions() const { return conditions_; }
  const std::map<std::string, std::map<std::string, SavedCounts>>& tests() const { return tests_; }
  const std::map<std::string, SavedCounts>& command() const { return command_; }

  ReportComparison::Side side() const {
    ReportComparison::Side side{.where = where_};
    side.commit = text_at({"environment", "commit"});
    side.ref = text_at({"environment", "ref"});
    for (const auto& [condition, counts] : command_) side.attempts += counts.n;
    return side;
  }

  // What stands at a path; null where nothing does.
  const json& at(const std::vector<const char*>& path) const {
    static const json nothing;
    const json* here = &document_;
    for (const char* key : path) {
      if (!here->is_object() || !here->contains(key)) return nothing;
      here = &(*here)[key];
    }
    return *here;
  }
  std::string text_at(const std::vector<const char*>& path) const {
    const json& value = at(path);
    return value.is_string() ? value.get<std::string>() : "";
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw io::RequestError(fmt::format("{} is no report of orchestrator: {}", where_, why));
  }

  const json& member(const json& object, const char* key, json::value_t type,
                     const std::string& place) const {
    if (!object.is_object() || !object.contains(key)) refuse(fmt::format("{}/{} is missing", place, key));
    const json& value = object[key];
    const bool whole = type == json::value_t::number_unsigned && value.is_number_unsigned();
    if (!whole && value.type() != type) refuse(fmt::format("{}/{} is not what it should be", place, key));
    return value;
  }

  std::string text(const json& object, const char* key, const std::string& place) const {
    return member(object, key, json::value_t::string, place).get<std::string>();
  }

  int count(const json& object, const char* key, const std::string& place) const {
    const auto value = member(object, key, json::value_t::number_unsigned, place).get<std::uint64_t>();
    if (value > kMostCounted) refuse(fmt::format("{}/{} is larger than {}", place, key, kMostCounted));
    return static_cast<int>(value);
  }

  // A short form leaves out what is 0.
  int count_or_zero(const json& object, const char* key, const std::string& place) const {
    return object.is_object() && !object.contains(key) ? 0 : count(object, key, place);
  }

  void read_conditions() {
    const json& list = member(document_, "conditions", json::value_t::array, "");
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string place = fmt::format("/conditions/{}", i);
      const std::string name = text(list[i], "name", place);
      json alike = {{"order", text(list[i], "order", place)}, {"repeat", count(list[i], "repeat", place)}};
      for (const char* key : {"tests", "files"})
        if (list[i].contains(key)) alike[key] = list[i][key];
      const auto [kept, fresh] =
          conditions_.emplace(name, alike.dump(-1, ' ', true, json::error_handler_t::replace));
      if (!fresh) refuse(fmt::format("{} has the name of another condition", place));
    }
  }

  const std::string& known_condition(const std::string& name, const std::string& place) const {
    const auto found = conditions_.find(name);
    if (found == conditions_.end()) refuse(place + "/condition is none of its conditions");
    return found->first;
  }

  void read_tests() {
    if (!document_.contains("tests")) refuse("/tests is missing");
    if (document_["tests"].is_null()) return;
    const json& list = member(document_, "tests", json::value_t::array, "");
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string place = fmt::format("/tests/{}", i);
      auto [test, fresh] = tests_.try_emplace(text(list[i], "id", place));
      if (!fresh) refuse(place + "/id is that of another test");
      const json& counts = member(list[i], "conditions", json::value_t::array, place);
      for (std::size_t k = 0; k < counts.size(); ++k)
        read_counts(counts[k], fmt::format("{}/conditions/{}", place, k), test->second);
    }
  }

  void read_counts(const json& entry, const std::string& place, std::map<std::string, SavedCounts>& counts) {
    const std::string condition = known_condition(text(entry, "condition", place), place);
    SavedCounts here;
    for (const char* key : {"failed", "errors", "timed_out", "out_of_memory", "crashed"})
      here.failed += count_or_zero(entry, key, place);
    here.n = here.failed + count_or_zero(entry, "passed", place);
    if (here.n > kMostCounted) refuse(fmt::format("{} counts more than {}", place, kMostCounted));
    counts[condition] = here;
  }

  void read_attempts() {
    const json& list = member(document_, "results", json::value_t::array, "");
    if (list.size() > kMostCounted) refuse(fmt::format("/results has more than {} entries", kMostCounted));
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string place = fmt::format("/results/{}", i);
      SavedCounts& here = command_[known_condition(text(list[i], "condition", place), place)];
      ++here.n;
      here.failed += member(list[i], "passed", json::value_t::boolean, place) == false;
    }
  }

  std::string where_;
  const json& document_;
  std::map<std::string, std::string> conditions_;  // by name: what attempts of it have in common
  std::map<std::string, std::map<std::string, SavedCounts>> tests_;  // by id, by condition
  std::map<std::string, SavedCounts> command_;                       // by condition
};

// One of the things in which two comparable reports are alike.
struct Circumstance {
  const char* what;
  std::vector<const char*> path;
};

const std::vector<Circumstance>& circumstances() {
  static const std::vector<Circumstance> all = {
      {"the test commands", {"job", "plan", "test_command"}},
      {"the folders that the tests run in", {"job", "plan", "subdir"}},
      {"the limits of an attempt", {"job", "plan", "limits"}},
      {"the variables of an attempt", {"job", "plan", "env"}},
      {"the networks", {"environment", "network"}},
      {"the numbers of attempts at once", {"parallelism"}},
      {"the base images", {"environment", "image", "base_id"}},
      {"the installed packages", {"environment", "packages"}},
      {"the engines", {"environment", "engine"}},
      {"the versions of the engine", {"environment", "engine_version"}},
      {"the runtimes", {"environment", "runtime"}},
      {"the kernels", {"environment", "kernel"}},
      {"the architectures", {"environment", "architecture"}},
  };
  return all;
}

std::string shown(const json& value) {
  constexpr std::size_t kLongest = 60;
  std::string text = value.is_string() ? value.get<std::string>() : io::json_text(value);
  return text.size() > kLongest ? "" : one_line(text);
}

void warn_of_differences(const SideReader& before, const SideReader& after,
                         std::vector<std::string>& warnings) {
  for (const auto& [what, path] : circumstances()) {
    const json &one = before.at(path), &other = after.at(path);
    if (one == other) continue;
    const std::string left = shown(one), right = shown(other);
    warnings.push_back(left.empty() || right.empty()
                           ? fmt::format("{} differ", what)
                           : fmt::format("{} differ: {} before, {} after", what, left, right));
  }
}

void warn_of_end(const SideReader& reader, const std::string& where, std::vector<std::string>& warnings) {
  if (reader.text_at({"end"}) != "complete")
    warnings.push_back(fmt::format("{} is of a run that was cut short", one_line(where)));
  if (!reader.at({"job", "plan", "until_sure"}).is_null())
    warnings.push_back(
        fmt::format("{} is of a run that stopped when it was sure: its number of attempts "
                    "hangs on what they showed, so that p is not exact",
                    one_line(where)));
}

// What one report has no room for may be in the other.
void warn_of_tests_left_out(const SideReader& reader, const std::string& where,
                            std::vector<std::string>& warnings) {
  if (reader.at({"tests_left_out"}).is_object())
    warnings.push_back(fmt::format("{} had no room for all tests: which of them only one has is not known",
                                   one_line(where)));
}

std::vector<std::string> only_in(const SideReader& one, const SideReader& other) {
  std::vector<std::string> ids;
  if (other.at({"tests_left_out"}).is_object()) return ids;
  for (const auto& [id, counts] : one.tests())
    if (!other.tests().contains(id)) ids.push_back(id);
  return ids;
}

RatePair pair_of(const std::string& id, const std::string& condition, const SavedCounts& before,
                 const SavedCounts& after) {
  return {.id = id,
          .condition = condition,
          .failed_before = before.failed,
          .n_before = before.n,
          .failed_after = after.failed,
          .n_after = after.n};
}

template <class Map>
SavedCounts counts_in(const Map& counts, const std::string& condition) {
  const auto found = counts.find(condition);
  return found == counts.end() ? SavedCounts{} : found->second;
}

}  // namespace

ReportComparison compare_reports(const SavedReport& saved_before, const SavedReport& saved_after) {
  const SideReader before(saved_before), after(saved_after);
  ReportComparison comparison{.before = before.side(), .after = after.side()};
  std::set<std::string> names;
  for (const auto& [name, alike] : before.conditions()) names.insert(name);
  for (const auto& [name, alike] : after.conditions()) names.insert(name);
  for (const auto& name : names) {
    const auto one = before.conditions().find(name), other = after.conditions().find(name);
    const bool common =
        one != before.conditions().end() && other != after.conditions().end() && one->second == other->second;
    (common ? comparison.conditions : comparison.left_out).push_back(name);
  }
  if (comparison.conditions.empty())
    throw io::RequestError(
        fmt::format("{} and {} have no condition in common: their attempts ran in other "
                    "orders, or with other repeats",
                    saved_before.where, saved_after.where));
  warn_of_differences(before, after, comparison.warnings);
  warn_of_end(before, saved_before.where, comparison.warnings);
  warn_of_end(after, saved_after.where, comparison.warnings);
  warn_of_tests_left_out(before, saved_before.where, comparison.warnings);
  warn_of_tests_left_out(after, saved_after.where, comparison.warnings);
  comparison.only_before = only_in(before, after);
  comparison.only_after = only_in(after, before);
  std::vector<RatePair> tests, command;
  for (const auto& condition : comparison.conditions) {
    for (const auto& [id, counts] : before.tests())
      if (const auto other = after.tests().find(id); other != after.tests().end())
        tests.push_back(
            pair_of(id, condition, counts_in(counts, condition), counts_in(other->second, condition)));
    command.push_back(pair_of(std::string(kWholeCommand), condition, counts_in(before.command(), condition),
                              counts_in(after.command(), condition)));
  }
  comparison.tests = compare_rates(std::move(tests));
  comparison.command = compare_rates(std::move(command));
  for (const auto& condition : comparison.conditions)
    comparison.power.push_back(power_of(counts_in(before.command(), condition).n,
                                        counts_in(after.command(), condition).n, comparison.tests.questions));
  return comparison;
}

}  // namespace orchestrator
