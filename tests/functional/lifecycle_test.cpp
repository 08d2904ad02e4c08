// The course of a run: how many at once, what a signal, a deadline and a sudden death leave, and what it
// tells while it goes on.
#include <algorithm>

#include "tests/functional/attempts.h"

namespace {

using namespace testing_support;

// ---- how many at once

TEST(Parallelism, IsReachedAndNeverExceeded) {
  EngineAccount account;
  BackgroundJob job(program_flags({"--runs", "5", "--parallelism", "3"}), {"sleep", "5"});
  int running = 0, most = 0;
  for (int ended = 0; ended < 5;) {
    const auto event = account.next(job.pid());
    ASSERT_TRUE(event) << "the engine tells of no more attempts";
    if (event->action == "start") most = std::max(most, ++running);
    if (event->action == "die") ++ended, --running;
  }
  const auto run = job.finish();
  EXPECT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(most, 3);
}

// ---- a person stops it

// A job whose attempt 0 passes and whose attempt 1 never ends; its signal comes when that one runs.
class Stopped : public testing::Test {
 protected:
  Stopped()
      : job_(program_flags({"--runs", "3", "--parallelism", "1"}),
             {"test $ATTEMPT = 0 || exec ./sleeps_forever"}) {}

  // The partial report after this signal.
  nlohmann::json after(int signal, int exit_code) {
    EXPECT_TRUE(account_.wait_for(job_.pid(), "start", "1"));
    job_.signal(signal);
    const auto run = job_.finish();
    EXPECT_EQ(run.exit_code, exit_code) << told(run);
    EXPECT_EQ(containers_of(job_.pid()), Strings{});
    return run.report;
  }

  EngineAccount account_;
  BackgroundJob job_;
};

void expect_partial(const nlohmann::json& report) {
  ASSERT_FALSE(report.is_null());
  EXPECT_EQ(report.at("end"), "cancelled");
  EXPECT_EQ(report.at("requested_runs"), 3);
  EXPECT_EQ(report.at("total_runs"), 1);
  EXPECT_EQ(report.at("failures"), 0);
  ASSERT_EQ(report.at("not_counted").size(), 1u);
  EXPECT_EQ(report.at("not_counted").at(0).at("attempt"), 1);
  EXPECT_EQ(report.at("not_counted").at(0).at("outcome"), "cancelled");
}

TEST_F(Stopped, BySigintItSaysWhatIsKnownAndLeavesNothing) { expect_partial(after(SIGINT, 130)); }

TEST_F(Stopped, BySigtermItSaysWhatIsKnownAndLeavesNothing) { expect_partial(after(SIGTERM, 143)); }

TEST(SecondSigint, KillsWhatIgnoresTheFirst) {
  EngineAccount account;
  bool again = false;
  ProgramOptions options;
  options.on_output = [&again](pid_t pid, const Finished& told_so_far) {
    if (again || told_so_far.err.find("again to force") == std::string::npos) return;
    again = true;
    kill(pid, SIGINT);
  };
  BackgroundJob job(program_flags({"--runs", "2", "--parallelism", "1"}), {"./ignores_term"}, options);
  const auto started = account.wait_for(job.pid(), "start", "0");
  ASSERT_TRUE(started);
  // Its three processes ignore TERM once they sleep.
  ASSERT_TRUE(eventually([&] { return processes_saying(started->container, "sleep 1000") == 3; }));
  job.signal(SIGINT);
  std::set<std::string> signals;
  while (const auto event = account.next(job.pid())) {
    if (event->action == "kill") signals.insert(event->signal);
    if (event->action == "destroy") break;
  }
  const auto run = job.finish();
  EXPECT_EQ(run.exit_code, 130) << told(run);
  EXPECT_TRUE(signals.contains("9")) << "it waited for the end of the grace";
  EXPECT_EQ(run.report.at("end"), "cancelled");
  EXPECT_EQ(containers_of(job.pid()), Strings{});
}

// Ends at once whatever it is doing: here a set-up step that never ends, of a layer that is not there yet.
Finished run_endless_setup(Strings more, ProgramOptions options) {
  const std::string step = "sleep 1000000." + std::to_string(getpid());
  more.insert(more.begin(), {"run", "--setup-command", step, "--progress", "json"});
  const auto flags = program_flags({});
  more.insert(more.end(), flags.begin(), flags.end());
  more.insert(more.end(), {"--", "true"});
  return orchestrator(more, options);
}

// The data of the last of them; every line must be an event.
nlohmann::json last_event(const std::string& printed, const std::string& type) {
  std::istringstream lines(printed);
  nlohmann::json event;
  for (std::string line; std::getline(lines, line);) event = nlohmann::json::parse(line);
  EXPECT_EQ(event.at("type"), type) << printed;
  return event.at("data");
}

void expect_report_without_results(const std::string& file, const std::string& end) {
  const auto report = nlohmann::json::parse(read_file(file));
  EXPECT_EQ(report.at("end"), end);
  EXPECT_NE(report.at("end_reason"), "");
  EXPECT_EQ(report.at("verdict"), "inconclusive");
  EXPECT_EQ(report.at("results"), nlohmann::json::array());
  EXPECT_EQ(report.at("job").at("plan").at("repo"), programs());
}

TEST(Sigint, BeforeTheFirstAttemptLeavesNothing) {
  bool told_once = false;
  pid_t orchestrator_pid = -1;
  ProgramOptions options;
  options.on_output = [&](pid_t pid, const Finished& so_far) {
    orchestrator_pid = pid;
    if (told_once || so_far.err.find("layer_started") == std::string::npos) return;
    told_once = true;
    kill(pid, SIGINT);
  };
  const TemporaryFolder folder;
  const auto run = run_endless_setup({"--json", folder / "report.json"}, options);
  EXPECT_EQ(run.exit_code, 130) << told(run);
  const nlohmann::json failed = {{"kind", "cancelled"},
                                 {"message", "stopped by SIGINT before the first attempt; nothing is left"},
                                 {"exit_code", 130}};
  EXPECT_EQ(last_event(run.err, "job_failed"), failed);
  expect_report_without_results(folder / "report.json", "cancelled");
  EXPECT_EQ(containers_of(orchestrator_pid), Strings{});
}

// ---- a deadline

TEST(Deadline, BeforeTheFirstAttemptIs6) {
  pid_t pid = -1;
  const TemporaryFolder folder;
  const auto run = run_endless_setup({"--deadline", "2", "--json", folder / "report.json"},
                                     {.on_start = [&](pid_t value) { pid = value; }});
  EXPECT_EQ(run.exit_code, 6) << told(run);
  EXPECT_EQ(last_event(run.err, "job_failed").at("kind"), "deadline");
  expect_report_without_results(folder / "report.json", "deadline");
  EXPECT_EQ(containers_of(pid), Strings{});
}

// So that the deadline is spent on attempts.
void have_the_image_ready() { EXPECT_EQ(run_attempts({"--runs", "1"}, {"true"}).exit_code, 0); }

TEST(Deadline, WithoutAnyEvidenceIs6) {
  have_the_image_ready();
  const auto run =
      run_attempts({"--runs", "3", "--parallelism", "1", "--deadline", "8"}, {"./sleeps_forever"});
  EXPECT_EQ(run.exit_code, 6) << told(run);
  EXPECT_EQ(run.report.at("end"), "deadline");
  EXPECT_EQ(run.report.at("verdict"), "inconclusive");
  EXPECT_EQ(run.report.at("total_runs"), 0);
  EXPECT_EQ(run.report.at("not_counted").at(0).at("outcome"), "cancelled");
}

TEST(Deadline, LetsTheEvidenceDecide) {
  have_the_image_ready();
  const auto run = run_line({"--runs", "3", "--parallelism", "1", "--deadline", "15"},
                            "test $ATTEMPT != 0 || exit 1; exec ./sleeps_forever");
  EXPECT_EQ(run.exit_code, 3) << told(run);
  EXPECT_EQ(run.report.at("end"), "deadline");
  EXPECT_EQ(run.report.at("total_runs"), 1);
  EXPECT_EQ(run.report.at("failures"), 1);
}

// ---- it dies

bool exists(const std::string& container) {
  return run_command({"docker", "inspect", container}).exit_code == 0;
}

bool runs(const std::string& container) {
  return run_command({"docker", "inspect", "--format", "{{.State.Running}}", container}).out == "true\n";
}

TEST(SuddenDeath, LeavesWhatEndsByItselfAndIsSweptWhileTheLivingStay) {
  const TemporaryFolder state;
  EngineAccount account_of_the_dead, account_of_the_living;
  BackgroundJob living(program_flags({"--runs", "1"}), {"./sleeps_forever"});
  const auto kept = account_of_the_living.wait_for(living.pid(), "start", "0");
  ASSERT_TRUE(kept);

  BackgroundJob dead(
      flags_for(programs(), {"--no-install", "--runs", "1", "--timeout", "5", "--state-dir", state.path()}),
      {"./sleeps_forever"});
  const auto orphan = account_of_the_dead.wait_for(dead.pid(), "start", "0");
  ASSERT_TRUE(orphan);
  dead.signal(SIGKILL);
  EXPECT_EQ(dead.finish().exit_code, 128 + SIGKILL);
  EXPECT_FALSE(std::filesystem::is_empty(state / "runs"));
  // Stopped by its supervisor; or already swept, when another orchestrator of this host has just started.
  EXPECT_TRUE(account_of_the_dead.wait_for(dead.pid(), "die", "0"));

  const auto clean = orchestrator({"clean", "--state-dir", state.path()});
  EXPECT_EQ(clean.exit_code, 0) << told(clean);
  // Another orchestrator that has just started may be removing it, which an engine does one at a time.
  EXPECT_TRUE(eventually([&] { return !exists(orphan->container); }));
  EXPECT_TRUE(std::filesystem::is_empty(state / "runs"));
  EXPECT_TRUE(runs(kept->container)) << "what a living orchestrator owns was touched";

  living.signal(SIGINT);
  EXPECT_EQ(living.finish().exit_code, 130);
  EXPECT_FALSE(exists(kept->container));
}

TEST(SuddenDeath, IsSweptByTheNextRun) {
  EngineAccount account;
  BackgroundJob dead(program_flags({"--runs", "1"}), {"./sleeps_forever"});
  const auto orphan = account.wait_for(dead.pid(), "start", "0");
  ASSERT_TRUE(orphan);
  dead.signal(SIGKILL);
  dead.finish();
  const auto next = run_attempts({"--runs", "1"}, {"true"});
  EXPECT_EQ(next.exit_code, 0) << told(next);
  EXPECT_TRUE(eventually([&] { return !exists(orphan->container); }));
}

// ---- what it tells

TEST(Progress, AsJsonIsEventsInTheirOrder) {
  const TemporaryFolder folder;
  auto words = program_flags({"--runs", "3", "--progress", "json", "--json", folder / "report.json"});
  words.insert(words.begin(), "run");
  words.insert(words.end(), {"--", "./exits_3"});
  const auto run = orchestrator(words);
  EXPECT_EQ(run.exit_code, 3) << told(run);
  std::istringstream lines(run.err);
  std::map<std::string, int> types;
  std::uint64_t sequence = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto event = nlohmann::json::parse(line);
    EXPECT_EQ(event.at("seq"), ++sequence) << line;
    ++types[event.at("type")];
  }
  EXPECT_EQ(types["job_started"], 1);
  EXPECT_EQ(types["attempt_started"], 3);
  EXPECT_EQ(types["attempt_finished"], 3);
  EXPECT_EQ(types["run_finished"], 1);
}

TEST(Stdout, CarriesTheReportAndNothingElse) {
  auto words = program_flags({"--runs", "2", "--progress", "plain", "-v", "--json", "-"});
  words.insert(words.begin(), "run");
  words.insert(words.end(), {"--", "./exits_3"});
  const auto run = orchestrator(words);
  EXPECT_EQ(run.exit_code, 3) << told(run);
  EXPECT_EQ(nlohmann::json::parse(run.out).at("total_runs"), 2);
  EXPECT_FALSE(run.err.empty());
}

TEST(Log, AsJsonNamesEachCallToTheEngine) {
  auto words = program_flags({"--runs", "1", "--progress", "quiet", "-vv", "--log-format", "json"});
  words.insert(words.begin(), "run");
  words.insert(words.end(), {"--", "./exits_3"});
  const auto run = orchestrator(words);
  EXPECT_EQ(run.exit_code, 3) << told(run);
  std::istringstream lines(run.err);
  int creations = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto text = nlohmann::json::parse(line).at("text").get<std::string>();
    if (text.find("POST /containers/create") != std::string::npos) ++creations;
  }
  EXPECT_GE(creations, 1) << run.err;
}

}  // namespace
