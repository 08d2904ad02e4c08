// The attempts of one job: asks the source what comes next, starts it when a slot is free, turns results into
// records, stops when told to or when going on makes no sense. It sees a Sandbox and a Loop only, so that the
// fakes of the tests drive the real thing.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/report/report.h"
#include "orchestrator/run/attempt_source.h"
#include "orchestrator/run/event.h"
#include "orchestrator/run/host_budget.h"
#include "orchestrator/run/slots.h"
#include "orchestrator/run/test_ledger.h"
#include "sandbox/io/loop.h"
#include "sandbox/sandbox.h"

namespace orchestrator {

struct RunSpec {
  int parallelism = 1;
  TestCommand test_command;
  std::chrono::milliseconds timeout{0};  // for words in reasons
  sandbox::Network network = sandbox::Network::none;
  std::function<sandbox::AttemptSpec(int index)> attempt;
  std::function<std::int64_t(int index)> seed;
  std::function<int(int index)> condition = [](int) { return 0; };  // of an attempt: into Report::conditions
  std::optional<double> until_sure;    // stop when each test is settled at that rate
  bool files_know_conditions = false;  // as TestLedger's
  std::vector<std::string> secrets;    // what no log may hold: see secret_forms()
  // A sentence when nothing may be started now (a disk too full); asked before each start.
  std::function<std::optional<std::string>()> obstacle;
  // Where other jobs run beside this one: what they share, who this is, and what an attempt may use of it.
  HostBudget* budget = nullptr;
  HostBudget::Claimant claimant;
  HostShare share;
};

// More infrastructure errors than both of these end the run.
inline constexpr int kInfrastructureErrors = 3;
inline constexpr double kInfrastructureShare = 0.10;

class Run {
 public:
  Run(io::Loop& loop, sandbox::Sandbox& sandbox, RunSpec spec, std::unique_ptr<AttemptSource> source,
      EventLog& events, Spool& spool);
  ~Run();

  // `done` once, when no attempt runs any more and nothing is left of them.
  void start(std::function<void()> done);
  // Starts nothing more and stops what runs (TERM, grace, KILL). The first reason stays.
  void stop(RunEnd end, std::string reason);
  void kill();  // without grace
  // Starts nothing more; what runs goes on to its end, or until stop(). Nothing when all have been started.
  void start_no_more(RunEnd end, std::string reason);

  RunEnd end() const { return end_; }
  const std::string& end_reason() const { return end_reason_; }
  std::vector<AttemptRecord> records() const;  // of attempts that ended, sorted by index
  const TestResults& tests() const { return ledger_.results(); }
  // Every test is settled (RunSpec::until_sure); false where nobody asked.
  bool settled() const { return ledger_.settled(); }
  bool told_by_files() const { return ledger_.told_by_files(); }
  int result_files() const { return ledger_.result_files(); }

 private:
  class Active;
  struct Counts {
    int started = 0, done = 0, passed = 0, not_passed = 0, infrastructure = 0;
  };

  struct Next {
    int index = 0;
    std::vector<Try> earlier;  // tries that ended as infrastructure errors
  };

  void fill();
  std::optional<Next> take_next();
  bool has_next();
  void launch(Slot slot, std::optional<Lease> lease);
  void tell_that_it_waits();
  void ended(Active& active, const sandbox::ExecutionResult& result);
  void drained(Active& active);
  AttemptRecord record_of(Active& active, const sandbox::ExecutionResult& result);
  void consider(const AttemptRecord& record);
  void announce(const AttemptRecord& record);
  void begin_to_stop(RunEnd end, std::string reason);
  void check_done();

  io::Loop& loop_;
  sandbox::Sandbox& sandbox_;
  RunSpec spec_;
  std::unique_ptr<AttemptSource> source_;
  EventLog& events_;
  Spool& spool_;
  TestLedger ledger_;
  Slots slots_;
  Counts counts_;
  std::map<int, AttemptRecord> records_;
  std::vector<Next> again_;                   // to be tried once more
  std::optional<Next> next_;                  // waits for its share of the host
  std::unique_ptr<HostBudget::Claim> claim_;  // where there is a budget
  std::vector<std::unique_ptr<Active>> active_;
  bool stopping_ = false;  // nothing more is started
  bool stopped_ = false;   // what runs was told to end
  bool exhausted_ = false;
  bool told_ = false;
  bool told_that_it_waits_ = false;
  RunEnd end_ = RunEnd::complete;
  std::string end_reason_;
  std::function<void()> done_;
};

}  // namespace orchestrator
