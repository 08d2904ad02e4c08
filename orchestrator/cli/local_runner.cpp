#include <spdlog/spdlog.h>

#include <limits>

#include "orchestrator/cli/job_runner.h"
#include "orchestrator/run/free_space.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

std::optional<std::string> disk_after_making_room(Session& session, const JobHost& host,
                                                  const std::vector<std::string>& folders) {
  if (!host.sharing) return disk_obstacle(folders);
  return io::await<std::optional<std::string>>(session.loop(), [&](auto done) {
    host.sharing->make_room(folders, host.engine.data_root, std::move(done));
  });
}

JobHost open_host(Session& session) {
  const auto& engine = session.open_engine();
  session.sweep_in_background();
  JobHost host = session.job_host();
  if (const auto obstacle = disk_after_making_room(session, host, {engine.data_root, session.scratch()}))
    throw io::HostError(*obstacle);
  return host;
}

// What a person asked for is not bounded by what this host has; other processes bound it.
HostShare no_bounds() {
  constexpr std::int64_t kAny = std::numeric_limits<std::int64_t>::max() / 2;
  return {std::numeric_limits<double>::infinity(), kAny, 0};
}

}  // namespace

LocalRunner::LocalRunner(Session& session, JobInputs inputs, EventLog& events)
    : session_(session),
      events_(events),
      host_(open_host(session)),
      budget_(session.loop(), no_bounds()),
      leased_(budget_, session.engine().images()),
      cached_(session.loop(), leased_, host_.image_cache, host_.sharing),
      builds_(session.loop(), cached_, host_.sharing, {host_.engine.data_root, session.scratch()}) {
  if (host_.sharing) {
    budget_.share_with(host_.sharing->cpus());
    inputs.budget = &budget_;
    inputs.claimant = {inputs.run_id, false};
  }
  execution_ = std::make_unique<JobExecution>(session.loop(), session.engine().sandbox(), builds_, host_,
                                              std::move(inputs), events);
}

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

void LocalRunner::close() {
  if (stop_.empty()) keep_image_budget();  // whoever stopped it does not wait for that
  session_.close_engine();
}

void LocalRunner::keep_image_budget() {
  if (!host_.sharing) return;
  const auto result = io::await<io::Result<RemovalResult>>(
      session_.loop(), [this](auto done) { host_.sharing->keep_budget(std::move(done)); });
  if (!result.ok())
    return spdlog::warn("the budget for images was not kept: {}", io::describe(result.error()));
  also_removed_ = removal_words(result.value(), kBeyondBudget);
  if (also_removed_.empty()) return;
  events_.append("images_removed",
                 {{"count", result.value().removed.size()}, {"bytes", result.value().removed_bytes}});
}

void LocalRunner::stop(const std::string& reason) {
  stop_ = reason;
  if (started_) execution_->stop(RunEnd::cancelled, reason);
}

}  // namespace orchestrator
