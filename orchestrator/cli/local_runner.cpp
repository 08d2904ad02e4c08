#include "orchestrator/cli/job_runner.h"
#include "orchestrator/run/free_space.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

JobHost open_host(Session& session) {
  const auto& engine = session.open_engine();
  session.sweep_in_background();
  if (const auto obstacle = disk_obstacle({engine.data_root, session.scratch()}))
    throw io::HostError(*obstacle);
  return session.job_host();
}

}  // namespace

LocalRunner::LocalRunner(Session& session, JobInputs inputs, EventLog& events)
    : session_(session),
      host_(open_host(session)),
      execution_(std::make_unique<JobExecution>(session.loop(), session.engine().sandbox(),
                                                session.engine().images(), host_, std::move(inputs),
                                                events)) {}

io::Result<Report> LocalRunner::run() {
  return io::await<io::Result<Report>>(session_.loop(), [this](auto done) {
    started_ = true;
    execution_->start(std::move(done));
    if (!stop_.empty()) stop(stop_);
  });
}

io::Result<sandbox::AttemptSpec> LocalRunner::prepare() {
  return io::await<io::Result<sandbox::AttemptSpec>>(session_.loop(), [this](auto ready) {
    started_ = true;
    execution_->prepare(std::move(ready));
    if (!stop_.empty()) stop(stop_);
  });
}

void LocalRunner::stop(const std::string& reason) {
  stop_ = reason;
  if (started_) execution_->stop(RunEnd::cancelled, reason);
}

}  // namespace orchestrator
