// What scripts/package/compose.yml tells an engine to ask the server, asked here.
#include "tests/functional/attempts.h"
#include "tests/support/serving.h"

namespace {

using namespace testing_support;

// The command of the health check, for a server at this port.
std::vector<std::string> health_check(std::uint16_t port) {
  const auto told =
      run_command({"python3", "-c",
                   "import json, yaml; print(json.dumps(yaml.safe_load(open('" SOURCE_FOLDER
                   "/scripts/package/compose.yml'))['services']['orchestrator']['healthcheck']['test']))"});
  auto words = nlohmann::json::parse(told.out).get<std::vector<std::string>>();
  EXPECT_EQ(words.at(0), "CMD");
  words.erase(words.begin());
  for (auto& word : words) {
    EXPECT_EQ(word.find('$'), std::string::npos) << "compose would replace it";
    if (const auto at = word.find("8080"); at != std::string::npos) word.replace(at, 4, std::to_string(port));
  }
  return words;
}

TEST(Compose, FindsALivingServerHealthyAndADeadOneNot) {
  Serving serve(programs(), {});
  const auto check = health_check(serve.port());
  EXPECT_EQ(run_command(check).exit_code, 0) << run_command(check).err;
  serve.kill_now();
  EXPECT_NE(run_command(check).exit_code, 0);
}

// The image is a bare Debian with the libraries of the Dockerfile: the check may use nothing else.
TEST(Compose, AsksByWhatABareDebianHas) {
  auto check = health_check(9);  // nobody listens there
  std::vector<std::string> argv{"docker", "run",          "--rm",      "--network",
                                "none",   "--entrypoint", check.at(0), kBase};
  argv.insert(argv.end(), check.begin() + 1, check.end());
  const auto asked = run_command(argv);
  EXPECT_EQ(asked.exit_code, 1) << told(asked);
  EXPECT_NE(asked.err.find("Connection refused"), std::string::npos) << told(asked);
  for (const char* program : {"bash", "head", "grep"})
    EXPECT_EQ(run_command(
                  {"docker", "run", "--rm", "--network", "none", "--entrypoint", program, kBase, "--version"})
                  .exit_code,
              0)
        << program;
}

}  // namespace
