#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "images/bases/bootstrap.h"
#include "images/toolchains/toolchain.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/finding.h"
#include "orchestrator/cli/terminal.h"
#include "orchestrator/cli/trial.h"
#include "orchestrator/run/free_space.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

std::string_view word(Finding::Level level) {
  switch (level) {
    case Finding::Level::good:
      return "ok";
    case Finding::Level::warning:
      return "warning";
    case Finding::Level::missing:
      return "missing";
  }
  return "missing";
}

Finding engine_finding(const sandbox::Capabilities& engine) {
  return {Finding::Level::good, "engine",
          fmt::format("{} {} (API {}), {} {}, cgroup v{}, {}", engine.engine, engine.engine_version,
                      engine.api_version, engine.runtime, engine.runtime_version, engine.cgroup_version,
                      engine.storage_driver),
          ""};
}

void add_limits(const sandbox::Capabilities& engine, std::vector<Finding>& findings) {
  for (const auto& [name, enforcement] : engine.limits) {
    const bool enforced = enforcement != sandbox::Enforcement::not_enforced;
    findings.push_back({enforced ? Finding::Level::good : Finding::Level::warning, "limit of " + name,
                        to_string(enforcement),
                        enforced ? "" : "the kernel or the engine lacks the controller"});
  }
}

void add_disks(const sandbox::Capabilities& engine, const std::string& state,
               std::vector<Finding>& findings) {
  const auto obstacle = disk_obstacle({engine.data_root, state});
  findings.push_back(obstacle ? Finding{Finding::Level::missing, "disk", *obstacle, "free some space"}
                              : Finding{Finding::Level::good, "disk",
                                        "enough free space for the engine and the state folder", ""});
}

void add_nofile(std::vector<Finding>& findings) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const bool enough = limit.rlim_max >= 4096;
  findings.push_back({enough ? Finding::Level::good : Finding::Level::warning, "open files",
                      fmt::format("hard limit {}", limit.rlim_max),
                      enough ? "" : "use --nofile with a smaller number"});
}

// A toolchain can be used when its base is here, by either name. Returns the first that is.
std::string add_bases(Session& session, std::vector<Finding>& findings) {
  const auto here = [&](const std::string& reference) {
    return io::await<io::Result<std::optional<sandbox::Image>>>(
               session.loop(),
               [&](auto done) { session.engine().images().inspect(reference, std::move(done)); })
        .value()
        .has_value();
  };
  std::string first;
  for (const images::Toolchain* toolchain : images::toolchains()) {
    const images::BaseRecipe* base = images::find_base(toolchain->bootstrap_base());
    const std::string bootstrapped = base ? base->reference : "";
    std::string found;
    if (here(toolchain->default_base())) found = toolchain->default_base();
    if (found.empty() && !bootstrapped.empty() && here(bootstrapped)) found = bootstrapped;
    if (first.empty()) first = found;
    const std::string subject = "base image for " + toolchain->name();
    if (!found.empty())
      findings.push_back({Finding::Level::good, subject, found, ""});
    else
      findings.push_back(
          {Finding::Level::warning, subject,
           fmt::format("neither {} nor {} is here", toolchain->default_base(), bootstrapped),
           fmt::format("it is pulled when a registry answers; without one: orchestrator images bootstrap {}",
                       toolchain->bootstrap_base())});
  }
  return first;
}

bool is_able(const std::vector<Finding>& findings) {
  return std::none_of(findings.begin(), findings.end(),
                      [](const Finding& finding) { return finding.level == Finding::Level::missing; });
}

void add_trial(const Program& program, Session& session, const std::string& base,
               std::vector<Finding>& findings) {
  if (!is_able(findings) || base.empty()) {
    findings.push_back({Finding::Level::warning, "trial",
                        base.empty() ? "no attempt was tried: no base image is here"
                                     : "no attempt was tried: something is missing",
                        base.empty() ? "make or pull one, then: orchestrator doctor" : ""});
    return;
  }
  auto tried = try_attempts(session.loop(), session.engine().sandbox(), session.engine().images(),
                            {base, program.supervisor, session.scratch(), session.run_id()});
  findings.insert(findings.end(), tried.begin(), tried.end());
}

std::vector<Finding> examine(const Program& program, const CommandLine& options) {
  std::vector<Finding> findings;
  const char* subject = "state folder";
  try {
    Session session(program, options);
    subject = "engine";
    const auto& engine = session.open_engine();
    session.sweep_in_background();
    findings.push_back(engine_finding(engine));
    for (const auto& warning : engine.warnings)
      findings.push_back({Finding::Level::warning, "engine", warning, ""});
    add_limits(engine, findings);
    add_disks(engine, session.state_folder(), findings);
    add_nofile(findings);
    add_trial(program, session, add_bases(session, findings), findings);
    session.close_engine();
  } catch (const io::HostError& error) {
    findings.push_back({Finding::Level::missing, subject, error.what(), ""});
  }
  return findings;
}

void print_json(const std::vector<Finding>& findings, bool able) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& finding : findings)
    list.push_back({{"level", word(finding.level)},
                    {"subject", finding.subject},
                    {"text", finding.text},
                    {"remedy", finding.remedy}});
  std::cout << nlohmann::json{{"able", able}, {"findings", list}}.dump(
                   2, ' ', false, nlohmann::json::error_handler_t::replace)
            << "\n";
}

}  // namespace

int doctor_command(const Program& program, const CommandLine& options) {
  const auto findings = examine(program, options);
  const bool able = is_able(findings);
  if (options.json_output) {
    print_json(findings, able);
    return able ? 0 : 1;
  }
  for (const auto& finding : findings) {
    std::cout << fmt::format("{:<8} {:<24} {}\n", word(finding.level), finding.subject, finding.text);
    if (!finding.remedy.empty()) std::cout << fmt::format("{:<33} → {}\n", "", finding.remedy);
  }
  std::cout << (able ? "This host can run attempts.\n" : "This host cannot run attempts yet; see above.\n");
  return able ? 0 : 1;
}

}  // namespace orchestrator
