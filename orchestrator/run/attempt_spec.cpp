#include "orchestrator/run/attempt_spec.h"

#include <fmt/format.h>

#include "orchestrator/run/deal.h"

namespace orchestrator {
namespace {

// What seeds and probes extend, and never replace: the image's variables, a base's own among them, and the
// person's.
sandbox::EnvList said_env(const AttemptContext& context) {
  sandbox::EnvList env = context.image.env;
  for (const auto& [name, value] : context.plan.env) sandbox::set_variable(env, name, value);
  return env;
}

// In rising order of strength: what every attempt has, the image's, the seed's, the person's. A variable of
// the person's that the toolchain extended for the seed stays extended.
sandbox::EnvList attempt_env(const AttemptContext& context, int index, std::int64_t seed,
                             const sandbox::EnvList& said_before, const images::ProbeUse& probe) {
  const JobPlan& plan = context.plan;
  sandbox::EnvList env = {{"HOME", sandbox::kHomeDir},
                          {"USER", "attempt"},
                          {"LOGNAME", "attempt"},
                          {"LANG", "C.UTF-8"},
                          {"TMPDIR", "/tmp"}};
  for (const auto& [name, value] : context.image.env) sandbox::set_variable(env, name, value);
  sandbox::set_variable(env, "ATTEMPT", std::to_string(index));
  // A Python script may be what is tested where no toolchain is recognised.
  sandbox::set_variable(env, "PYTHONHASHSEED", std::to_string(static_cast<std::uint32_t>(seed)));
  for (const auto& [name, value] : plan.env) sandbox::set_variable(env, name, value);
  for (const auto& [name, value] :
       context.toolchain.seed_env_for(seed, context.packages, said_before, plan.test_command.split())) {
    const std::string* said = sandbox::find_variable(plan.env, name);
    if (!said || value.starts_with(*said)) sandbox::set_variable(env, name, value);
  }
  for (const auto& [name, value] : probe.env) sandbox::set_variable(env, name, value);
  return env;
}

}  // namespace

sandbox::AttemptSpec attempt_spec(const AttemptContext& context, int index) {
  const JobPlan& plan = context.plan;
  const std::int64_t seed = attempt_seed(plan.job_seed, static_cast<std::uint64_t>(index), plan.seed_range);
  sandbox::AttemptSpec spec;
  spec.image = context.image.id;
  spec.name = fmt::format("attempt {}", index);
  spec.labels = {{"orchestrator.run", context.run_id}, {"orchestrator.attempt", std::to_string(index)}};
  spec.execution.argv = plan.test_command.argv();
  const sandbox::EnvList said = said_env(context);
  images::ProbeUse probe = context.toolchain.use_probe(
      selection_of(context.condition, seed, plan.ignore_patterns), said, plan.test_command.split());
  spec.execution.env = attempt_env(context, index, seed, said, probe);
  spec.execution.secret_env = context.secret_values;
  spec.execution.secret_files = std::move(probe.files);
  spec.execution.workdir =
      plan.subdir.empty() ? sandbox::kWorkDir : fmt::format("{}/{}", sandbox::kWorkDir, plan.subdir);
  spec.execution.results = plan.results;
  if (plan.results.empty()) spec.execution.results = std::move(probe.results);
  spec.execution.network = plan.network;
  spec.execution.privilege = sandbox::Privilege::test;
  spec.execution.limits = plan.limits;
  return spec;
}

bool first_word_not_runnable(const TestCommand& command, int exit_code, std::string_view stderr_head) {
  if (!command.words.empty() || (exit_code != 126 && exit_code != 127)) return false;
  for (const std::string& word : command.split()) {
    const auto equals = word.find('=');
    if (equals != std::string::npos && equals > 0 && word.find('/') > equals)
      continue;  // NAME=value before it
    // "sh: 1: pytest: not found", "bash: line 1: pytest: command not found", "sh: 1: ./x: Permission denied"
    for (const char* words : {": not found", ": command not found", ": Permission denied", ": No such file"})
      if (stderr_head.find(": " + word + words) != std::string_view::npos) return true;
    return false;
  }
  return false;
}

}  // namespace orchestrator
