// What the output of the two trial attempts says.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "orchestrator/cli/trial.h"
#include "orchestrator/report/report.h"

namespace orchestrator {
namespace {

using Level = Finding::Level;
using Words = std::vector<std::string>;

// What a script printed as "name: value", in order; bytes of a container are not ours.
class Told {
 public:
  explicit Told(const std::string& out) : out_(to_utf8(out)) {}

  Words all(const std::string& name) const {
    Words values;
    std::istringstream lines(out_);
    for (std::string line; std::getline(lines, line);)
      if (line.starts_with(name + ": ")) values.push_back(for_terminal(line.substr(name.size() + 2, 80)));
    return values;
  }
  std::string one(const std::string& name) const {
    const Words values = all(name);
    return values.empty() ? "" : values.front();
  }
  bool says(const std::string& name, const std::string& value) const {
    const Words values = all(name);
    return std::find(values.begin(), values.end(), value) != values.end();
  }

 private:
  std::string out_;
};

// The kernel's own tunnels, down and without an address, stand in every new network namespace.
bool is_harmless(const std::string& interface) {
  constexpr std::array kNames{"lo",      "tunl0",    "gre0", "gretap0", "erspan0",
                              "ip_vti0", "ip6_vti0", "sit0", "ip6tnl0", "ip6gre0"};
  return std::find(kNames.begin(), kNames.end(), interface) != kNames.end();
}

Finding finding(bool good, const std::string& what, const std::string& text, const std::string& remedy) {
  return {good ? Level::good : Level::missing, "trial: " + what, text, good ? "" : remedy};
}

constexpr const char* kOtherEngine =
    "attempts would not be isolated here: update the engine and its runtime, or use another host";

Finding of_exit_code(const TrialSeen::Attempt& attempt) {
  const int code = attempt.result.exit ? attempt.result.exit->code : -1;
  if (code == 7) return finding(true, "exit code", "arrives", "");
  return finding(false, "exit code",
                 attempt.result.stop
                     ? "an attempt did not end within 10 s"
                     : fmt::format("an attempt that ended with 7 seemed to end with {}", code),
                 "see the engine's own log");
}

Finding of_user(const Told& told) {
  const std::string uid = told.one("Uid");
  return finding(uid == sandbox::kTestUser, "user", fmt::format("an attempt runs as uid {}", uid),
                 kOtherEngine);
}

Finding of_capabilities(const Told& told) {
  const std::string held = told.one("CapEff");
  const bool none = !held.empty() && held.find_first_not_of('0') == std::string::npos;
  return finding(none, "capabilities", none ? "none" : "an attempt holds " + held, kOtherEngine);
}

Finding of_privileges(const Told& told) {
  const bool none = told.says("NoNewPrivs", "1");
  return finding(none, "new privileges",
                 none ? "cannot be gained" : "an attempt can gain them, by sudo and its like", kOtherEngine);
}

Finding of_network(const Told& told) {
  std::string others;
  const Words interfaces = told.all("interface");
  for (const auto& interface : interfaces)
    if (!is_harmless(interface)) others += (others.empty() ? "" : ", ") + interface;
  if (interfaces.empty()) others = "unknown interfaces";
  return finding(others.empty(), "network none",
                 others.empty() ? "loopback alone" : "an attempt without network has " + others,
                 kOtherEngine);
}

constexpr const char* kMemory = "trial: memory";
constexpr const char* kPids = "trial: pids";

Finding of_memory(const Told& told) {
  const std::string status = told.one("memory");
  if (status == "127")
    return {Level::warning, kMemory, "could not be tried: the base image has no head or tail", ""};
  const bool limited = !status.empty() && status != "0";
  return finding(
      limited, "memory",
      limited ? "200 MiB do not fit into 64 MiB" : "200 MiB fitted into 64 MiB: the limit does nothing",
      "let the kernel account memory and swap: boot it with cgroup_enable=memory swapaccount=1");
}

Finding of_pids(const Told& told) {
  if (!told.says("forks", "begun"))
    return {Level::warning, kPids, "could not be tried: the base image has no sleep", ""};
  const bool limited = !told.says("forks", "all");
  return finding(limited, "pids",
                 limited ? "64 processes were not let start where 24 may"
                         : "64 processes started where 24 may: the limit does nothing",
                 "the kernel needs the pids controller of its cgroups");
}

Finding of_root(const Told& first, const Told& second) {
  if (!first.says("trace", "written"))
    return finding(false, "own root", "an attempt could not write to its root", "see the engine's own log");
  const bool gone = second.says("trace", "gone");
  return finding(gone, "own root",
                 gone ? "what an attempt writes is thrown away" : "what an attempt wrote, the next one found",
                 kOtherEngine);
}

// Why there is nothing to judge; nothing when there is.
std::optional<Finding> obstacle(const sandbox::ExecutionResult& result) {
  if (result.infrastructure)
    return Finding{Level::missing, "trial",
                   "no attempt could be run: " + for_terminal(*result.infrastructure),
                   "see the engine's own log"};
  if (result.start_failure)
    return Finding{Level::warning, "trial",
                   "could not be made on this base image: " + for_terminal(result.start_failure->message),
                   ""};
  if (!result.exit)
    return Finding{Level::missing, "trial", "nobody saw the end of an attempt", "see the engine's own log"};
  return std::nullopt;
}

}  // namespace

std::vector<Finding> judge(const TrialSeen& seen) {
  for (const auto* attempt : {&seen.first, &seen.second})
    if (auto found = obstacle(attempt->result)) return {*found};
  const Told first(seen.first.out), second(seen.second.out);
  return {of_exit_code(seen.first), of_user(first),   of_capabilities(first), of_privileges(first),
          of_network(first),        of_memory(first), of_pids(second),        of_root(first, second)};
}

std::optional<Finding> obstacle_to_attempts(const std::vector<Finding>& findings) {
  const auto found = std::find_if(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.level == Level::missing && finding.subject != kMemory && finding.subject != kPids;
  });
  return found == findings.end() ? std::nullopt : std::optional(*found);
}

}  // namespace orchestrator
