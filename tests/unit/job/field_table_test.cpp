#include "orchestrator/job/field_table.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "orchestrator/job/text_checks.h"

namespace orchestrator {
namespace {

using nlohmann::json;

json schema() {
  std::ifstream file(SOURCE_FOLDER "/orchestrator/job/job_schema.json");
  return json::parse(file);
}

std::set<std::string> keys(const json& object) {
  std::set<std::string> names;
  for (const auto& [name, value] : object.items()) names.insert(name);
  return names;
}

std::set<std::string> as_set(const std::vector<std::string>& names) { return {names.begin(), names.end()}; }

TEST(JobSchema, HasTheFieldsOfTheTable) {
  const json s = schema();
  EXPECT_EQ(s["$schema"], "http://json-schema.org/draft-07/schema#");
  EXPECT_EQ(s["additionalProperties"], false);
  EXPECT_EQ(keys(s["properties"]), as_set(field_names(in_job)));
  const json& limits = s["properties"]["limits"];
  EXPECT_EQ(limits["additionalProperties"], false);
  EXPECT_EQ(keys(limits["properties"]), as_set(field_names(in_job, kLimits)));
}

TEST(JobSchema, NamesEveryToolchain) {
  EXPECT_EQ(as_set(schema()["properties"]["framework"]["enum"]), as_set(known_frameworks()));
}

json types_of(FieldKind kind) {
  switch (kind) {
    case FieldKind::text:
      return "string";
    case FieldKind::whole:
    case FieldKind::seed:
      return "integer";
    case FieldKind::number:
      return "number";
    case FieldKind::seconds:
      return {"number", "string"};
    case FieldKind::size:
      return {"integer", "string"};
    case FieldKind::boolean:
      return "boolean";
    case FieldKind::command:
    case FieldKind::globs:
      return {"string", "array"};
    case FieldKind::texts:
    case FieldKind::names:
      return "array";
    default:
      return "object";
  }
}

TEST(JobSchema, HasTheTypesAndBoundsOfTheTable) {
  const json properties = schema()["properties"];
  for (const auto& field : job_fields()) {
    if (!(field.places & in_job)) continue;
    const json& property =
        *field.group ? properties[field.group]["properties"][field.name] : properties[field.name];
    EXPECT_EQ(property["type"], types_of(field.kind)) << field.name;
    if (field.max == 0) continue;
    const char* least = field.kind == FieldKind::seconds ? "exclusiveMinimum" : "minimum";
    const double min = field.kind == FieldKind::seconds ? 0 : field.min;
    EXPECT_EQ(property[least].get<double>(), min) << field.name;
    EXPECT_EQ(property["maximum"].get<double>(), field.max) << field.name;
  }
}

TEST(JobSchema, HasTheDefaultsOfThePlan) {
  JobRequest request;
  request.repo = ".";
  request.test_command = TestCommand{"true", {}};
  const json plan = make_plan(request, {}, {}, PlanContext{8, 0}).to_json();
  const json properties = schema()["properties"];
  for (const char* name : {"runs", "parallelism", "auto_install_dependencies", "network", "pull"}) {
    EXPECT_EQ(properties[name]["default"], plan[name]) << name;
  }
  EXPECT_EQ(properties["timeout"]["default"], plan["limits"]["timeout_s"]);
  for (const auto& [name, property] : properties["limits"]["properties"].items()) {
    const auto& limits = plan["limits"];
    EXPECT_EQ(property["default"], limits.contains(name) ? limits[name] : limits[name + "_bytes"]) << name;
  }
}

TEST(FieldTable, NamesEachFieldOnceAndGivesBoundsASentence) {
  std::set<std::string> names, flags;
  for (const auto& field : job_fields()) {
    EXPECT_TRUE(names.insert(field.name).second) << field.name;
    const bool new_flag = !*field.flag || flags.insert(field.flag).second;
    EXPECT_TRUE(new_flag) << field.flag;
    EXPECT_EQ((field.places & on_command_line) != 0, *field.flag != 0) << field.name;
    const bool bounded = field.kind == FieldKind::whole || field.kind == FieldKind::number ||
                         field.kind == FieldKind::seconds || field.kind == FieldKind::size;
    EXPECT_EQ(bounded, field.max != 0) << field.name;
    EXPECT_TRUE(!bounded || *field.rule) << field.name;
  }
}

TEST(FieldTable, LetsARepositorySayOnlyWhatCannotLoosenAnything) {
  EXPECT_EQ(as_set(field_names(in_repository)),
            (std::set<std::string>{
                "runs", "parallelism", "timeout", "test_command", "ignore_patterns", "severity_thresholds",
                "auto_install_dependencies", "pip_install_timeout", "max_error_length", "save_full_output",
                "cleanup_on_failure", "preserve_temp_dir", "random_seed_range", "environment", "test_suites",
                "auto_trigger_on_failure", "auto_trigger_runs", "auto_trigger_parallelism", "results"}));
}

}  // namespace
}  // namespace orchestrator
