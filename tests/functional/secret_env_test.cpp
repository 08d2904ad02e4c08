// The value of a variable named by --secret-env is sought wherever something of a run is written or kept: all
// forms of the report, logs, progress, the event stream, the engine's view of the container while it runs and
// of all that is left, what is in its image, and the folders of the run itself. The attempt does all it can
// to let it out.
#include <fmt/format.h>

#include "attempts.h"
#include "tests/support/saved_image.h"

namespace {

using namespace testing_support;

class SecretEnv : public testing::Test {
 protected:
  // What the attempt does with it: prints it whole and in pieces, on both streams, and names a test by it.
  static constexpr const char* kLine =
      "test -n \"$TOKEN_OF_TEST\" || exit 9; "
      "printf %s \"$TOKEN_OF_TEST\" | md5sum; "
      "echo \"before $TOKEN_OF_TEST after\"; echo \"$TOKEN_OF_TEST\" >&2; "
      "printf %.9s \"$TOKEN_OF_TEST\"; sleep 0.2; printf '%s\\n' \"${TOKEN_OF_TEST#?????????}\"; "
      "printf '<testsuite name=\"s\"><testcase name=\"t %s\"><failure message=\"%s\">%s at /work/a.py:3"
      "</failure></testcase></testsuite>' \"$TOKEN_OF_TEST\" \"$TOKEN_OF_TEST\" \"$TOKEN_OF_TEST\" > "
      "made.xml; "
      "sleep 3; test $((TEST_SEED % 2)) = 0";

  Strings flags() const {
    return program_flags({"--runs",
                          "4",
                          "--seed",
                          "1",
                          "--secret-env",
                          "TOKEN_OF_TEST",
                          "--results",
                          "*.xml",
                          "--keep",
                          "--logs",
                          folder_ / "logs",
                          "--junit",
                          folder_ / "junit.xml",
                          "--ctrf",
                          folder_ / "ctrf.json",
                          "--markdown",
                          folder_ / "report.md",
                          "--html",
                          folder_ / "report.html",
                          "--code-quality",
                          folder_ / "quality.json",
                          "--step-summary",
                          folder_ / "summary",
                          "--github-annotations",
                          "-v",
                          "-v"});
  }

  ProgramOptions caller() const {
    return {.env = {"TOKEN_OF_TEST=" + secret_, "XDG_RUNTIME_DIR=" + folder_ / "runtime",
                    "TMPDIR=" + folder_ / "scratch", "HOME=" + folder_ / "home"}};
  }

  // All that the engine still tells of a run: its layers with their steps, and whatever else is there.
  static std::string engine_after(const RunResult& run) {
    std::string layers;
    for (const auto& layer : run.report.at("environment").at("image").at("layers"))
      layers += " " + layer.at("image").get<std::string>();
    return shell("docker inspect" + layers + "; for each in" + layers +
                 "; do docker history --no-trunc \"$each\"; done; docker ps -aq | xargs -r docker inspect; "
                 "docker volume ls -q | xargs -r docker volume inspect; docker network ls -q | xargs docker "
                 "network inspect; docker info");
  }

  // Names of files in our folders that hold `text`, compressed ones included.
  std::string files_with(const std::string& text) const {
    return shell("find '" + folder_.path() +
                 "' -type f -exec sh -c 'zcat -f \"$2\" | grep -qaF -e \"$1\" && "
                 "echo \"$2\"' sh '" +
                 text + "' {} \\; ; true");
  }

  TemporaryFolder folder_;
  const std::string secret_ =
      "open-sesame-" + std::filesystem::path(folder_.path()).filename().string().substr(18);
};

TEST_F(SecretEnv, IsInTheAttemptAloneAndInNothingThatIsWrittenOrKept) {
  for (const char* name : {"scratch", "home", "runtime"})
    std::filesystem::create_directories(folder_ / std::string(name));
  EngineAccount account;
  const std::string began = std::to_string(std::time(nullptr));
  BackgroundJob job(flags(), {kLine}, caller());
  const auto started = account.wait_for(job.pid(), "start", "0");
  ASSERT_TRUE(started);
  const std::string seen = shell("docker inspect " + started->container) +
                           shell("docker logs " + started->container + " 2>&1 || true");
  EXPECT_NE(seen.find(started->container), std::string::npos);
  EXPECT_EQ(seen.find(secret_), std::string::npos) << "the engine knows it while the attempt runs";
  const auto run = job.finish();
  ASSERT_EQ(run.exit_code, 1) << told(run);

  const std::string printed = run.report.at("results").at(0).at("stdout");
  EXPECT_EQ(printed.substr(0, 32), shell("printf %s " + secret_ + " | md5sum").substr(0, 32))
      << "the attempt has it: " << printed;
  EXPECT_NE(printed.find("before "), std::string::npos);
  EXPECT_TRUE(run.report.contains("tests")) << "its result files were read: " << told(run);
  EXPECT_EQ((run.report.dump() + run.out + run.err).find(secret_), std::string::npos) << told(run);

  EXPECT_NE(files_with("before "), "") << "the search must find what is there";
  EXPECT_EQ(files_with(secret_), "");
  const std::string after = engine_after(run);
  EXPECT_NE(after.find(run.report.at("environment").at("image").at("id")), std::string::npos);
  EXPECT_EQ(after.find(started->container), std::string::npos) << "it is gone";
  EXPECT_EQ(after.find(secret_), std::string::npos);
  EXPECT_EQ(shell("docker events --since " + began + " --until " + std::to_string(std::time(nullptr)))
                .find(secret_),
            std::string::npos);
  const SavedImage image(run.report.at("environment").at("image").at("id"));
  EXPECT_TRUE(image.holds("takes_lock_directory")) << "the search must find what is there";
  EXPECT_FALSE(image.holds(secret_));
}

TEST_F(SecretEnv, IsNotInTheEventStreamOrWhatAFailedSetUpSays) {
  for (const char* name : {"scratch", "home", "runtime"})
    std::filesystem::create_directories(folder_ / std::string(name));
  const auto events = orchestrator(
      [&] {
        Strings words = program_flags({"--runs", "2", "--secret-env", "TOKEN_OF_TEST", "--progress", "json"});
        words.insert(words.begin(), "run");
        words.insert(words.end(), {"--", "echo $TOKEN_OF_TEST; echo to-be-seen >&2; exit 1"});
        return words;
      }(),
      caller());
  EXPECT_EQ(events.exit_code, 3) << events.err;
  EXPECT_NE(events.err.find("attempt_finished"), std::string::npos) << events.err;
  EXPECT_EQ((events.out + events.err).find(secret_), std::string::npos) << events.err;

  const auto failed = run_line({"--runs", "1", "--secret-env", "TOKEN_OF_TEST", "--setup-command",
                                "echo no-variable-${TOKEN_OF_TEST:-here}; exit 1"},
                               "true", caller());
  EXPECT_EQ(failed.exit_code, 4) << told(failed);
  EXPECT_NE(failed.err.find("no-variable-here"), std::string::npos)
      << "an install step is not given it: " << failed.err;
}

}  // namespace
