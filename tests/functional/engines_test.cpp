// Engines that are not behind the usual socket: by TLS and by ssh, with docker's contexts, and further ones
// that scripts/engines has started.
#include "attempts.h"
#include "tests/support/engine_ways.h"
#include "tests/support/repositories.h"
#include "tests/support/test_engines.h"

namespace {

using namespace testing_support;

bool says(const std::string& text, const std::string& words) { return text.find(words) != std::string::npos; }

// The quickest job there is, by another way than the usual one. Output, secrets and files of layers go that
// way.
class Engines : public testing::Test {
 protected:
  RunResult run(Strings flags, const Strings& env = {}) const {
    flags.insert(flags.end(), {"--runs", "2", "--secret-env", "TOKEN"});
    ProgramOptions options;
    options.env = env;
    options.env.push_back("TOKEN=s3cr3t-elsewhere");
    return run_shell(repository_,
                     "test \"$TOKEN\" = s3cr3t-elsewhere && head -c 300000 /dev/zero | tr '\\0' x",
                     std::move(flags), options);
  }
  static void expect_whole(const RunResult& run) {
    ASSERT_EQ(run.exit_code, 0) << told(run);
    EXPECT_EQ(run.report.at("failures"), 0) << told(run);
    EXPECT_EQ(run.report.at("total_runs"), 2);
    for (const auto& attempt : run.report.at("results"))
      EXPECT_EQ(attempt.at("truncated").at("stdout").at("total_bytes"), 300'000)
          << attempt.dump().substr(0, 500);
  }
  static void expect_far(const RunResult& run) {
    EXPECT_TRUE(says(run.report.at("warnings").dump(), "on another host")) << run.report.at("warnings");
  }

  Repository repository_;
};

// ---- TCP

class EnginesOverTls : public Engines {
 protected:
  TlsWay way_;
};

TEST_F(EnginesOverTls, RunAttempts) {
  const RunResult run = this->run({"--host", way_.url()}, way_.env());
  expect_whole(run);
  expect_far(run);
  const Finished doctor = orchestrator({"doctor", "--host", way_.url()}, ProgramOptions{.env = way_.env()});
  EXPECT_EQ(doctor.exit_code, 0) << told(doctor);
}

TEST_F(EnginesOverTls, AreFoundByDoctorThroughAContextOfTheDockerProgram) {
  const TemporaryFolder config;
  const std::string files = way_.files("mine");
  ProgramOptions options;
  options.env = {"DOCKER_CONFIG=" + config.path(), "DOCKER_HOST="};
  const std::string material =
      ",ca=" + files + "/ca.pem,cert=" + files + "/cert.pem,key=" + files + "/key.pem";
  ASSERT_EQ(run_command({"docker", "context", "create", "far", "--docker", "host=" + way_.url() + material},
                        options)
                .exit_code,
            0);
  for (const Strings& words : {Strings{"doctor", "--context", "far"}, Strings{"doctor"}}) {
    const Finished doctor = orchestrator(words, options);
    EXPECT_EQ(doctor.exit_code, 0) << told(doctor);
    EXPECT_TRUE(says(doctor.out, "over TLS")) << told(doctor);
    ASSERT_EQ(run_command({"docker", "context", "use", "far"}, options).exit_code, 0);
  }
  const Finished lost = orchestrator({"doctor", "--context", "near"}, options);
  EXPECT_EQ(lost.exit_code, 2) << told(lost);
  EXPECT_TRUE(says(lost.err, "no docker context 'near'")) << told(lost);
}

TEST_F(EnginesOverTls, TellWhatTheyAndWeDoNotAcceptOfEachOther) {
  const RunResult nameless = run({"--host", way_.url()}, way_.env_with("nameless"));
  EXPECT_EQ(nameless.exit_code, 5) << told(nameless);
  EXPECT_TRUE(says(nameless.err, "no certificate of our own (cert.pem, key.pem) was found"))
      << told(nameless);
  const RunResult fooled = run({"--host", way_.url()}, way_.env_with("fooled"));
  EXPECT_EQ(fooled.exit_code, 5) << told(fooled);
  EXPECT_TRUE(says(fooled.err, "signed by " + way_.files("fooled") + "/ca.pem")) << told(fooled);
}

TEST_F(Engines, OverPlainTcpRunAttemptsOnlyWhereSomebodyInsists) {
  const Companion proxy({"python3", source_path("tests/support/engine_proxy.py"), kEngineSocket});
  const std::string url = "tcp://127.0.0.1:" + proxy.first_line();
  const Strings plain{"DOCKER_TLS_VERIFY=", "DOCKER_TLS=", "DOCKER_CERT_PATH="};
  const RunResult refused = run({"--host", url}, plain);
  EXPECT_EQ(refused.exit_code, 2) << told(refused);
  EXPECT_TRUE(says(refused.err, "--insecure-engine")) << told(refused);
  const RunResult insisted = run({"--host", url, "--insecure-engine"}, plain);
  expect_whole(insisted);
  EXPECT_TRUE(says(insisted.report.at("warnings").dump(), "plain TCP")) << insisted.report.at("warnings");
}

// ---- ssh

class EnginesOverSsh : public Engines {
 protected:
  void expect_nothing_left() const {
    EXPECT_TRUE(std::filesystem::is_empty(way_.temporary().path()));
    EXPECT_TRUE(eventually([&] {
      return run_command({"pgrep", "-f", way_.temporary() / "orchestrator-ssh"}).exit_code != 0;
    })) << "a process of ssh is left";
  }
  void expect_lack(const std::string& host, const std::string& words) const {
    const RunResult run = this->run({"--host", host}, way_.env());
    EXPECT_EQ(run.exit_code, 5) << told(run);
    EXPECT_TRUE(says(run.err, words)) << told(run);
    expect_nothing_left();
  }

  SshWay way_;
};

TEST_F(EnginesOverSsh, RunAttempts) {
  const RunResult run = this->run({"--host", "ssh://engine"}, way_.env());
  expect_whole(run);
  expect_far(run);
  const Finished doctor =
      orchestrator({"doctor", "--host", "ssh://engine"}, ProgramOptions{.env = way_.env()});
  EXPECT_EQ(doctor.exit_code, 0) << told(doctor);
  expect_nothing_left();
}

TEST_F(EnginesOverSsh, NameTheirSocketOverThere) {
  const TemporaryFolder folder;
  std::filesystem::create_symlink(kEngineSocket, folder / "it's the engine.sock");
  const RunResult run = this->run({"--host", "ssh://engine" + folder / "it's the engine.sock"}, way_.env());
  expect_whole(run);
}

// Past sshd's MaxSessions each further session is a connection of its own.
TEST_F(EnginesOverSsh, ServeMoreAttemptsThanOneConnectionCarries) {
  const RunResult run =
      run_shell(repository_, "sleep 1", {"--host", "ssh://engine", "--runs", "8", "--parallelism", "8"},
                {.env = way_.env()});
  EXPECT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(run.report.at("total_runs"), 8);
  expect_nothing_left();
}

TEST_F(EnginesOverSsh, TellWhatSshSays) {
  expect_lack("ssh://stranger", "Host key verification failed");
  expect_lack("ssh://nobody", "Permission denied");
  expect_lack("ssh://engine/nowhere/docker.sock", "no such file or directory");
  expect_lack("ssh://nowhere.invalid", "nowhere.invalid");
}

// ---- further engines

class FurtherEngines : public Engines, public testing::WithParamInterface<TestEngine> {
 protected:
  Strings host() const { return GetParam().url.empty() ? Strings{} : Strings{"--host", GetParam().url}; }
  Strings here(Strings words) const {
    const Strings host = this->host();
    words.insert(words.end(), host.begin(), host.end());
    return words;
  }
};

TEST_P(FurtherEngines, AreFoundGoodByDoctorAndRunAttempts) {
  const Finished doctor = orchestrator(here({"doctor"}));
  EXPECT_EQ(doctor.exit_code, 0) << told(doctor);
  EXPECT_TRUE(says(doctor.out, "This host can run attempts.")) << told(doctor);
  expect_whole(run(host()));
}

TEST_P(FurtherEngines, BuildByARepositorysOwnDockerfile) {
  Repository repository;
  repository.copy_sample("own_dockerfile");
  const RunResult run =
      run_job(here({"--repo", repository.path(), "--dockerfile", "Dockerfile", "--build-arg",
                    "GREETING=over there", "--runs", "2", "--state-dir", state_folder()}),
              {"cat", "/greeting"});
  ASSERT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(built_layers(run), (Strings{"dockerfile", "tools", "sources", "seal"}));
  EXPECT_EQ(stdout_of(run), "hello over there\n");
  // What it limits is said, whatever that is.
  for (const auto& [name, limit] : run.report.at("environment").at("dockerfile").at("limits").items())
    EXPECT_NE(limit.value("enforcement", ""), "") << name;
}

// One engine makes the bundle, the other has nothing of it.
TEST_P(FurtherEngines, RunWhatTheHostsEngineGaveAwayAndTheOtherWayRound) {
  Repository repository;
  std::filesystem::copy_file(source_path("tests/programs/fails_by_seed"), repository.path() + "/check");
  const TemporaryFolder files;
  const auto bundled = [&](const std::string& name, const Strings& host) {
    Strings flags =
        flags_for(repository.path(), {"--no-install", "--runs", "8", "--seed", "1", "--bundle", files / name,
                                      "--setup-command", "echo " + name + " of " + repository.path()});
    flags.insert(flags.end(), host.begin(), host.end());
    return run_job(flags, {"./check"});
  };
  const auto again = [&](const std::string& name, const Strings& host) {
    const std::string report = files / name + ".json";
    Strings words{"run", "--from-bundle", files / name, "--json", report, "--progress", "plain"};
    words.insert(words.end(), host.begin(), host.end());
    RunResult run;
    static_cast<Finished&>(run) = orchestrator(words);
    if (std::filesystem::exists(report)) run.report = nlohmann::json::parse(read_file(report));
    return run;
  };
  const bool elsewhere = !GetParam().url.empty();
  const auto expect_same = [&](const RunResult& then, const RunResult& now) {
    ASSERT_EQ(then.exit_code, 1) << told(then);
    ASSERT_EQ(now.exit_code, 1) << told(now);
    const auto& is = now.report.at("results");
    ASSERT_EQ(is.size(), then.report.at("results").size());
    for (std::size_t i = 0; i < is.size(); ++i)
      for (const char* key : {"attempt", "seed", "outcome", "exit_code", "stdout", "stderr", "condition"})
        EXPECT_EQ(is[i].at(key), then.report.at("results")[i].at(key)) << i << " " << key;
    EXPECT_EQ(says(now.report.at("bundle").at("differences").dump(), "engine"), elsewhere) << told(now);
  };
  const auto ours = bundled("ours", {});
  expect_same(ours, again("ours", host()));
  const auto theirs = bundled("theirs", host());
  expect_same(theirs, again("theirs", {}));
}

INSTANTIATE_TEST_SUITE_P(Engines, FurtherEngines, testing::ValuesIn(test_engines()),
                         [](const auto& engine) { return engine.param.name; });

}  // namespace
