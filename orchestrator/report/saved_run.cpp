#include "orchestrator/report/saved_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/analysis/test_results.h"
#include "orchestrator/job/quoted.h"
#include "orchestrator/job/read_plan.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

using nlohmann::json;
using sandbox::Outcome;

constexpr int kLargestIndex = 1'000'000;
constexpr int kMostRepeats = 100;
constexpr std::size_t kLongestName = 4096;
constexpr std::string_view kLetters = " .FETMCs";

// Walks down a document and refuses, in one sentence that names the place, what is not as it should be.
class Place {
 public:
  Place(const json& value, const std::string& where, std::string pointer)
      : value_(value), where_(where), pointer_(std::move(pointer)) {}

  [[noreturn]] void refuse(const std::string& why) const {
    throw io::RequestError(fmt::format("{}: {} {}", where_, pointer_.empty() ? "the report" : pointer_, why));
  }

  Place at(const char* key) const {
    if (!value_.is_object()) refuse("must be an object");
    const auto found = value_.find(key);
    if (found == value_.end()) Place(value_, where_, pointer_ + "/" + key).refuse("is missing");
    return {*found, where_, pointer_ + "/" + key};
  }
  bool has(const char* key) const { return value_.is_object() && value_.contains(key); }
  bool is_null() const { return value_.is_null(); }

  template <class Fn>
  void each(std::size_t most, Fn fn) const {
    if (!value_.is_array()) refuse("must be a list");
    if (value_.size() > most) refuse(fmt::format("has more than {} entries", most));
    for (std::size_t i = 0; i < value_.size(); ++i)
      fn(Place(value_[i], where_, fmt::format("{}/{}", pointer_, i)));
  }

  std::string text(std::size_t longest = kLongestName) const {
    if (!value_.is_string()) refuse("must be a string");
    const auto& text = value_.get_ref<const std::string&>();
    if (text.size() > longest) refuse(fmt::format("is longer than {} bytes", longest));
    return text;
  }
  bool boolean() const {
    if (!value_.is_boolean()) refuse("must be true or false");
    return value_.get<bool>();
  }
  std::int64_t whole(std::int64_t least, std::int64_t most) const {
    const bool fits = value_.is_number_integer() && (!value_.is_number_unsigned() ||
                                                     value_.get<std::uint64_t>() <= std::uint64_t(INT64_MAX));
    if (!fits || value_.get<std::int64_t>() < least || value_.get<std::int64_t>() > most)
      refuse(fmt::format("must be a whole number between {} and {}", least, most));
    return value_.get<std::int64_t>();
  }
  int integer(int least, int most) const { return static_cast<int>(whole(least, most)); }

  const json& value() const { return value_; }

 private:
  const json& value_;
  const std::string& where_;
  std::string pointer_;
};

TestOrder order_from(const Place& place) {
  const std::string text = place.text();
  for (const TestOrder order :
       {TestOrder::written, TestOrder::reversed, TestOrder::shuffled, TestOrder::listed})
    if (text == name(order)) return order;
  place.refuse("must be written, reversed, shuffled or listed");
}

Condition condition_from(const Place& place) {
  Condition condition;
  condition.name = place.at("name").text();
  condition.order = order_from(place.at("order"));
  condition.repeat = place.at("repeat").integer(1, kMostRepeats);
  place.at("tests").each(kMostSavedTests, [&](const Place& test) { condition.tests.push_back(test.text()); });
  // Of reports that knew it.
  if (place.has("files"))
    place.at("files").each(kMostSavedTests,
                           [&](const Place& file) { condition.files.push_back(file.text()); });
  return condition;
}

class Reader {
 public:
  Reader(const json& report, const std::string& where) : report_(report, where, ""), where_(where) {}

  SavedRun read() {
    run_.plan = read_plan(report_.at("job").at("plan").value(), where_);
    run_.framework = report_.at("framework").text();
    run_.program_version = report_.at("program_version").text();
    report_.at("conditions").each(1000, [&](const Place& place) {
      run_.conditions.push_back(condition_from(place));
    });
    read_environment(report_.at("environment"));
    if (report_.has("changed") && !report_.at("changed").is_null()) read_changed(report_.at("changed"));
    read_attempts();
    if (!report_.at("tests").is_null()) read_tests(report_.at("tests"));
    read_groups(report_.at("findings").at("failure_groups").at("list"));
    return std::move(run_);
  }

 private:
  void read_environment(const Place& environment) {
    const Place image = environment.at("image");
    run_.image = {image.at("id").text(), image.at("base_reference").text(), image.at("base_id").text(),
                  image.at("base_digest").text()};
    if (!run_.image.id.empty() && !run_.image.id.starts_with("sha256:"))
      image.at("id").refuse("must be an image's id, as in sha256:…");
    run_.commit = environment.at("commit").text();
    run_.ref = environment.at("ref").text();
    run_.tree_hash = environment.at("tree_hash").text();
    run_.dirty = environment.at("dirty").boolean();
    run_.framework_found = environment.at("framework_found").text();
    environment.at("packages").each(kMostSavedTests, [&](const Place& each) {
      run_.packages.push_back(each.text());
    });
    for (const HostFact& fact : host_facts()) run_.host[fact.key] = environment.at(fact.key).text();
    const Place limits = environment.at("limits");
    if (!limits.value().is_object()) limits.refuse("must be an object");
    for (const auto& [limit, value] : limits.value().items())
      run_.host["limit " + limit] = limits.at(limit.c_str()).at("enforcement").text();
  }

  void read_changed(const Place& changed) {
    run_.changed_base = changed.at("base").text();
    changed.at("files").each(kMostSavedTests,
                             [&](const Place& file) { run_.changed_files.push_back(file.text()); });
  }

  // All attempts of a replay are one of its job's.
  int index_of(int number) const {
    if (!report_.has("replay") || report_.at("replay").is_null())
      return run_.plan.only_attempt.value_or(number);
    return report_.at("replay").at("attempt").integer(0, kLargestIndex);
  }

  SavedAttempt attempt_from(const Place& place) const {
    SavedAttempt attempt;
    attempt.number = place.at("attempt").integer(0, kLargestIndex);
    attempt.index = index_of(attempt.number);
    attempt.seed = place.at("seed").whole(0, INT64_MAX);
    const auto outcome = sandbox::outcome_from_name(place.at("outcome").text());
    if (!outcome) place.at("outcome").refuse("is no outcome of an attempt");
    attempt.outcome = *outcome;
    const auto index = static_cast<std::uint64_t>(attempt.index);
    if (attempt.seed != attempt_seed(run_.plan.job_seed, index, run_.plan.seed_range))
      place.at("seed").refuse(fmt::format(
          "is not the seed of attempt {} of this job: the report does not fit together", attempt.index));
    return attempt;
  }

  void read_attempts() {
    report_.at("results").each(kMostSavedAttempts, [&](const Place& place) {
      SavedAttempt attempt = attempt_from(place);
      if (!attempt.counted()) place.at("outcome").refuse("is no outcome that is evidence");
      const std::string condition = place.at("condition").text();
      const auto found = std::find_if(run_.conditions.begin(), run_.conditions.end(),
                                      [&](const Condition& each) { return each.name == condition; });
      if (found == run_.conditions.end()) place.at("condition").refuse("is none of the report's conditions");
      attempt.condition = static_cast<std::size_t>(found - run_.conditions.begin());
      const Place exit_code = place.at("exit_code");
      if (!exit_code.is_null()) attempt.exit_code = exit_code.integer(INT32_MIN, INT32_MAX);
      run_.attempts.push_back(attempt);
    });
    report_.at("not_counted").each(kMostSavedAttempts, [&](const Place& place) {
      run_.attempts.push_back(attempt_from(place));
    });
    std::sort(run_.attempts.begin(), run_.attempts.end(),
              [](const auto& a, const auto& b) { return a.number < b.number; });
    for (std::size_t i = 1; i < run_.attempts.size(); ++i)
      if (run_.attempts[i].number == run_.attempts[i - 1].number)
        report_.at("results").refuse(fmt::format("has attempt {} twice", run_.attempts[i].number));
  }

  void read_tests(const Place& tests) {
    tests.each(kMostSavedTests, [&](const Place& place) {
      SavedTest test;
      test.id = place.at("id").text();
      const Place outcomes = place.at("outcomes");
      if (!outcomes.is_null()) test.outcomes = outcomes.text(kMostSavedAttempts);
      if (test.outcomes.find_first_not_of(kLetters) != std::string::npos)
        outcomes.refuse("holds letters that stand for no outcome");
      // An attempt that was never tried to its end has no column: then nobody can say whose a letter is.
      if (test.outcomes.size() != run_.attempts.size()) test.outcomes.clear();
      place.at("conditions").each(1000, [&](const Place& counts) { add_rate(counts, test); });
      run_.tests.push_back(std::move(test));
    });
  }

  static void add_rate(const Place& counts, SavedTest& test) {
    const auto count = [&](const char* key) { return counts.at(key).integer(0, 1'000'000'000); };
    double failed = 0;
    for (const char* key : {"failed", "errors", "timed_out", "out_of_memory", "crashed"})
      failed += count(key);
    const double all = failed + count("passed");
    if (all > 0) test.rate_in[counts.at("condition").text()] = failed / all;
  }

  void read_groups(const Place& groups) {
    groups.each(kMostSavedTests, [&](const Place& place) {
      SavedGroup group;
      group.signature = place.at("signature").text();
      place.at("attempts").each(kMostSavedAttempts, [&](const Place& each) {
        group.attempts.push_back(each.integer(0, kLargestIndex));
      });
      std::sort(group.attempts.begin(), group.attempts.end());
      place.at("tests").each(kMostSavedTests, [&](const Place& each) { group.tests.push_back(each.text()); });
      run_.groups.push_back(std::move(group));
    });
  }

  const Place report_;
  const std::string& where_;
  SavedRun run_;
};

bool is_failure(char letter) { return std::string_view("FETMC").find(letter) != std::string_view::npos; }

}  // namespace

const std::vector<HostFact>& host_facts() {
  static const std::vector<HostFact> facts = {
      {"engine", "engine", &sandbox::Capabilities::engine},
      {"engine_version", "engine's version", &sandbox::Capabilities::engine_version},
      {"runtime", "runtime", &sandbox::Capabilities::runtime},
      {"runtime_version", "runtime's version", &sandbox::Capabilities::runtime_version},
      {"kernel", "kernel", &sandbox::Capabilities::kernel},
      {"os", "operating system", &sandbox::Capabilities::os},
      {"architecture", "architecture", &sandbox::Capabilities::architecture},
      {"cgroup_version", "cgroup version", &sandbox::Capabilities::cgroup_version},
      {"storage_driver", "storage driver", &sandbox::Capabilities::storage_driver}};
  return facts;
}

std::string SavedAttempt::how() const {
  if (outcome == Outcome::failed && exit_code) return fmt::format("failed with exit code {}", *exit_code);
  std::string words(name(outcome));
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

const SavedAttempt* SavedRun::find(int number) const {
  const auto found =
      std::lower_bound(attempts.begin(), attempts.end(), number,
                       [](const SavedAttempt& each, int wanted) { return each.number < wanted; });
  return found != attempts.end() && found->number == number ? &*found : nullptr;
}

std::vector<std::string> SavedRun::signatures_of(int number) const {
  std::vector<std::string> signatures;
  for (const SavedGroup& group : groups)
    if (std::binary_search(group.attempts.begin(), group.attempts.end(), number))
      signatures.push_back(group.signature);
  return signatures;
}

std::vector<std::string> SavedRun::failed_tests_of(int number) const {
  std::vector<std::string> ids;
  const SavedAttempt* attempt = find(number);
  if (!attempt) return ids;
  const auto column = static_cast<std::size_t>(attempt - attempts.data());
  for (const SavedTest& test : tests)
    if (column < test.outcomes.size() && is_failure(test.outcomes[column])) ids.push_back(test.id);
  return ids;
}

SavedRun read_saved_run(const json& report, const std::string& where) { return Reader(report, where).read(); }

}  // namespace orchestrator
