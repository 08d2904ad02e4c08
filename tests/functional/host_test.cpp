// What the host may lack: exit 5 and a sentence that says what to do; doctor finds the same and ends with 1.
#include <sys/stat.h>

#include "attempts.h"
#include "tests/support/companion.h"
#include "tests/support/repositories.h"

namespace {

using namespace testing_support;
using Words = std::vector<std::string>;

class Host : public testing::Test {
 protected:
  Finished run(Words more = {}, ProgramOptions options = {}) const {
    Words argv{"run", "-q", "--repo", repository_.path(), "--image", kBase, "--runs", "1"};
    argv.insert(argv.end(), more.begin(), more.end());
    argv.insert(argv.end(), {"--", "true"});
    return orchestrator(argv, options);
  }

  static void expect_lack(const Finished& run, const Words& sentences) {
    EXPECT_EQ(run.exit_code, 5) << told(run);
    EXPECT_EQ(run.out, "");
    for (const auto& sentence : sentences)
      EXPECT_NE(run.err.find(sentence), std::string::npos) << sentence << "\n" << run.err;
    EXPECT_EQ(run.err.find("something broke"), std::string::npos) << run.err;
    EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
  }
  static void expect_diagnosis(const Finished& doctor, const Words& sentences) {
    EXPECT_EQ(doctor.exit_code, 1) << told(doctor);
    EXPECT_NE(doctor.out.find("This host cannot run attempts yet"), std::string::npos) << told(doctor);
    for (const auto& sentence : sentences)
      EXPECT_NE(doctor.out.find(sentence), std::string::npos) << sentence << "\n" << told(doctor);
  }
  void expect_both(const std::string& engine, const Words& sentences) const {
    expect_lack(run({"--host", engine}), sentences);
    expect_diagnosis(orchestrator({"doctor", "--host", engine}), sentences);
  }

  Repository repository_;
  TemporaryFolder folder_;
};

TEST_F(Host, ThatCanRunAttemptsIsFoundGoodByDoctor) {
  const auto doctor = orchestrator({"doctor"});
  EXPECT_EQ(doctor.exit_code, 0) << told(doctor);
  EXPECT_NE(doctor.out.find("This host can run attempts."), std::string::npos) << doctor.out;
  const auto json = nlohmann::json::parse(orchestrator({"doctor", "--json"}).out, nullptr, false);
  ASSERT_TRUE(json.is_object());
  EXPECT_EQ(json.at("able"), true);
  EXPECT_FALSE(json.at("findings").empty());
}

TEST_F(Host, WithAFullStdoutIsNotTakenForDone) {
  for (const char* words : {"--help", "run --help", "version", "images list", "doctor"}) {
    const auto run = run_command(
        {"/bin/sh", "-c", std::string("exec \"$0\" ") + words + " > /dev/full", program_under_test()});
    EXPECT_EQ(run.exit_code, 5) << words << "\n" << told(run);
    EXPECT_NE(run.err.find("stdout could not be written"), std::string::npos) << words << "\n" << run.err;
  }
}

TEST_F(Host, ThatLacksAnEngineReplacesAnOlderReport) {
  const std::string file = folder_ / "report.json";
  write_file(file, R"({"total_runs": 100, "failures": 0})");
  const auto lacking = run({"--host", "unix:///nowhere/docker.sock", "--json", file});
  EXPECT_EQ(lacking.exit_code, 5) << told(lacking);
  const auto document = nlohmann::json::parse(read_file(file));
  EXPECT_EQ(document.at("end"), "error");
  EXPECT_EQ(document.at("error").at("kind"), "host");
  EXPECT_EQ(document.at("error").at("exit_code"), 5);
}

TEST_F(Host, IsTriedByDoctorWithRealAttemptsThatLeaveNothing) {
  const auto doctor = nlohmann::json::parse(orchestrator({"doctor", "--json"}).out, nullptr, false);
  ASSERT_TRUE(doctor.is_object());
  Words tried;
  for (const auto& finding : doctor.at("findings")) {
    const std::string subject = finding.at("subject");
    if (!subject.starts_with("trial")) continue;
    tried.push_back(subject);
    EXPECT_EQ(finding.at("level"), "ok") << finding;
  }
  EXPECT_EQ(tried, (Words{"trial: exit code", "trial: user", "trial: capabilities", "trial: new privileges",
                          "trial: network none", "trial: memory", "trial: pids", "trial: own root"}));
  // Another test's doctor may be at it right now.
  EXPECT_TRUE(eventually(
      [] { return shell("docker image ls --quiet --filter label=orchestrator.kind=doctor").empty(); }));
}

TEST_F(Host, WithoutAnEngineSaysHowToGetOne) {
  expect_both("unix://" + folder_ / "nothing.sock",
              {"the socket " + folder_ / "nothing.sock" + " does not exist",
               "Install and start Docker Engine", "--host unix:///path"});
}

TEST_F(Host, WithoutAnEngineIsFoundByTheUsualVariableToo) {
  ProgramOptions options;
  options.env = {"DOCKER_HOST=unix://" + folder_ / "nothing.sock"};
  expect_lack(run({}, options), {folder_ / "nothing.sock" + " does not exist"});
  expect_diagnosis(orchestrator({"doctor"}, options), {folder_ / "nothing.sock" + " does not exist"});
}

TEST_F(Host, WhoseEngineDoesNotListenSaysSo) {
  const std::string path = folder_ / "dead.sock";
  shell("python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"" + path + "\")'");
  expect_both("unix://" + path, {"the container engine at " + path + " does not answer"});
}

TEST_F(Host, WhoseSocketIsForbiddenSaysWhichGroup) {
  const EngineSocket engine = EngineSocket::that_answers({});
  const bool root = geteuid() == 0;  // whom no mode of a file stops: it becomes somebody else below
  chmod(engine.url().substr(7).c_str(), root ? 0600 : 0);
  chmod(std::filesystem::path(engine.url().substr(7)).parent_path().c_str(), 0755);
  chmod(folder_.path().c_str(), 0777);
  const std::string binary = folder_ / "orchestrator";  // the build folder may be closed to others
  std::filesystem::copy_file(program_under_test(), binary);
  ProgramOptions options;
  options.env = {"ORCHESTRATOR_STATE=" + folder_ / "state"};
  const auto without_permission = [&](const Words& words) {
    Words argv;
    if (root) argv = {"setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"};
    argv.push_back(binary);
    argv.insert(argv.end(), words.begin(), words.end());
    return run_command(argv, options);
  };
  const Words sentences{"no permission on the engine's socket", "run as root or join the group that owns it"};
  expect_lack(without_permission({"run", "-q", "--host", engine.url(), "--repo", "/usr", "--", "true"}),
              sentences);
  expect_diagnosis(without_permission({"doctor", "--host", engine.url()}), sentences);
}

TEST_F(Host, WhoseEngineIsTooOldSaysWhichOneIsNeeded) {
  const auto engine = EngineSocket::that_answers(
      {R"(/version={"ApiVersion":"1.30","MinAPIVersion":"1.12","Version":"17.06"})"});
  expect_both(engine.url(), {"the engine is too old", "1.30", "Docker Engine 20.10 or newer"});
}

TEST_F(Host, WhoseEngineIsTooNewSaysSo) {
  const auto engine = EngineSocket::that_answers({R"(/version={"ApiVersion":"9.99","MinAPIVersion":"9.0"})"});
  expect_both(engine.url(), {"the engine speaks API 9.0 and newer only"});
}

TEST_F(Host, WhoseEngineAnswersNonsenseSaysThatItIsNoEngine) {
  const std::string good = R"(/version={"ApiVersion":"1.41","MinAPIVersion":"1.12","Version":"20.10"})";
  const std::vector<Words> engines = {{"/version=<html>hello</html>"},
                                      {"/version=[]"},
                                      {R"(/version={"ApiVersion":41})"},
                                      {"/version=7"},
                                      {"/elsewhere={}"},
                                      {good},
                                      {good, "/info=[1,2,3]"},
                                      {good, "/info=nonsense"},
                                      {good, R"(/info={"NCPU":"two"})"}};
  for (const auto& answers : engines) {
    const auto engine = EngineSocket::that_answers(answers);
    SCOPED_TRACE(answers.back());
    expect_both(engine.url(),
                {"the container engine at " + engine.url().substr(7), "is it Docker Engine 20.10 or newer?"});
  }
}

TEST_F(Host, ThatHasNoSuchBaseImageSaysHowToMakeOne) {
  const auto run = this->run({"--framework", "python"});
  EXPECT_EQ(run.exit_code, 0) << told(run);
  const auto missing =
      orchestrator({"run", "-q", "--repo", repository_.path(), "--framework", "python", "--runs", "1",
                    "--image", "registry.invalid/nobody/image:1", "--", "true"});
  expect_lack(missing, {"the base image registry.invalid/nobody/image:1 is not here and could not be fetched",
                        "orchestrator images bootstrap python"});
}

TEST_F(Host, WhoseDiskIsTooFullStartsNothing) {
  const EngineSocket engine;
  ProgramOptions options;
  options.env = {"ORCHESTRATOR_MIN_FREE=1000000g"};
  const auto run = this->run({"--host", engine.url()}, options);
  expect_lack(run, {"is too full", "at least 1000000.0 GiB and 5 % are needed", "orchestrator images list"});
  EXPECT_FALSE(engine.was_told_to_make_something()) << engine.asked();
  expect_diagnosis(orchestrator({"doctor"}, options), {"is too full"});
}

TEST_F(Host, WhoseStateFolderCannotBeMadeSaysSo) {
  write_file(folder_ / "file", "");
  ProgramOptions options;
  options.env = {"ORCHESTRATOR_STATE=" + folder_ / "file/below"};
  expect_lack(run({}, options), {"cannot make the folder " + folder_ / "file/below"});
  expect_diagnosis(orchestrator({"doctor"}, options), {"state folder", "cannot make the folder"});
}

}  // namespace
