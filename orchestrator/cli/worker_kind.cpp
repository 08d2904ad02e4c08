#include "orchestrator/cli/worker_kind.h"

namespace orchestrator {

WorkerKind worker_kind(const CommandLine::Worker& said, const runpod::Environment& environment) {
  if (said.serve_api || environment.realtime_port != 0) return WorkerKind::api;
  return !said.test_input.empty() || environment.take.empty() ? WorkerKind::test : WorkerKind::queue;
}

runpod::LocalApiSettings api_settings(const CommandLine::Worker& said,
                                      const runpod::Environment& environment) {
  if (said.serve_api) return {said.api_host, said.api_port, said.api_concurrency};
  return {"0.0.0.0", static_cast<std::uint16_t>(environment.realtime_port), environment.realtime_concurrency};
}

}  // namespace orchestrator
