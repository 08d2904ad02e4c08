// The bounds of every field, applied to what was said.
#include <algorithm>

#include "orchestrator/job/field_table.h"
#include "orchestrator/job/text_checks.h"

namespace orchestrator {
namespace {

std::string outside(const Field& field, double value) {
  // Written so that a NaN is outside.
  return value >= field.min && value <= field.max ? "" : field.rule;
}

std::string wrong_text(const Field& field, const std::vector<std::string>& texts) {
  for (const auto& text : texts) {
    const std::string sentence = field.check ? field.check(text) : "";
    if (sentence.empty()) continue;
    return sentence.rfind("must", 0) == 0 ? std::string(field.name) + " " + sentence : sentence;
  }
  return "";
}

std::string wrong_thresholds(const SeverityThresholds& t) {
  const bool ordered =
      t.low > 0 && t.medium >= t.low && t.high >= t.medium && t.critical >= t.high && t.critical <= 1;
  return ordered ? ""
                 : "severity_thresholds must fall from critical over high and medium to low, between 0 and 1";
}

std::string wrong_range(const SeedRange& range) {
  if (range.min >= 0 && range.max >= range.min) return "";
  return "random_seed_range must go from a min of at least 0 up to its max";
}

std::string wrong_suites(const std::vector<TestSuite>& suites) {
  std::vector<std::string> names;
  for (const auto& suite : suites) {
    if (std::find(names.begin(), names.end(), suite.name) != names.end()) {
      return "test_suites holds two suites of one name";
    }
    names.push_back(suite.name);
  }
  return "";
}

struct Violation {
  const Field& field;

  std::string operator()(const std::optional<std::string>& v) const {
    return v ? wrong_text(field, {*v}) : "";
  }
  std::string operator()(const std::optional<std::int64_t>& v) const {
    return v ? outside(field, static_cast<double>(*v)) : "";
  }
  std::string operator()(const std::optional<double>& v) const { return v ? outside(field, *v) : ""; }
  std::string operator()(const std::optional<TestCommand>& v) const { return v ? check_command(*v) : ""; }
  std::string operator()(const std::optional<std::vector<std::string>>& v) const {
    return v ? wrong_text(field, *v) : "";
  }
  std::string operator()(const std::vector<std::string>& v) const { return wrong_text(field, v); }
  std::string operator()(const std::map<std::string, std::string>& v) const {
    for (const auto& [name, value] : v) {
      if (auto sentence = field.check(name); !sentence.empty()) return sentence;
    }
    return "";
  }
  std::string operator()(const std::optional<SeverityThresholds>& v) const {
    return v ? wrong_thresholds(*v) : "";
  }
  std::string operator()(const std::optional<SeedRange>& v) const { return v ? wrong_range(*v) : ""; }
  std::string operator()(const std::vector<TestSuite>& v) const { return wrong_suites(v); }
  std::string operator()(const std::optional<std::uint64_t>&) const { return ""; }
  std::string operator()(const std::optional<bool>&) const { return ""; }
};

}  // namespace

std::string violation(const Field& field, const JobRequest& request) {
  return std::visit([&](auto member) { return Violation{field}(request.*member); }, field.member);
}

void forget(const Field& field, JobRequest& request) {
  std::visit([&](auto member) { request.*member = {}; }, field.member);
}

}  // namespace orchestrator
