// The last event of a job, however it ends.
#include <functional>
#include <map>

#include "tests/unit/store/store_fixture.h"

namespace orchestrator {
namespace {

class JobEnds : public StoreTest {
 protected:
  // What the ends of a job have said, each.
  Ids ends_of(const std::string& id) {
    Ids ends;
    for (const auto& event : events().read(0, id, 100))
      if (event.type == "job_ended") ends.push_back(event.data);
    return ends;
  }
  static std::string said(JobState state, const std::string& error = "") {
    const std::string quoted = error.empty() ? "" : R"(,"error":")" + error + "\"";
    return R"({"state":")" + std::string(name(state)) + "\"" + quoted + "}";
  }
  void submit_for(const std::string& id, Milliseconds ttl, Milliseconds execution_timeout) {
    Submission said = job(id);
    said.ttl = ttl;
    said.execution_timeout = execution_timeout;
    queue().submit(said);
  }
};

TEST_F(JobEnds, AreToldOnceWhoeverBringsThemAbout) {
  struct Way {
    std::function<void()> end;
    std::string told;
  };
  const std::string lost = "job timed out after 1 retries";
  const std::map<std::string, Way> ways{
      {"completed",
       {[&] {
          submit("completed");
          finish(take());
        },
        said(JobState::completed)}},
      {"failed",
       {[&] {
          submit("failed");
          queue().finish("failed", take().epoch, JobState::failed, "", "no");
        },
        said(JobState::failed, "no")}},
      {"refused",
       {[&] {
          Submission refused = job("refused");
          refused.error = "no such thing";
          queue().submit(refused);
        },
        said(JobState::failed, "no such thing")}},
      {"cancelled while it waits",
       {[&] {
          submit("cancelled while it waits");
          queue().cancel("cancelled while it waits");
          queue().cancel("cancelled while it waits");
        },
        said(JobState::cancelled)}},
      {"cancelled while it runs",
       {[&] {
          submit("cancelled while it runs");
          const StoredJob taken = take();
          queue().cancel("cancelled while it runs");
          finish(taken);
        },
        said(JobState::cancelled)}},
      {"purged",
       {[&] {
          submit("purged");
          queue().purge("flaky", "");
        },
        said(JobState::cancelled)}},
      {"waited too long",
       {[&] {
          submit_for("waited too long", 10'000, 5'000);
          now_ += 10'000;
          queue().expire({});
        },
        said(JobState::timed_out, "the job's ttl ended before a worker took it")}},
      {"ran too long elsewhere",
       {[&] {
          submit_for("ran too long elsewhere", 86'400'000, 5'000);
          take("w1");
          now_ += 5'000;
          queue().expire({});
        },
        said(JobState::failed, "executionTimeout exceeded")}},
      {"lost by two workers",
       {[&] {
          submit("lost by two workers");
          for (const char* worker : {"w1", "w2"}) {
            queue().heard_of(worker, "flaky");
            take(worker);
            now_ += limits_.worker_silence;
            queue().expire({});
          }
        },
        said(JobState::failed, lost)}},
      {"left by the server",
       {[&] {
          submit("left by the server");
          take("local");
          queue().recover("local", Recovery::fail);
        },
        said(JobState::failed, "the server was restarted while the job ran")}},
  };
  for (const auto& [id, way] : ways) {
    way.end();
    EXPECT_EQ(ends_of(id), Ids{way.told}) << id;
    EXPECT_EQ(events().read(0, id, 100).back().time, find(id).ended) << id;
  }
}

TEST_F(JobEnds, HaveTheWordsOfTheStates) {
  for (const JobState each :
       {JobState::completed, JobState::failed, JobState::cancelled, JobState::timed_out}) {
    const std::string id(name(each));
    end(id, each);
    EXPECT_EQ(ends_of(id), Ids{said(each)});
  }
}

TEST_F(JobEnds, AreToldOnceMoreAfterARetry) {
  end("a", JobState::failed);
  ASSERT_TRUE(queue().retry("a"));
  EXPECT_EQ(ends_of("a").size(), 1u) << "it waits";
  finish(take());
  EXPECT_EQ(ends_of("a"), (Ids{said(JobState::failed), said(JobState::completed)}));
}

TEST_F(JobEnds, AreNotToldOfAJobThatGoesBackToTheQueue) {
  submit("a");
  queue().give_back("a", take("local").epoch);
  take("local");
  queue().recover("local", Recovery::restart);
  EXPECT_EQ(state("a"), JobState::queued);
  EXPECT_EQ(ends_of("a"), Ids{});
}

TEST_F(JobEnds, AreTheLastThatIsTold) {
  submit("a");
  const StoredJob taken = take();
  const StoredEvent event{0, "a", now_, "attempt_finished", "{}"};
  events().append({event});
  queue().cancel("a");
  events().append({event});  // what runs has yet to be stopped
  EXPECT_EQ(events().read(0, "a", 9).size(), 2u);
  EXPECT_EQ(events().read(0, "a", 9).back().type, "job_ended");
}

TEST_F(JobEnds, AreReadByEverybodyAndSayLittle) {
  submit("a");
  queue().finish("a", take().epoch, JobState::failed, "",
                 R"({"error_type":"x","error_message":"it \"broke\"","error_traceback":"…"})");
  EXPECT_EQ(ends_of("a"), Ids{said(JobState::failed, R"(it \"broke\")")});
  submit("b");
  queue().finish("b", take().epoch, JobState::failed, "", std::string(1 << 20, 'x'));
  EXPECT_LT(ends_of("b").front().size(), 5'000u);
}

}  // namespace
}  // namespace orchestrator
