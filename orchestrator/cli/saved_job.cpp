#include "orchestrator/cli/saved_job.h"

#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/cli/job_inputs.h"
#include "orchestrator/cli/terminal.h"
#include "orchestrator/report/json_sections.h"
#include "orchestrator/report/words.h"
#include "sandbox/io/error.h"

namespace orchestrator {

JobRequest request_again(const JobPlan& plan) {
  JobRequest said;
  said.repo = plan.repo;
  said.test_command = plan.test_command;
  if (!plan.ref.empty()) said.ref = plan.ref;
  said.include = plan.include;
  said.seed = plan.job_seed;
  said.only_attempt = plan.only_attempt;
  said.network = name(plan.network);
  if (!plan.image.empty()) said.image = plan.image;
  if (!plan.dockerfile.empty()) said.dockerfile = plan.dockerfile;
  said.build_args.insert(plan.build_args.begin(), plan.build_args.end());
  return said;
}

namespace {

std::string joined_names(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

// Whoever wrote a bundle does not decide which variables of this host its command gets.
void check_bundled_secrets(const JobPlan& plan, const std::vector<std::string>& allowed,
                           const std::string& file) {
  const auto missing_in = [](const std::vector<std::string>& names, const std::vector<std::string>& list) {
    std::vector<std::string> missing;
    for (const auto& name : names)
      if (std::find(list.begin(), list.end(), name) == list.end()) missing.push_back(name);
    return missing;
  };
  if (const auto unknown = missing_in(allowed, plan.secret_env); !unknown.empty())
    throw io::RequestError(
        fmt::format("--secret-env: the run of {} had no variable {}", file, joined_names(unknown)));
  if (const auto wanted = missing_in(plan.secret_env, allowed); !wanted.empty())
    throw io::RequestError(fmt::format(
        "{}: its run had secret variables; it gets those of this host that are named: --secret-env {}", file,
        fmt::join(plan.secret_env, " --secret-env ")));
}

}  // namespace

sandbox::EnvList secrets_again(const JobPlan& plan, const std::string& file) {
  std::vector<std::string> missing;
  for (const auto& name : plan.secret_env)
    if (!environment(name.c_str())) missing.push_back(name);
  if (!missing.empty())
    throw io::RequestError(fmt::format("{}: its run had secret variables that are not set here: {}", file,
                                       joined_names(missing)));
  return gather_secrets(plan.secret_env, environment);
}

std::string job_lines(const SavedRun& saved) {
  const JobPlan& plan = saved.plan;
  const SavedEnvironment& was = saved.environment;
  const std::string source = !was.commit.empty() ? short_hash(was.commit) + (was.dirty ? ", changed" : "")
                                                 : "tree " + short_hash(was.tree_hash);
  std::string text;
  const auto line = [&](const char* label, const std::string& value) {
    if (!value.empty()) text += fmt::format("  {:<9}{}\n", label, one_line(value));
  };
  line("repo", plan.repo + " (" + source + ")");
  line("command", plan.test_command.shown());
  line("network", std::string(name(plan.network)));
  line("image", was.image.base_reference + " " + was.image.id);
  line("built by", plan.dockerfile);
  for (const auto& command : plan.setup_commands) line("set up by", command);
  line("secrets", joined_names(plan.secret_env));
  return text;
}

JobInputs bundle_inputs(const CommandLine& options, const std::string& folder) {
  JobInputs inputs;
  inputs.bundle = read_bundle(options.from_bundle, folder);
  inputs.bundle_wishes = options.bundle_wishes;
  const SavedRun& saved = inputs.bundle->saved;
  inputs.said = request_again(saved.plan);
  if (options.bundle_wishes.only_attempt) inputs.said.only_attempt = options.bundle_wishes.only_attempt;
  inputs.said.runs = options.bundle_wishes.runs;
  inputs.said.parallelism = options.bundle_wishes.parallelism;
  inputs.said.deadline_s = options.bundle_deadline_s;
  check_bundled_secrets(saved.plan, options.bundle_wishes.secret_env, options.from_bundle);
  inputs.secret_values = secrets_again(saved.plan, options.from_bundle);
  if (options.progress != ProgressMode::quiet && options.progress != ProgressMode::json)
    write_to_stderr(fmt::format("running {} again, written by orchestrator {}\n",
                                one_line(options.from_bundle),
                                one_line(inputs.bundle->origin.program_version)) +
                    job_lines(saved));
  return inputs;
}

}  // namespace orchestrator
