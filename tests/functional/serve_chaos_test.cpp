// `serve` dies in the middle of everything, several times, while many clients hand in jobs: nothing that was
// accepted is lost, and nothing that has ended changes. ORCHESTRATOR_CHAOS_JOBS says how many jobs.
#include <algorithm>
#include <atomic>
#include <mutex>

#include "tests/functional/attempts.h"
#include "tests/support/serving.h"

namespace {

using namespace testing_support;
using nlohmann::json;

constexpr int kClients = 20;
constexpr int kDeaths = 3;

int jobs_wanted() {
  const char* said = std::getenv("ORCHESTRATOR_CHAOS_JOBS");
  return said ? std::stoi(said) : 40;
}

// The clients: each hands in its jobs one after another, and asks again where nobody answers.
class Clients {
 public:
  Clients(int jobs, std::uint16_t port) : port_(port) {
    const std::string body = json{{"input", quick_job(programs(), "true", 5)}}.dump();
    for (int i = 0; i < kClients; ++i)
      threads_.emplace_back([this, body, count = jobs / kClients + (i < jobs % kClients ? 1 : 0)] {
        for (int job = 0; job < count; ++job) submit(body);
      });
  }
  ~Clients() { finish(); }

  void ask_at(std::uint16_t port) { port_ = port; }
  void finish() {
    for (auto& thread : threads_)
      if (thread.joinable()) thread.join();
  }
  Strings accepted() const {
    const std::lock_guard lock(mutex_);
    return accepted_;
  }
  // Those where the server died before its answer was read: it may have taken them.
  int unanswered() const { return unanswered_; }

 private:
  void submit(const std::string& body) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(5);
    while (std::chrono::steady_clock::now() < until) {
      Wire wire(port_.load());
      if (wire.connected() && wire.send(request_text("POST", "/v2/flaky/run", body))) {
        const HttpAnswer answer = wire.answer();
        if (answer.status == 200) {
          const std::lock_guard lock(mutex_);
          accepted_.push_back(json::parse(answer.body).at("id"));
          return;
        }
        ++unanswered_;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    ADD_FAILURE() << "a client could not hand in its job";
  }

  std::atomic<std::uint16_t> port_;
  mutable std::mutex mutex_;
  Strings accepted_;  // guarded by mutex_
  std::atomic<int> unanswered_{0};
  std::vector<std::thread> threads_;
};

bool is_final(const json& status) {
  const std::string word = status.value("status", "");
  return word != "IN_QUEUE" && word != "IN_PROGRESS";
}

// What is final of these, by id.
std::map<std::string, json> final_ones(const Serving& serve, const Strings& ids) {
  std::map<std::string, json> found;
  for (const auto& id : ids)
    if (json status = serve.status(id); is_final(status)) found[id] = std::move(status);
  return found;
}

TEST(ServeChaos, EndsEachAcceptedJobOnceWhateverDies) {
  const int wanted = jobs_wanted();
  Serving serve(programs());
  Clients clients(wanted, serve.port());
  std::map<std::string, json> seen;
  Strings dead;
  for (int death = 1; death <= kDeaths; ++death) {
    const int enough = wanted * death / (kDeaths + 2);
    ASSERT_TRUE(eventually([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      return serve.got("/v2/flaky/health").at("jobs").at("completed") >= enough;
    })) << serve.log();
    seen.merge(final_ones(serve, clients.accepted()));
    dead.push_back(std::to_string(serve.pid()));
    serve.kill_now();
    serve.start();
    clients.ask_at(serve.port());
  }
  clients.finish();
  const Strings accepted = clients.accepted();
  ASSERT_EQ(accepted.size(), static_cast<std::size_t>(wanted));

  int completed = 0;
  for (const auto& id : accepted) {
    const json status = serve.ended(id);
    if (status.at("status") == "COMPLETED") {
      ++completed;
      EXPECT_EQ(status.at("output").at("total_runs"), 5) << status;
      EXPECT_EQ(json::parse(serve.get("/api/v1/jobs/" + id + "/report.json").body).at("total_runs"), 5);
    } else {
      EXPECT_EQ(status.value("error", ""), "job timed out after 1 retries") << status;
    }
  }
  // A death takes what runs, four at a time; only what it takes twice is lost.
  EXPECT_GE(completed, wanted - 4 * (kDeaths - 1));
  for (const auto& [id, status] : seen) EXPECT_EQ(serve.status(id), status) << "it had ended before";

  const json jobs = serve.got("/v2/flaky/health").at("jobs");
  const int all = jobs.at("completed").get<int>() + jobs.at("failed").get<int>() +
                  jobs.at("inProgress").get<int>() + jobs.at("inQueue").get<int>();
  EXPECT_GE(all, wanted);
  EXPECT_LE(all, wanted + clients.unanswered());
  ASSERT_TRUE(eventually([&] { return serve.got("/v2/flaky/health").at("jobs").at("inProgress") == 0; }));
  for (const auto& pid : dead)
    EXPECT_TRUE(eventually([&] { return containers_of(static_cast<pid_t>(std::stoi(pid))).empty(); }))
        << "left by a dead one";
  EXPECT_EQ(containers_of(serve.pid()), Strings{});
}

}  // namespace
