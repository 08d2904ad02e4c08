#include "orchestrator/service/local_worker.h"

#include <gtest/gtest.h>

#include <atomic>

#include "sandbox/io/error.h"
#include "tests/support/fake_image_store.h"
#include "tests/support/fake_sandbox.h"
#include "tests/support/program.h"
#include "tests/support/skipping_loop.h"

namespace orchestrator {
namespace {

class FakeEngine : public sandbox::Engine {
 public:
  explicit FakeEngine(io::Loop& loop)
      : fake_sandbox(loop, [this](const auto&) { return program; }), fake_images(loop) {}
  sandbox::Sandbox& sandbox() override { return fake_sandbox; }
  sandbox::ImageStore& images() override { return fake_images; }
  bool idle() const override { return true; }

  testing_support::FakeProgram program;  // of every attempt
  testing_support::FakeSandbox fake_sandbox;
  sandbox::FakeImageStore fake_images;
};

// Refuses to wait for longer than it may: an error where nobody expects one.
class ImpatientLoop : public testing_support::SkippingLoop {
 public:
  std::unique_ptr<io::Timer> call_at(io::TimePoint when, std::function<void()> fn) override {
    if (when - now() > longest) throw std::runtime_error("that is too long");
    return SkippingLoop::call_at(when, std::move(fn));
  }
  io::Clock::duration longest = std::chrono::hours(1'000);
};

class LocalWorkerTest : public testing::Test {
 protected:
  explicit LocalWorkerTest(const QueueLimits& limits = {})
      : queue_(database_, limits, [this] { return now_.load(); }) {
    settings_.scratch = folder_ / "scratch";
    settings_.version = "9.9";
    settings_.admission.folders = {"/x", folder_.path()};
    host_.engine.cpus = 2;
    host_.engine.memory_bytes = 4ll << 30;
  }
  ~LocalWorkerTest() override { background_.reset(); }

  void start() {
    background_ = std::make_unique<Background>();
    worker_ = std::make_unique<LocalWorker>(loop_, *background_, engine_, host_, queue_, events_, settings_);
    queue_.on_change([this](const std::string& id) { worker_->job_changed(id); });
    worker_->start();
  }
  void submit(const std::string& id, const std::string& input) {
    Submission said;
    said.id = id;
    said.endpoint = "flaky";
    said.client = "ann";
    said.input = input;
    said.request = "{}";
    queue_.submit(said);
  }
  // The job once it has ended.
  StoredJob ended(const std::string& id) {
    bool late = false;
    const auto limit = loop_.call_after(std::chrono::seconds(30), [&] { late = true; });
    loop_.run_until([&] { return late || is_final(queue_.find(id)->state); });
    EXPECT_FALSE(late);
    return *queue_.find(id);
  }

  void forbid_changes() {
    database_.with([](SQLite::Database& connection) {
      connection.exec(
          "CREATE TRIGGER full BEFORE UPDATE OF ended ON jobs BEGIN SELECT RAISE(ABORT, 'full'); END");
    });
  }
  void allow_changes() {
    database_.with([](SQLite::Database& connection) { connection.exec("DROP TRIGGER full"); });
  }
  // Each look at the host says that it can work, whatever it has failed.
  void find_host_able() {
    settings_.look_at_host = [this] {
      ++looks_;
      worker_->set_able(true);
    };
  }
  // A job that this host alone is to blame for.
  void submit_impossible(const std::string& id) {
    testing_support::write_file(folder_ / "scratch", "a file");
    submit(id, R"({"repo":"/x","test_command":"true"})");
  }

  void let_happen_what_may() {
    bool over = false;
    const auto timer = loop_.call_after(std::chrono::milliseconds(50), [&] { over = true; });
    loop_.run_until([&] { return over; });
  }

  testing_support::TemporaryFolder folder_;
  int looks_ = 0;
  ImpatientLoop loop_;
  FakeEngine engine_{loop_};
  JobHost host_;
  Database database_{folder_ / "jobs.db"};
  std::atomic<Milliseconds> now_ = 1'000'000;
  JobQueue queue_;
  EventStore events_{database_};
  LocalWorkerSettings settings_;
  std::unique_ptr<LocalWorker> worker_;
  std::unique_ptr<Background> background_;
};

TEST_F(LocalWorkerTest, FailsAJobThatCannotBeginAndGoesOn) {
  start();
  submit("a", "no JSON at all");
  const StoredJob first = ended("a");
  EXPECT_EQ(first.state, JobState::failed);
  EXPECT_NE(first.error.find("error_message"), std::string::npos) << first.error;
  submit("b", R"({"runs":"many"})");
  EXPECT_EQ(ended("b").state, JobState::failed);
  loop_.run_until([&] { return worker_->idle(); });  // it may be asking for more
  EXPECT_EQ(worker_->budget().leased().cpus, 0);
}

TEST_F(LocalWorkerTest, FailsAJobWhoseSecretIsNotThere) {
  settings_.admission.secrets = {"TOKEN"};
  settings_.secrets = [](const auto&) -> sandbox::EnvList {
    throw io::RequestError("the environment has no variable TOKEN");
  };
  start();
  submit("a", R"({"repo":"/x","test_command":"true","secret_env":["TOKEN"]})");
  const StoredJob job = ended("a");
  EXPECT_EQ(job.state, JobState::failed);
  EXPECT_NE(job.error.find("no variable TOKEN"), std::string::npos) << job.error;
}

TEST_F(LocalWorkerTest, TakesNothingWhereItWorksOnNoJob) {
  settings_.jobs = 0;
  start();
  submit("a", "no JSON at all");
  let_happen_what_may();
  EXPECT_TRUE(worker_->idle());
  EXPECT_EQ(queue_.find("a")->state, JobState::queued);
}

TEST_F(LocalWorkerTest, TakesNothingMoreOnceItIsTold) {
  start();
  loop_.run_until([&] { return worker_->idle(); });
  worker_->take_no_more();
  submit("a", "no JSON at all");
  let_happen_what_may();
  EXPECT_EQ(queue_.find("a")->state, JobState::queued);
}

TEST_F(LocalWorkerTest, TakesNothingWhileTheHostCannotWork) {
  start();
  loop_.until([&] { return worker_->idle(); });
  worker_->set_able(false);
  submit("a", "no JSON at all");
  let_happen_what_may();
  EXPECT_EQ(queue_.find("a")->state, JobState::queued);
  worker_->set_able(true);
  EXPECT_EQ(ended("a").state, JobState::failed);
}

TEST_F(LocalWorkerTest, GivesAJobBackWhenTheHostHasFailedAndWaits) {
  int looks = 0;
  settings_.look_at_host = [&] { ++looks; };
  start();
  submit_impossible("a");
  loop_.until([&] { return looks == 1 && queue_.find("a")->state == JobState::queued; });
  submit("b", "no JSON at all");
  let_happen_what_may();
  EXPECT_EQ(queue_.find("b")->state, JobState::queued) << "it would fail for nothing";
  EXPECT_EQ(queue_.find("a")->retries, 0);
  EXPECT_EQ(looks, 1);
}

TEST_F(LocalWorkerTest, PausesBeforeItTriesAJobAgainThatItsHostHasFailedAndGoesOnWithOthers) {
  find_host_able();
  start();
  submit_impossible("a");
  loop_.until([&] { return loop_.timers_made() > 0; });  // it waits for the end of the pause
  submit("b", "no JSON at all");
  EXPECT_EQ(ended("b").state, JobState::failed);
  EXPECT_EQ(queue_.find("a")->state, JobState::queued);
  EXPECT_EQ(looks_, 1);
  now_ += 1'000;
  loop_.skip(std::chrono::seconds(1));
  loop_.until([&] { return looks_ == 2; });
}

class LocalWorkerWithoutPauses : public LocalWorkerTest {
 protected:
  LocalWorkerWithoutPauses() : LocalWorkerTest(QueueLimits{.host_pause = 0}) {}
};

TEST_F(LocalWorkerWithoutPauses, FailsAJobWhoseScratchFolderCannotBeMade) {
  start();
  submit_impossible("a");
  EXPECT_EQ(ended("a").state, JobState::failed);
}

TEST_F(LocalWorkerWithoutPauses, EndsAJobThatTheHostFailsEachTime) {
  find_host_able();
  start();
  submit_impossible("a");
  const StoredJob job = ended("a");
  EXPECT_EQ(job.state, JobState::failed);
  EXPECT_NE(job.error.find("cannot make the folder"), std::string::npos) << job.error;
  EXPECT_EQ(looks_, QueueLimits{}.host_failures + 1);
}

TEST_F(LocalWorkerTest, TellsTheEndOfAJobAgainWhenTheDatabaseTookItNot) {
  start();
  forbid_changes();
  submit("a", "no JSON at all");
  for (int tries = 1; tries <= 8; ++tries) {
    loop_.until([&] { return loop_.timers_made() >= tries; });
    EXPECT_EQ(queue_.find("a")->state, JobState::running);
    EXPECT_FALSE(worker_->idle()) << "there is something left to tell";
    if (tries == 8) allow_changes();
    loop_.skip(std::chrono::minutes(1));
  }
  EXPECT_EQ(ended("a").state, JobState::failed);
  loop_.until([&] { return worker_->idle(); });
}

TEST_F(LocalWorkerTest, DoesNotStayForADatabaseThatTakesNothing) {
  start();
  forbid_changes();
  submit("a", "no JSON at all");
  loop_.until([&] { return loop_.timers_made() == 1; });
  worker_->stop("the server stops");
  loop_.until([&] { return worker_->idle(); });
}

TEST_F(LocalWorkerTest, TellsWhoHasAJobAndThatItHasEnded) {
  start();
  submit("a", R"({"repo":"/x","test_command":"true"})");
  EXPECT_EQ(ended("a").state, JobState::failed);
  const auto told = events_.read(0, "a", 100);
  ASSERT_GE(told.size(), 2u);
  const auto begun = nlohmann::json::parse(told.front().data);
  EXPECT_EQ(told.front().type, "job_started");
  EXPECT_EQ(begun.at("worker"), "local");
  EXPECT_EQ(begun.at("request").at("repo"), "/x");
  EXPECT_EQ(told.back().type, "job_ended");
  EXPECT_EQ(nlohmann::json::parse(told.back().data).at("state"), "failed");
}

TEST_F(LocalWorkerTest, TellsWhatHasHappenedAlsoToAJobThatBreaksAsItBegins) {
  loop_.longest = std::chrono::hours(1);
  start();
  submit("a", R"({"repo":"/x","test_command":"true","deadline":7200})");
  EXPECT_NE(ended("a").error.find("that is too long"), std::string::npos) << queue_.find("a")->error;
  loop_.until([&] { return worker_->idle(); });
  const auto told = events_.read(0, "a", 100);
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].type, "job_started");
  EXPECT_EQ(told[1].type, "job_ended");
}

TEST_F(LocalWorkerTest, RemovesWhatAnEarlierHandOutHasLeftHoweverTheNextBegins) {
  settings_.reports = folder_ / "reports";
  testing_support::write_file(folder_ / "reports/a/report.html", "an earlier one's");
  testing_support::write_file(folder_ / "reports/a/logs/attempt-0000.stdout", "an earlier one's");
  testing_support::write_file(folder_ / "reports/b/report.html", "another's");
  start();
  submit("a", "no JSON at all");
  EXPECT_EQ(ended("a").state, JobState::failed);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "reports/a"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "reports/b/report.html"));
}

// ---- what jobs may name may be less than it was when they came

TEST_F(LocalWorkerTest, FailsAJobThatNamesWhatIsNoLongerAllowed) {
  settings_.secrets = [](const auto&) -> sandbox::EnvList {
    ADD_FAILURE() << "its value was asked for";
    return {};
  };
  start();
  const std::map<std::string, std::string> refused{
      {R"("image":"python:3.12")", "the image 'python:3.12' is not one that the operator allows"},
      {R"("network":"bridge")", "the network 'bridge' is not one that the operator allows"},
      {R"("secret_env":["TOKEN"])", "the variable 'TOKEN' is not one that the operator hands out"}};
  for (const auto& [field, sentence] : refused) {
    submit(field, R"({"repo":"/x","test_command":"true",)" + field + "}");
    const StoredJob job = ended(field);
    EXPECT_EQ(job.state, JobState::failed);
    EXPECT_NE(job.error.find(sentence), std::string::npos) << job.error;
  }
  submit("a", R"({"repo":"/y","test_command":"true"})");
  EXPECT_NE(ended("a").error.find("--allow-folder"), std::string::npos) << queue_.find("a")->error;
}

// Attempts of its jobs do not end by themselves, and not at once when they are told to.
class LocalWorkerAtWork : public LocalWorkerTest {
 protected:
  explicit LocalWorkerAtWork(const QueueLimits& limits = {}) : LocalWorkerTest(limits) {
    testing_support::write_file(folder_ / "project/file", "");
    host_.supervisor_file = folder_ / "supervisor";
    testing_support::write_file(host_.supervisor_file, "a program");
    engine_.fake_images.add_image("debian");
    engine_.program.takes = std::chrono::hours(1);
    engine_.program.ignores_term = true;
    settings_.admission.images = {"debian"};
  }

  void submit_endless(const std::string& id) {
    submit(id, R"({"repo":")" + folder_ / "project" +
                   R"(","test_command":"true","runs":1,"image":"debian","framework":"unknown",)" +
                   R"("timeout":7200})");
  }
  int begun() const { return static_cast<int>(engine_.fake_sandbox.started.size()); }
  // Its time ends while it runs, and somebody asks for it again before the attempt has ended.
  void retry_during_the_grace_of(const std::string& id) {
    start();
    submit_endless(id);
    loop_.until([&] { return begun() == 1 && times_told("job_started") == 1; });
    ASSERT_TRUE(queue_.finish(id, 1, JobState::timed_out, "", "the job's ttl ended while it ran"));
    ASSERT_TRUE(queue_.retry(id));
    submit("another", "no JSON at all");
    ended("another");  // this one was taken after it
    ASSERT_EQ(queue_.find(id)->epoch, 2);
  }
  void let_the_grace_pass() { loop_.skip(std::chrono::seconds(6)); }
  int times_told(const std::string& type) const {
    const auto all = events_.read(0, "", 1'000);
    return static_cast<int>(
        std::count_if(all.begin(), all.end(), [&](const auto& event) { return event.type == type; }));
  }
};

TEST_F(LocalWorkerAtWork, BeginsAJobAnewOnceItsLastHandOutHasLetGo) {
  retry_during_the_grace_of("a");
  EXPECT_EQ(engine_.fake_sandbox.running, 1);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "scratch/a-2")) << "both would write into one folder";
  engine_.program.ignores_term = false;
  let_the_grace_pass();
  loop_.until([&] { return begun() == 2; });
  EXPECT_EQ(engine_.fake_sandbox.most_running, 1);
  EXPECT_EQ(queue_.find("a")->state, JobState::running);

  queue_.cancel("a");
  loop_.until([&] { return worker_->idle(); });
  EXPECT_EQ(engine_.fake_sandbox.left, 0);
}

TEST_F(LocalWorkerAtWork, NeverBeginsAHandOutThatWasCancelledWhileItWaited) {
  retry_during_the_grace_of("a");
  queue_.cancel("a");
  let_the_grace_pass();
  loop_.until([&] { return worker_->idle(); });
  EXPECT_EQ(begun(), 1);
  EXPECT_EQ(queue_.find("a")->state, JobState::cancelled);
  EXPECT_EQ(times_told("job_started"), 1);
}

TEST_F(LocalWorkerAtWork, GivesBackWhatWaitedWhenTheServerStops) {
  retry_during_the_grace_of("a");
  worker_->stop("the server stops");
  let_the_grace_pass();
  loop_.until([&] { return worker_->idle(); });
  loop_.until([&] { return queue_.find("a")->state == JobState::queued; });
  EXPECT_EQ(begun(), 1);
}

class LocalWorkerThatTriesOnce : public LocalWorkerAtWork {
 protected:
  LocalWorkerThatTriesOnce() : LocalWorkerAtWork(QueueLimits{.host_failures = 0}) {}
};

TEST_F(LocalWorkerThatTriesOnce, FailsAJobOfWhichNoAttemptEverRanWithTheHostsReason) {
  engine_.program = {.infrastructure = "the engine is out of luck"};
  start();
  submit_endless("a");
  const StoredJob job = ended("a");
  EXPECT_EQ(job.state, JobState::failed);
  EXPECT_NE(job.error.find("the engine is out of luck"), std::string::npos) << job.error;
  EXPECT_NE(job.error.find("\"error_traceback\":\"host: "), std::string::npos) << job.error;
  EXPECT_NE(job.output.find("\"total_runs\""), std::string::npos) << "its report tells more";
}

TEST_F(LocalWorkerAtWork, HoldsTheOperatorsOwnDefaultsToNoList) {
  settings_.defaults.network = "bridge";
  start();
  submit_endless("a");
  loop_.until([&] { return begun() == 1; });
  EXPECT_EQ(queue_.find("a")->state, JobState::running);
}

}  // namespace
}  // namespace orchestrator
