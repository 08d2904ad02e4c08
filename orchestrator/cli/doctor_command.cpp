#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/doctor_findings.h"
#include "orchestrator/cli/host_examination.h"
#include "orchestrator/cli/terminal.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

std::vector<Finding> examine(const Program& program, const CommandLine& options) {
  std::vector<Finding> findings;
  std::optional<Session> session;
  try {
    session.emplace(program, options);
    const auto& engine = session->open_engine();
    session->sweep_in_background();
    findings = examine_host(program, *session, engine);
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
