#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "images/bases/bootstrap.h"
#include "images/toolchains/toolchain.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/doctor_findings.h"
#include "orchestrator/cli/terminal.h"
#include "orchestrator/cli/trial.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

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
  std::optional<Session> session;
  try {
    session.emplace(program, options);
    const auto& engine = session->open_engine();
    session->sweep_in_background();
    findings = host_findings(engine, session->state_folder());
    add_trial(program, *session, add_bases(*session, findings), findings);
    session->close_engine();
  } catch (const io::HostError& error) {
    findings.push_back(session ? no_engine(error)
                               : Finding{Finding::Level::missing, "state folder", error.what(), ""});
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
