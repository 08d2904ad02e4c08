#include "orchestrator/job/job.h"

namespace orchestrator {

std::string_view severity(double rate, const SeverityThresholds& thresholds) {
  if (rate >= thresholds.critical) return "CRITICAL";
  if (rate >= thresholds.high) return "HIGH";
  if (rate >= thresholds.medium) return "MEDIUM";
  if (rate >= thresholds.low) return "LOW";
  return "NONE";
}

}  // namespace orchestrator
