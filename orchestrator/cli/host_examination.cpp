#include "orchestrator/cli/host_examination.h"

#include <fmt/format.h>

#include "images/toolchains/toolchain.h"
#include "orchestrator/cli/doctor_findings.h"
#include "orchestrator/cli/image_list.h"
#include "orchestrator/cli/kept_images.h"
#include "orchestrator/cli/trial.h"

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
    const images::BaseRecipe base = toolchain->bootstrap_base();
    std::string found;
    if (here(toolchain->default_base())) found = toolchain->default_base();
    if (found.empty() && here(base.reference)) found = base.reference;
    if (first.empty()) first = found;
    const std::string subject = "base image for " + toolchain->name();
    if (!found.empty())
      findings.push_back({Finding::Level::good, subject, found, ""});
    else
      findings.push_back(
          {Finding::Level::warning, subject,
           fmt::format("neither {} nor {} is here", toolchain->default_base(), base.reference),
           fmt::format("it is pulled when a registry answers; without one: orchestrator images bootstrap {}",
                       base.name)});
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

}  // namespace

std::vector<Finding> examine_host(const Program& program, Session& session,
                                  const sandbox::Capabilities& engine) {
  std::vector<Finding> findings = host_findings(engine, session.state_folder());
  findings.push_back(
      {Finding::Level::good, "images", image_sums(images_of(session), budget_of(session)), ""});
  const std::string base = add_bases(session, findings);
  add_trial(program, session, base, findings);
  return findings;
}

}  // namespace orchestrator
