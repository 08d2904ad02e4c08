// The last stage of a job: its image is there; conditions are dealt, attempts run, and their tests are
// judged. Each step fills the job's report.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "images/toolchains/toolchain.h"
#include "orchestrator/analysis/condition.h"
#include "orchestrator/report/report.h"
#include "orchestrator/run/deal.h"
#include "orchestrator/run/event.h"
#include "orchestrator/run/run.h"
#include "sandbox/io/loop.h"
#include "sandbox/sandbox.h"

namespace orchestrator {

struct JobHost;
struct JobInputs;

class AttemptStage {
 public:
  // Deals the conditions. `report` holds plan, source, image and packages. Throws io::RequestError where the
  // plan asks for an attempt that there is not.
  AttemptStage(io::Loop& loop, sandbox::Sandbox& sandbox, const JobHost& host, const JobInputs& inputs,
               const images::Toolchain& toolchain, Report& report, EventLog& events);
  ~AttemptStage();

  sandbox::AttemptSpec spec_of(int attempt) const;
  // `done` once, when no attempt runs any more and the report has all but its end.
  void start(std::function<void()> done);
  bool started() const { return run_ != nullptr; }

  // Once it is started.
  void stop(RunEnd end, std::string reason) { run_->stop(end, std::move(reason)); }
  void start_no_more(RunEnd end, std::string reason) { run_->start_no_more(end, std::move(reason)); }
  void kill() { run_->kill(); }
  const Spool& spool() const { return *spool_; }
  RunEnd end() const { return run_->end(); }
  const std::string& end_reason() const { return run_->end_reason(); }

 private:
  void deal_conditions();
  void prepare_changed(const images::ProbeAbilities& abilities);
  void forget_changed(const std::string& why);
  int index_of(int attempt) const;  // in the job; attempts of a replay all have that of the replayed one
  RunSpec run_spec() const;
  std::unique_ptr<AttemptSource> attempt_source() const;
  std::string logs_folder();
  void keep_logs_fresh();
  bool files_know_conditions() const;
  void judge_tests();
  void ended();

  io::Loop& loop_;
  sandbox::Sandbox& sandbox_;
  const JobHost& host_;
  const JobInputs& inputs_;
  const images::Toolchain& toolchain_;
  Report& report_;
  EventLog& events_;
  Deal deal_;
  std::unique_ptr<Spool> spool_;
  std::unique_ptr<io::Timer> flushing_;
  std::unique_ptr<Run> run_;
  std::function<void()> done_;
};

}  // namespace orchestrator
