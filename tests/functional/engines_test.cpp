// Engines that are not behind the usual socket: by TLS and by ssh, with docker's contexts, and further ones
// that scripts/engines has started.
#include "attempts.h"
#include "tests/support/companion.h"
#include "tests/support/repositories.h"
#include "tests/support/test_engines.h"

namespace {

using namespace testing_support;

constexpr const char* kSocket = "/var/run/docker.sock";

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

// An authority, and what it has signed for an engine on localhost and for a client; and another authority.
class Certificates {
 public:
  Certificates() {
    authority("ca");
    authority("other");
    signed_by("ca", "server", "subjectAltName=DNS:localhost,IP:127.0.0.1");
    signed_by("ca", "client", "extendedKeyUsage=clientAuth");
    std::filesystem::create_directory(folder_ / "mine");
    hand("ca.pem", "mine/ca.pem");
    hand("client.pem", "mine/cert.pem");
    hand("client.key", "mine/key.pem");
    std::filesystem::create_directory(folder_ / "nameless");
    hand("ca.pem", "nameless/ca.pem");
    std::filesystem::create_directory(folder_ / "fooled");
    hand("other.pem", "fooled/ca.pem");
    hand("client.pem", "fooled/cert.pem");
    hand("client.key", "fooled/key.pem");
  }
  std::string operator/(const std::string& name) const { return folder_ / name; }

 private:
  static std::string new_key(const std::string& file) {
    return " -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout " + file;
  }
  void authority(const std::string& name) const {
    shell("openssl req -x509 -days 2 -subj /CN=" + name + new_key(folder_ / (name + ".key")) + " -out " +
          folder_ / (name + ".pem") + " 2>&1");
  }
  void signed_by(const std::string& ca, const std::string& name, const std::string& extension) const {
    const std::string at = folder_ / name;
    write_file(at + ".ext", extension + "\n");
    shell("openssl req -subj /CN=" + name + new_key(at + ".key") + " -out " + at +
          ".csr 2>&1 && openssl x509 -req "
          "-days 2 -in " +
          at + ".csr -CA " + folder_ / (ca + ".pem") + " -CAkey " + folder_ / (ca + ".key") +
          " -CAcreateserial -extfile " + at + ".ext -out " + at + ".pem 2>&1");
  }
  void hand(const std::string& from, const std::string& to) const {
    std::filesystem::copy_file(folder_ / from, folder_ / to);
  }

  TemporaryFolder folder_;
};

class EnginesOverTls : public Engines {
 protected:
  std::string url() const { return "tcp://localhost:" + proxy_.first_line(); }
  Strings by(const std::string& folder) const {
    return {"DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=" + certificates_ / folder};
  }

  Certificates certificates_;
  Companion proxy_{{"python3", source_path("tests/support/engine_proxy.py"), kSocket,
                    certificates_ / "ca.pem", certificates_ / "server.pem", certificates_ / "server.key"}};
};

TEST_F(EnginesOverTls, RunAttempts) {
  const RunResult run = this->run({"--host", url()}, by("mine"));
  expect_whole(run);
  expect_far(run);
  const Finished doctor = orchestrator({"doctor", "--host", url()}, ProgramOptions{.env = by("mine")});
  EXPECT_EQ(doctor.exit_code, 0) << told(doctor);
}

TEST_F(EnginesOverTls, AreFoundByDoctorThroughAContextOfTheDockerProgram) {
  const TemporaryFolder config;
  const std::string files = certificates_ / "mine";
  ProgramOptions options;
  options.env = {"DOCKER_CONFIG=" + config.path(), "DOCKER_HOST="};
  const std::string material =
      ",ca=" + files + "/ca.pem,cert=" + files + "/cert.pem,key=" + files + "/key.pem";
  ASSERT_EQ(
      run_command({"docker", "context", "create", "far", "--docker", "host=" + url() + material}, options)
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
  const RunResult nameless = run({"--host", url()}, by("nameless"));
  EXPECT_EQ(nameless.exit_code, 5) << told(nameless);
  EXPECT_TRUE(says(nameless.err, "no certificate of our own (cert.pem, key.pem) was found"))
      << told(nameless);
  const RunResult fooled = run({"--host", url()}, by("fooled"));
  EXPECT_EQ(fooled.exit_code, 5) << told(fooled);
  EXPECT_TRUE(says(fooled.err, "signed by " + certificates_ / "fooled/ca.pem")) << told(fooled);
}

TEST_F(Engines, OverPlainTcpRunAttemptsOnlyWhereSomebodyInsists) {
  const Companion proxy({"python3", source_path("tests/support/engine_proxy.py"), kSocket});
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
  Strings env() const {
    const std::string path = std::getenv("PATH");
    return {"PATH=" + server_folder_ / "bin" + ":" + path, "TMPDIR=" + temporary_.path()};
  }
  void expect_nothing_left() const {
    EXPECT_TRUE(std::filesystem::is_empty(temporary_.path()));
    EXPECT_TRUE(eventually([&] {
      return run_command({"pgrep", "-f", temporary_ / "orchestrator-ssh"}).exit_code != 0;
    })) << "a process of ssh is left";
  }
  void expect_lack(const std::string& host, const std::string& words) const {
    const RunResult run = this->run({"--host", host}, env());
    EXPECT_EQ(run.exit_code, 5) << told(run);
    EXPECT_TRUE(says(run.err, words)) << told(run);
    expect_nothing_left();
  }

  TemporaryFolder server_folder_, temporary_;
  Companion server_{{"python3", source_path("tests/support/ssh_server.py"), server_folder_.path()}};
};

TEST_F(EnginesOverSsh, RunAttempts) {
  const RunResult run = this->run({"--host", "ssh://engine"}, env());
  expect_whole(run);
  expect_far(run);
  const Finished doctor = orchestrator({"doctor", "--host", "ssh://engine"}, ProgramOptions{.env = env()});
  EXPECT_EQ(doctor.exit_code, 0) << told(doctor);
  expect_nothing_left();
}

TEST_F(EnginesOverSsh, NameTheirSocketOverThere) {
  const TemporaryFolder folder;
  std::filesystem::create_symlink(kSocket, folder / "it's the engine.sock");
  const RunResult run = this->run({"--host", "ssh://engine" + folder / "it's the engine.sock"}, env());
  expect_whole(run);
}

// Past sshd's MaxSessions each further session is a connection of its own.
TEST_F(EnginesOverSsh, ServeMoreAttemptsThanOneConnectionCarries) {
  const RunResult run =
      run_shell(repository_, "sleep 1", {"--host", "ssh://engine", "--runs", "8", "--parallelism", "8"},
                {.env = env()});
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

class FurtherEngines : public Engines, public testing::WithParamInterface<TestEngine> {};

TEST_P(FurtherEngines, AreFoundGoodByDoctorAndRunAttempts) {
  const Strings host = GetParam().url.empty() ? Strings{} : Strings{"--host", GetParam().url};
  Strings words{"doctor"};
  words.insert(words.end(), host.begin(), host.end());
  const Finished doctor = orchestrator(words);
  EXPECT_EQ(doctor.exit_code, 0) << told(doctor);
  EXPECT_TRUE(says(doctor.out, "This host can run attempts.")) << told(doctor);
  expect_whole(run(host));
}

INSTANTIATE_TEST_SUITE_P(Engines, FurtherEngines, testing::ValuesIn(test_engines()),
                         [](const auto& engine) { return engine.param.name; });

}  // namespace
