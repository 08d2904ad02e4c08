// Where `serve` takes what its command line leaves open.
#include "orchestrator/cli/serve_settings.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/program.h"

namespace orchestrator {
namespace {

using Words = std::vector<std::string>;

class ServeSettings : public testing::Test {
 protected:
  Words settings(Words words, const std::string& yaml = "",
                 const std::map<std::string, std::string>& variables = {}) {
    const std::string file = folder_ / "serve.yml";
    std::ofstream(file) << yaml;
    words.insert(words.end(), {"--config", file});
    errors_.clear();
    Words names;
    for (const auto& [name, value] : variables) names.push_back(name);
    const ServeFlags flags = serve_settings(
        words,
        [&](const char* name) -> std::optional<std::string> {
          const auto found = variables.find(name);
          return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
        },
        names, errors_);
    left_ = words;
    places_ = flags.places;
    return flags.words;
  }
  testing_support::TemporaryFolder folder_;
  std::vector<FieldError> errors_;
  Words left_;
  std::map<std::string, FieldError> places_;
};

TEST_F(ServeSettings, ComeFromTheFile) {
  EXPECT_EQ(settings({}, "listen: 0.0.0.0:80\njobs: 2\nallow_image: [a, b]\nallow-private-webhooks: true\n"),
            (Words{"--listen=0.0.0.0:80", "--allow-image=a", "--allow-image=b", "--allow-private-webhooks",
                   "--jobs=2"}));
  EXPECT_TRUE(errors_.empty());
  EXPECT_TRUE(left_.empty()) << "--config is taken out";
}

TEST_F(ServeSettings, AreOverruledByAVariable) {
  EXPECT_EQ(settings({}, "jobs: 2\n", {{"ORCHESTRATOR_SERVE_JOBS", "3"}}), Words{"--jobs=3"});
  EXPECT_EQ(settings({}, "", {{"ORCHESTRATOR_SERVE_ALLOW_REPO_HOST", "a.example,b.example"}}),
            (Words{"--allow-repo-host=a.example", "--allow-repo-host=b.example"}));
}

TEST_F(ServeSettings, AreOverruledByAFlag) {
  EXPECT_EQ(settings({"--jobs", "1"}, "jobs: 2\n", {{"ORCHESTRATOR_SERVE_JOBS", "3"}}), Words{});
  EXPECT_EQ(settings({"--jobs=1"}, "jobs: 2\n"), Words{});
}

TEST_F(ServeSettings, AreSwitchedOnAndOffByAnyWordForIt) {
  for (const char* on : {"true", "TRUE", "Yes", "on", "ON", "1"}) {
    EXPECT_EQ(settings({}, std::string("allow_private_webhooks: \"") + on + "\"\n"),
              Words{"--allow-private-webhooks"});
    EXPECT_EQ(settings({}, "", {{"ORCHESTRATOR_SERVE_INSECURE_ENGINE", on}}), Words{"--insecure-engine"});
    EXPECT_TRUE(errors_.empty()) << on;
  }
  for (const char* off : {"false", "False", "no", "off", "0"}) {
    EXPECT_EQ(settings({}, "", {{"ORCHESTRATOR_SERVE_INSECURE_ENGINE", off}}), Words{});
    EXPECT_TRUE(errors_.empty()) << off;
  }
  EXPECT_EQ(settings({}, "allow_private_webhooks: on\n"), Words{"--allow-private-webhooks"});
}

TEST_F(ServeSettings, AreNotOffInSilenceForAWordThatIsNone) {
  EXPECT_EQ(settings({}, "allow_private_webhooks: enabled\n"), Words{});
  ASSERT_EQ(errors_.size(), 1u);
  EXPECT_EQ(errors_[0].pointer, "allow_private_webhooks");
  EXPECT_EQ(errors_[0].message, "must be true or false, not 'enabled'");
  EXPECT_EQ(errors_[0].where, folder_ / "serve.yml");
  settings({}, "", {{"ORCHESTRATOR_SERVE_INSECURE_ENGINE", "maybe"}});
  ASSERT_EQ(errors_.size(), 1u);
  EXPECT_EQ(errors_[0].pointer, "ORCHESTRATOR_SERVE_INSECURE_ENGINE");
}

TEST_F(ServeSettings, NameTheNearestForOneThatIsNone) {
  settings({}, "lisen: 80\n");
  ASSERT_EQ(errors_.size(), 1u);
  EXPECT_EQ(errors_[0].message, "is no setting of serve; did you mean listen?");
}

TEST_F(ServeSettings, NameTheNearestForAVariableThatIsNone) {
  settings({}, "", {{"ORCHESTRATOR_SERVE_LISEN", "80"}, {"ORCHESTRATOR_RUNS", "5"}, {"HOME", "/root"}});
  ASSERT_EQ(errors_.size(), 1u);
  EXPECT_EQ(errors_[0].pointer, "ORCHESTRATOR_SERVE_LISEN");
  EXPECT_EQ(errors_[0].message, "is no setting of serve; did you mean ORCHESTRATOR_SERVE_LISTEN?");
  settings({}, "", {{"ORCHESTRATOR_SERVE_BOGUS", "1"}});
  ASSERT_EQ(errors_.size(), 1u);
  EXPECT_EQ(errors_[0].pointer, "ORCHESTRATOR_SERVE_BOGUS");
}

TEST_F(ServeSettings, AreNotWhatKubernetesTellsOfAServiceOfThatName) {
  settings({}, "",
           {{"ORCHESTRATOR_SERVE_SERVICE_HOST", "10.0.0.1"},
            {"ORCHESTRATOR_SERVE_PORT", "tcp://10.0.0.1:8080"},
            {"ORCHESTRATOR_SERVE_PORT_8080_TCP_PORT", "8080"}});
  EXPECT_TRUE(errors_.empty());
  settings({}, "", {{"ORCHESTRATOR_SERVE_PORT", "8080"}});
  EXPECT_EQ(errors_.size(), 1u);
}

TEST_F(ServeSettings, SayWhereEachWasSaid) {
  settings({}, "jobs: x\nlisten: a\n", {{"ORCHESTRATOR_SERVE_LISTEN", "b"}});
  EXPECT_EQ(places_.at("--jobs").pointer, "jobs");
  EXPECT_EQ(places_.at("--jobs").where, folder_ / "serve.yml");
  EXPECT_EQ(places_.at("--listen").pointer, "ORCHESTRATOR_SERVE_LISTEN");
  EXPECT_EQ(places_.at("--listen").where, "");
}

TEST_F(ServeSettings, RefuseAListWhereThereIsOneValue) {
  settings({}, "jobs: [1, 2]\n");
  EXPECT_EQ(errors_.size(), 1u);
}

TEST_F(ServeSettings, MissAFileThatWasNamed) {
  Words words{"--config=/does/not/exist"};
  serve_settings(
      words, [](const char*) { return std::nullopt; }, {}, errors_);
  EXPECT_EQ(errors_.size(), 1u);
}

}  // namespace
}  // namespace orchestrator
