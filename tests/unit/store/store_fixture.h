// A queue on a database file of its own, with a clock that the test moves.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "orchestrator/store/event_store.h"
#include "orchestrator/store/job_queue.h"
#include "tests/support/program.h"

namespace orchestrator {

// How a failed expectation shows a state.
inline void PrintTo(JobState state, std::ostream* out) { *out << name(state); }

using Ids = std::vector<std::string>;

class StoreTest : public testing::Test {
 protected:
  StoreTest() { open(); }

  // As a new process would, after the old one has ended somehow.
  void open() {
    queue_.reset();
    database_ = std::make_unique<Database>(file());
    queue_ = std::make_unique<JobQueue>(*database_, limits_, [this] { return now_; });
    queue_->on_change([this](const std::string& id) { told_.push_back(id); });
  }
  std::string file() const { return folder_ / "jobs.db"; }
  JobQueue& queue() { return *queue_; }
  EventStore events() { return EventStore(*database_); }

  static Submission job(const std::string& id, const std::string& client = "ann") {
    Submission said;
    said.id = id;
    said.endpoint = "flaky";
    said.client = client;
    said.input = R"({"repo":"x"})";
    said.request = R"({"repo":"x","runs":5})";
    return said;
  }
  static Submission unimportant(const std::string& id, const std::string& client = "ann") {
    Submission said = job(id, client);
    said.low_priority = true;
    return said;
  }
  void submit(const std::string& id, const std::string& client = "ann") { queue().submit(job(id, client)); }

  Ids ids_to_stop(const std::string& worker) {
    Ids ids;
    for (const HandOut& job : queue().jobs_to_stop(worker)) ids.push_back(job.id);
    return ids;
  }
  StoredJob find(const std::string& id) {
    const auto found = queue().find(id);
    if (!found) ADD_FAILURE() << "there is no job " << id;
    return found.value_or(StoredJob{});
  }
  JobState state(const std::string& id) { return find(id).state; }

  // One job for this worker, of any endpoint.
  StoredJob take(const std::string& worker = "local") {
    const auto taken = queue().take("", worker, 1);
    if (taken.empty()) ADD_FAILURE() << "there is nothing to take";
    return taken.empty() ? StoredJob{} : taken.front();
  }
  bool finish(const StoredJob& taken, JobState state = JobState::completed, const std::string& output = "1") {
    return queue().finish(taken.id, taken.epoch, state, output, "");
  }
  // A job in its final state.
  void end(const std::string& id, JobState state) {
    submit(id);
    finish(take(), state, R"({"of":")" + id + R"("})");
  }
  static Ids ids(const std::vector<StoredJob>& jobs) {
    Ids all;
    for (const auto& each : jobs) all.push_back(each.id);
    return all;
  }

  testing_support::TemporaryFolder folder_;
  QueueLimits limits_;
  Milliseconds now_ = 1'000'000'000;
  Ids told_;  // of whose change the queue has told
  std::unique_ptr<Database> database_;
  std::unique_ptr<JobQueue> queue_;
};

}  // namespace orchestrator
