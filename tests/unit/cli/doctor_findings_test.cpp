// What doctor and a worker at its start say about a host.
#include "orchestrator/cli/doctor_findings.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

using Level = Finding::Level;

Finding named(const std::vector<Finding>& findings, const std::string& subject) {
  const auto found = std::find_if(findings.begin(), findings.end(),
                                  [&](const Finding& each) { return each.subject == subject; });
  return found == findings.end() ? Finding{Level::good, "none", "", ""} : *found;
}

TEST(DoctorFindings, NameEachLimitThatDoesNothing) {
  sandbox::Capabilities engine;
  engine.engine = "docker";
  engine.limits = {{"memory", sandbox::Enforcement::not_enforced}, {"pids", sandbox::Enforcement::enforced}};
  engine.warnings = {"No swap limit support"};
  const auto findings = host_findings(engine, "");
  EXPECT_EQ(named(findings, "limit of memory").level, Level::warning);
  EXPECT_EQ(named(findings, "limit of pids").level, Level::good);
  EXPECT_EQ(named(findings, "open files").subject, "open files");
  EXPECT_EQ(sentence(named(findings, "limit of memory")),
            "warning: limit of memory: not enforced → the kernel or the engine lacks the controller");
  EXPECT_EQ(sentence(named(findings, "limit of pids")), "ok: limit of pids: enforced");
}

TEST(DoctorFindings, SayWhatToDoWithoutAnEngine) {
  const Finding finding = no_engine(io::HostError("nobody answers"));
  EXPECT_FALSE(is_able({finding}));
  EXPECT_TRUE(sentence(finding).starts_with("missing: engine: nobody answers → ")) << sentence(finding);
  EXPECT_NE(finding.remedy.find("DOCKER_HOST"), std::string::npos);
}

}  // namespace
}  // namespace orchestrator
