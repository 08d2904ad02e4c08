#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/analysis/cut_text.h"
#include "orchestrator/report/html/sections.h"
#include "orchestrator/report/json_sections.h"
#include "orchestrator/report/text_sections.h"
#include "orchestrator/report/words.h"

namespace orchestrator::html {
namespace {

constexpr std::size_t kMostWarnings = 100, kMostPackages = 1000, kMostNotCounted = 200, kLongest = 500,
                      kLongestPackage = 100;

std::string text_of(const OrderedJson& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (!value.is_array()) return value.is_null() ? "" : dump(value);
  std::string text;
  for (const auto& each : value) text += (text.empty() ? "" : ", ") + text_of(each);
  return text;
}

class FactList {
 public:
  explicit FactList(Markup& page) : page_(page), list_(page.in("dl", {{"class", "environment"}})) {}
  void add(std::string_view name, const std::string& value) {
    if (value.empty()) return;
    const auto pair = page_.in("div");
    page_.element("dt", name);
    page_.element("dd", cut_text(value, kLongest));
  }

 private:
  Markup& page_;
  Markup::Element list_;
};

std::string versioned(const OrderedJson& environment, const char* what, const char* version) {
  const std::string name = text_of(environment.at(what)), number = text_of(environment.at(version));
  return name.empty() || number.empty() ? name : name + " " + number;
}

void write_facts(const Report& report, const OrderedJson& environment, Markup& page) {
  FactList facts(page);
  const OrderedJson& image = environment.at("image");
  facts.add("Commit", text_of(environment.at("commit")));
  facts.add("Ref", text_of(environment.at("ref")));
  facts.add("Tree", text_of(environment.at("tree_hash")));
  facts.add("Uncommitted changes", text_of(environment.at("dirty")));
  facts.add("Base image", text_of(image.at("base_reference")));
  if (const OrderedJson& dockerfile = environment.at("dockerfile"); !dockerfile.is_null()) {
    facts.add("Built by", text_of(dockerfile.at("builder")));
    std::string arguments;
    for (const auto& [name, value] : dockerfile.at("build_args").items())
      arguments += (arguments.empty() ? "" : ", ") + name + "=" + text_of(value);
    facts.add("Build arguments", arguments);
  }
  facts.add("Base digest", text_of(image.at("base_digest")));
  facts.add("Image", text_of(image.at("id")));
  facts.add("Toolchain",
            report.framework +
                (report.framework_found.empty() ? "" : " (found by " + report.framework_found + ")"));
  for (const auto& note : image.at("notes")) facts.add("Installed so", text_of(note));
  facts.add("Engine", versioned(environment, "engine", "engine_version"));
  facts.add("Runtime", versioned(environment, "runtime", "runtime_version"));
  facts.add("Kernel", text_of(environment.at("kernel")));
  facts.add("Architecture", text_of(environment.at("architecture")));
  facts.add("cgroup version", text_of(environment.at("cgroup_version")));
  facts.add("Storage driver", text_of(environment.at("storage_driver")));
  facts.add("Network of attempts", text_of(environment.at("network")));
  const OrderedJson& isolation = environment.at("isolation");
  facts.add("User", text_of(isolation.at("user")));
  facts.add("Capabilities",
            isolation.at("capabilities").empty() ? "none" : text_of(isolation.at("capabilities")));
  facts.add("No new privileges", text_of(isolation.at("no_new_privileges")));
  facts.add("Root file system", text_of(isolation.at("root")));
  facts.add("Kernel’s security modules", text_of(environment.at("security")));
  facts.add("Attempts at a time", std::to_string(report.plan.parallelism));
  facts.add("Intervals", report.anytime ? "anytime-valid beta mixture, 95 %" : "Clopper–Pearson, 95 %");
  facts.add("orchestrator", report.program_version);
}

std::string limit_text(const OrderedJson& limit) {
  const std::string unit = limit.at("unit");
  const OrderedJson& value = limit.at("value");
  if (value.is_null()) return "none";
  if (unit == "bytes") return size_text(value.get<std::uint64_t>());
  if (unit == "ms") return duration_text(std::chrono::milliseconds(value.get<std::int64_t>()));
  return dump(value) + " " + unit;
}

void write_limits(const char* id, const char* heading, const OrderedJson& limits, Markup& page) {
  page.element("h3", {{"id", id}}, heading);
  const auto table = page.in("table", {{"class", "plain"}, {"aria-labelledby", id}});
  {
    const auto head = page.in("thead");
    const auto row = page.in("tr");
    for (const char* title : {"Limit", "Value", "How"}) page.element("th", {{"scope", "col"}}, title);
  }
  const auto body = page.in("tbody");
  for (const auto& [name, limit] : limits.items()) {
    const auto row = page.in("tr");
    page.element("th", {{"scope", "row"}}, name);
    page.element("td", limit_text(limit));
    page.element("td", text_of(limit.at("enforcement")));
  }
}

void write_packages(const std::vector<std::string>& packages, Markup& page) {
  if (packages.empty()) return;
  const auto box = page.in("details");
  page.element("summary", counted(packages.size(), "package") + " installed");
  const auto list = page.in("ul", {{"class", "packages"}});
  for (std::size_t i = 0; i < std::min(kMostPackages, packages.size()); ++i)
    page.element("li", cut_text(packages[i], kLongestPackage));
  if (packages.size() > kMostPackages)
    page.element("li", fmt::format("and {} more", packages.size() - kMostPackages));
}

void write_warnings(const std::vector<std::string>& warnings, Markup& page) {
  if (warnings.empty()) return;
  page.element("h3", "Warnings");
  const auto list = page.in("ul", {{"class", "warnings"}});
  for (std::size_t i = 0; i < std::min(kMostWarnings, warnings.size()); ++i)
    page.element("li", cut_text(warnings[i], 2 * kLongest));
  if (warnings.size() > kMostWarnings)
    page.element("li", fmt::format("and {} more", warnings.size() - kMostWarnings));
}

std::string tries_text(const std::vector<Try>& tries) {
  std::string text;
  for (const auto& each : tries)
    text += fmt::format(" An earlier try: {}{}.", outcome_words(each.outcome),
                        each.reason.empty() ? "" : ", " + each.reason);
  return text;
}

}  // namespace

void write_not_counted(const Report& report, Markup& page) {
  const auto left_out = static_cast<std::size_t>(std::count_if(
      report.attempts.begin(), report.attempts.end(), [](const auto& each) { return !each.counted(); }));
  if (left_out == 0) return;
  const auto section = page.in("section", {{"aria-labelledby", "not-counted"}});
  page.element("h2", {{"id", "not-counted"}}, "Not counted");
  page.element("p", {{"class", "about"}},
               fmt::format("{} no evidence about the tests and in no rate.",
                           left_out == 1 ? "1 attempt is" : fmt::format("{} attempts are", left_out)));
  const auto table = page.in("table", {{"class", "plain"}, {"aria-labelledby", "not-counted"}});
  {
    const auto head = page.in("thead");
    const auto row = page.in("tr");
    for (const char* title : {"Attempt", "Outcome", "Reason"}) page.element("th", {{"scope", "col"}}, title);
  }
  const auto body = page.in("tbody");
  std::size_t shown = 0;
  for (const auto& attempt : report.attempts) {
    if (attempt.counted() || shown++ >= kMostNotCounted) continue;
    const auto row = page.in("tr");
    page.element("th", {{"scope", "row"}}, std::to_string(attempt.index));
    page.element("td", outcome_words(attempt.outcome));
    const std::string reason = attempt.reason + tries_text(attempt.earlier_tries);
    page.element("td", cut_text(reason, kLongest));
  }
  if (left_out > kMostNotCounted) {
    const auto row = page.in("tr");
    page.element("td", {{"colspan", "3"}}, fmt::format("and {} more", left_out - kMostNotCounted));
  }
}

void write_environment(const Report& report, Markup& page) {
  const auto section = page.in("section", {{"aria-labelledby", "environment"}});
  page.element("h2", {{"id", "environment"}}, "Environment");
  const OrderedJson environment = environment_json(report);
  write_warnings(report.warnings, page);
  if (!report.reproduce.empty()) write_command("Run the job again", for_terminal(report.reproduce), page);
  write_facts(report, environment, page);
  write_limits("limits", "Limits of an attempt", environment.at("limits"), page);
  if (const OrderedJson& dockerfile = environment.at("dockerfile"); !dockerfile.is_null())
    write_limits("build-limits", "Limits of the Dockerfile’s build", dockerfile.at("limits"), page);
  write_packages(report.packages, page);
}

void write_places(const Report& report, Markup& page) {
  if (report.attempts.empty()) return;
  {
    const auto section =
        page.in("section", {{"aria-labelledby", "grid"}, {"id", "grid-section"}, {"hidden", ""}});
    page.element("h2", {{"id", "grid"}},
                 report.tests.empty() ? "Every attempt" : "Every test in every attempt");
    page.element("div", {{"id", "grid-place"}}, "");
  }
  const auto section =
      page.in("section", {{"aria-labelledby", "attempts"}, {"id", "attempts-section"}, {"hidden", ""}});
  page.element("h2", {{"id", "attempts"}}, "Attempts");
  page.element("div", {{"id", "attempts-place"}}, "");
}

}  // namespace orchestrator::html
