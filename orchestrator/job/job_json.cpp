// Requests and plans as JSON, for reports.
#include "orchestrator/job/field_table.h"
#include "orchestrator/job/quoted.h"

namespace orchestrator {
namespace {

using nlohmann::json;

json command_json(const TestCommand& command) {
  return command.words.empty() ? json(command.line) : json(command.words);
}

json thresholds_json(const SeverityThresholds& t) {
  return {{"critical", t.critical}, {"high", t.high}, {"medium", t.medium}, {"low", t.low}};
}

json range_json(const SeedRange& range) { return {{"min", range.min}, {"max", range.max}}; }

json suite_json(const TestSuite& suite) {
  json value = {{"name", suite.name}, {"test_command", command_json(suite.test_command)}};
  if (suite.runs) value["runs"] = *suite.runs;
  if (suite.parallelism) value["parallelism"] = *suite.parallelism;
  return value;
}

// null: not said.
struct Said {
  template <typename Value>
  json operator()(const std::optional<Value>& value) const {
    return value ? json(*value) : json();
  }
  json operator()(const std::optional<TestCommand>& value) const {
    return value ? command_json(*value) : json();
  }
  json operator()(const std::optional<SeverityThresholds>& v) const {
    return v ? thresholds_json(*v) : json();
  }
  json operator()(const std::optional<SeedRange>& value) const { return value ? range_json(*value) : json(); }
  json operator()(const std::vector<std::string>& value) const {
    return value.empty() ? json() : json(value);
  }
  json operator()(const std::map<std::string, std::string>& value) const {
    return value.empty() ? json() : json(value);
  }
  json operator()(const std::vector<TestSuite>& value) const {
    json list;
    for (const auto& suite : value) list.push_back(suite_json(suite));
    return list;
  }
};

json limits_json(const sandbox::Limits& limits) {
  return {{"memory_bytes", limits.memory_bytes},
          {"cpus", limits.cpus},
          {"pids", limits.pids},
          {"nofile", limits.nofile},
          {"tmp_bytes", limits.tmp_bytes},
          {"shm_bytes", limits.shm_bytes},
          {"disk_bytes", limits.disk_bytes},
          {"timeout_s", static_cast<double>(limits.timeout.count()) / 1000},
          {"grace_s", static_cast<double>(limits.grace.count()) / 1000},
          {"output_keep_bytes", limits.output_keep_bytes},
          {"output_stop_bytes", limits.output_stop_bytes}};
}

json variables_json(const sandbox::EnvList& env) {
  json object = json::object();
  for (const auto& [name, value] : env) object[name] = value;
  return object;
}

std::string_view name_of(sandbox::Network network) {
  switch (network) {
    case sandbox::Network::internal:
      return "internal";
    case sandbox::Network::bridge:
      return "bridge";
    default:
      return "none";
  }
}

json seconds(std::chrono::milliseconds time) { return static_cast<double>(time.count()) / 1000; }

}  // namespace

json JobRequest::to_json() const {
  json object = json::object();
  for (const auto& field : job_fields()) {
    if (field.alias) continue;
    json value = std::visit([&](auto member) { return Said()(this->*member); }, field.member);
    if (value.is_null()) continue;
    json& place = *field.group ? object[field.group] : object;
    place[field.name] = std::move(value);
  }
  if (repo) object["repo"] = without_userinfo(*repo);
  if (!warnings.empty()) object["warnings"] = warnings;
  return object;
}

json JobPlan::to_json() const {
  return {{"repo", without_userinfo(repo)},
          {"test_command", command_json(test_command)},
          {"suite", suite.empty() ? json() : json(suite)},
          {"runs", runs},
          {"parallelism", parallelism},
          {"parallelism_requested", parallelism_requested},
          {"framework", framework.empty() ? json() : json(framework)},
          {"ref", ref.empty() ? json() : json(ref)},
          {"subdir", subdir},
          {"deadline_s", deadline ? seconds(*deadline) : json()},
          {"job_seed", job_seed},
          {"random_seed_range", range_json(seed_range)},
          {"only_attempt", only_attempt ? json(*only_attempt) : json()},
          {"vary", vary},
          {"order", order},
          {"repeat_in_process", repeat_in_process},
          {"until_sure", until_sure ? json(*until_sure) : json()},
          {"only_changed", only_changed.empty() ? json() : json(only_changed)},
          {"changed_runs", changed_runs},
          {"image", image.empty() ? json() : json(image)},
          {"dockerfile", dockerfile.empty() ? json() : json(dockerfile)},
          {"build_args", variables_json(build_args)},
          {"pull", pull},
          {"setup_commands", setup_commands},
          {"auto_install_dependencies", install_dependencies},
          {"install_timeout_s", seconds(install_timeout)},
          {"network", name_of(network)},
          {"env", variables_json(env)},
          {"secret_env", secret_env},
          {"limits", limits_json(limits)},
          {"include", include},
          {"results", results},
          {"ignore_patterns", ignore_patterns},
          {"severity_thresholds", thresholds_json(severity_thresholds)},
          {"max_error_length", max_error_length},
          {"save_full_output", save_full_output},
          {"keep", keep},
          {"warnings", warnings}};
}

}  // namespace orchestrator
