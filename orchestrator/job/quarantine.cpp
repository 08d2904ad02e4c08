#include "orchestrator/job/quarantine.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "orchestrator/job/json_values.h"
#include "orchestrator/job/parse_json.h"
#include "orchestrator/job/quoted.h"
#include "orchestrator/job/read_field.h"
#include "orchestrator/job/variation.h"

namespace orchestrator {
namespace {

using nlohmann::json;

constexpr std::size_t kLargestFile = 1u << 20;
constexpr std::size_t kMostEntries = 10'000;
constexpr std::size_t kLongestTest = 1024;  // a report cuts longer ids
constexpr std::size_t kLongestNote = 1000;

std::optional<int> digits(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || text[0] == '-' || error != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

std::optional<std::chrono::sys_days> parse_day(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = digits(text.substr(0, 4)), month = digits(text.substr(5, 2)),
             day = digits(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  return date.ok() ? std::optional(std::chrono::sys_days(date)) : std::nullopt;
}

class Reader {
 public:
  explicit Reader(std::string where) { quarantine_.where = std::move(where); }

  Quarantine read(std::string_view text) {
    if (text.size() > kLargestFile)
      fail("", "is larger than 1 MiB");
    else if (const auto document = parse_json(text, errors_))
      read_document(*document);
    if (!errors_.empty()) throw InvalidJob(std::move(errors_), quarantine_.where);
    return std::move(quarantine_);
  }

 private:
  void fail(std::string pointer, std::string message) {
    errors_.push_back({std::move(pointer), std::move(message), ""});
  }

  void refuse_unknown(const json& object, const std::string& pointer, const std::vector<std::string>& known) {
    for (const auto& [key, value] : object.items())
      if (std::find(known.begin(), known.end(), key) == known.end())
        fail(below(pointer, key), "unknown field " + in_quotes(key) + did_you_mean(nearest(key, known)));
  }

  void read_document(const json& document) {
    if (!document.is_object())
      return fail("", "must be an object with version and tests, not " + kind_of(document));
    refuse_unknown(document, "", {"$schema", "version", "tests"});
    if (!document.contains("version"))
      fail("/version", "is missing; it is 1");
    else if (whole_number(document["version"]) != 1)
      fail("/version", "must be 1: this program knows no other");
    if (!document.contains("tests")) return fail("/tests", "is missing; it is a list of entries");
    const json& tests = document["tests"];
    if (!tests.is_array()) return fail("/tests", "must be a list, not " + kind_of(tests));
    if (tests.size() > kMostEntries)
      return fail("/tests", fmt::format("has more than {} entries", kMostEntries));
    for (std::size_t i = 0; i < tests.size(); ++i) read_entry(tests[i], fmt::format("/tests/{}", i));
  }

  void read_entry(const json& entry, const std::string& pointer) {
    if (!entry.is_object()) return fail(pointer, "must be an object, not " + kind_of(entry));
    refuse_unknown(entry, pointer, {"test", "max_rate", "expires", "reason", "issue"});
    KnownFlake known;
    known.test = read_text(entry, "test", pointer, kLongestTest, true);
    known.max_rate = read_rate(entry, pointer);
    known.expires = read_day(entry, pointer);
    known.reason = read_text(entry, "reason", pointer, kLongestNote, false);
    known.issue = read_text(entry, "issue", pointer, kLongestNote, false);
    if (!entry.contains("reason") && !entry.contains("issue"))
      fail(pointer, "needs a reason or an issue: why this test is put up with");
    if (known.test.empty()) return;
    if (const auto [first, fresh] = pointer_of_.try_emplace(known.test, pointer); !fresh)
      fail(pointer + "/test", in_quotes(known.test) + " stands at " + first->second + " already");
    quarantine_.tests.push_back(std::move(known));
  }

  std::string read_text(const json& entry, const char* key, const std::string& pointer, std::size_t longest,
                        bool required) {
    const std::string place = pointer + "/" + key;
    if (!entry.contains(key)) {
      if (required) fail(place, "is missing");
      return "";
    }
    if (!entry[key].is_string()) {
      fail(place, "must be a string, not " + kind_of(entry[key]));
      return "";
    }
    std::string text = entry[key];
    if (text.empty()) fail(place, "is empty");
    if (text.size() > longest) fail(place, fmt::format("is longer than {} bytes", longest));
    return text;
  }

  double read_rate(const json& entry, const std::string& pointer) {
    const std::string place = pointer + "/max_rate";
    if (!entry.contains("max_rate")) {
      fail(place, "is missing: how often the test may fail, as in 0.2 or \"20%\"");
      return 0;
    }
    const json& value = entry["max_rate"];
    std::optional<double> rate;
    if (value.is_string()) rate = parse_rate(value.get_ref<const std::string&>());
    if (value.is_number() && value.get<double>() > 0 && value.get<double>() < 1) rate = value.get<double>();
    if (!rate) fail(place, "must be more than 0 and less than 1, as in 0.2 or \"20%\"");
    return rate.value_or(0);
  }

  std::chrono::sys_days read_day(const json& entry, const std::string& pointer) {
    const std::string place = pointer + "/expires";
    if (!entry.contains("expires")) {
      fail(place, "is missing: the last day on which the entry counts, as in \"2027-01-31\"");
      return {};
    }
    const json& value = entry["expires"];
    const auto day = value.is_string() ? parse_day(value.get_ref<const std::string&>()) : std::nullopt;
    if (!day) fail(place, "must be a day as in \"2027-01-31\"");
    return day.value_or(std::chrono::sys_days{});
  }

  Quarantine quarantine_;
  std::vector<FieldError> errors_;
  std::map<std::string, std::string> pointer_of_;  // by test
};

}  // namespace

const KnownFlake* Quarantine::find(std::string_view test) const {
  const auto found =
      std::find_if(tests.begin(), tests.end(), [&](const KnownFlake& each) { return each.test == test; });
  return found == tests.end() ? nullptr : &*found;
}

Quarantine parse_quarantine(std::string_view json, const std::string& where) {
  return Reader(where).read(json);
}

std::string iso_day(std::chrono::sys_days day) {
  const std::chrono::year_month_day date(day);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

}  // namespace orchestrator
