#include "orchestrator/api/metrics.h"

#include <fmt/format.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace orchestrator {
namespace {

using prometheus::BuildCounter, prometheus::BuildGauge, prometheus::BuildHistogram;

// Half a second to the five minutes of the default time-out.
const prometheus::Histogram::BucketBoundaries kSeconds{0.5, 1, 2, 5, 10, 20, 60, 120, 300, 1'800};

}  // namespace

struct Metrics::State {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests =
      BuildCounter()
          .Name("orchestrator_http_requests_total")
          .Help("Requests answered, by the class of their status")
          .Register(registry);
  prometheus::Counter& submitted = BuildCounter()
                                       .Name("orchestrator_jobs_submitted_total")
                                       .Help("Jobs accepted")
                                       .Register(registry)
                                       .Add({});
  prometheus::Family<prometheus::Counter>& attempts = BuildCounter()
                                                          .Name("orchestrator_attempts_total")
                                                          .Help("Attempts that ended, by outcome")
                                                          .Register(registry);
  prometheus::Histogram& seconds = BuildHistogram()
                                       .Name("orchestrator_attempt_seconds")
                                       .Help("How long attempts took")
                                       .Register(registry)
                                       .Add({}, kSeconds);
  prometheus::Family<prometheus::Gauge>& jobs =
      BuildGauge().Name("orchestrator_jobs").Help("Jobs that are kept, by state").Register(registry);
  prometheus::Gauge& connections = BuildGauge()
                                       .Name("orchestrator_http_connections")
                                       .Help("Connections open now")
                                       .Register(registry)
                                       .Add({});
  prometheus::Family<prometheus::Gauge>& cpus =
      BuildGauge().Name("orchestrator_cpus").Help("CPUs of the engine's host").Register(registry);
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

void Metrics::request(int status) {
  state_->requests.Add({{"status", fmt::format("{}xx", status / 100)}}).Increment();
}

void Metrics::job_submitted() { state_->submitted.Increment(); }

void Metrics::attempt_finished(const std::string& outcome, double seconds) {
  state_->attempts.Add({{"outcome", outcome}}).Increment();
  state_->seconds.Observe(seconds);
}

std::string Metrics::text(const Counts& jobs, std::size_t connections, double cpus_leased,
                          double cpus) const {
  const auto set = [&](const char* state, std::int64_t count) {
    state_->jobs.Add({{"state", state}}).Set(static_cast<double>(count));
  };
  set("queued", jobs.queued);
  set("running", jobs.running);
  set("completed", jobs.completed);
  set("failed", jobs.failed);
  set("cancelled", jobs.cancelled);
  set("timed_out", jobs.timed_out);
  state_->connections.Set(static_cast<double>(connections));
  state_->cpus.Add({{"part", "leased"}}).Set(cpus_leased);
  state_->cpus.Add({{"part", "all"}}).Set(cpus);
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

}  // namespace orchestrator
