// The real engines that the contract is checked against.
#pragma once

#include <cstdlib>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

namespace testing_support {

struct TestEngine {
  std::string name;  // letters and digits: a part of the tests' names
  std::string url;   // as in DOCKER_HOST; empty: the host's own
};

inline std::ostream& operator<<(std::ostream& out, const TestEngine& engine) { return out << engine.name; }

// Of ORCHESTRATOR_TEST_ENGINES, as `scripts/engines start` prints it:
// "podman=unix:///run/…,trixie=unix:///…". Without the variable it is the usual one, "docker". A name without
// an address is the usual one, too: "tls" and "ssh" reach it by these (engine_ways.h).
inline std::vector<TestEngine> test_engines() {
  const char* said = std::getenv("ORCHESTRATOR_TEST_ENGINES");
  if (!said || !*said) return {{"docker", ""}};
  std::vector<TestEngine> engines;
  std::istringstream words(said);
  for (std::string word; std::getline(words, word, ',');) {
    const auto equals = word.find('=');
    engines.push_back({word.substr(0, equals), equals == std::string::npos ? "" : word.substr(equals + 1)});
  }
  return engines;
}

inline constexpr const char* kFake = "fake";

// For a suite that the fake passes, too.
inline std::vector<TestEngine> engines_and_the_fake() {
  auto engines = test_engines();
  engines.insert(engines.begin(), {kFake, ""});
  return engines;
}

// A line of shell in which the docker program speaks to that engine.
inline std::string at_engine(const TestEngine& engine, const std::string& line) {
  if (engine.name == "tls" || engine.name == "ssh")  // what the way there has put into the environment
    return "unset DOCKER_TLS_VERIFY DOCKER_CERT_PATH; " + line;
  return engine.url.empty() ? line : "export DOCKER_HOST='" + engine.url + "'; " + line;
}

}  // namespace testing_support
