#include "sandbox/image_store.h"

namespace sandbox {
namespace {

std::string sentence(const std::string& title, Outcome outcome, const ExecutionResult& result) {
  switch (outcome) {
    case Outcome::timed_out:
      return title + " did not end in time";
    case Outcome::out_of_memory:
      return title + " ran out of memory";
    case Outcome::disk_limit:
      return title + " wrote more than the disk limit";
    case Outcome::output_limit:
      return title + " printed more than the output limit";
    case Outcome::not_runnable:
      return title + " cannot be started: " +
             (result.start_failure ? result.start_failure->message : "no reason given");
    case Outcome::infrastructure_error:
      return title + ": " + result.infrastructure.value_or("the engine failed");
    case Outcome::cancelled:
      return title + " was cancelled";
    default:
      break;
  }
  return title + " ended with exit code " + (result.exit ? std::to_string(result.exit->code) : "unknown");
}

}  // namespace

StepFailed::StepFailed(std::string title, Outcome outcome, ExecutionResult result, std::string log_tail)
    : std::runtime_error(sentence(title, outcome, result)),
      title_(std::move(title)),
      outcome_(outcome),
      result_(std::move(result)),
      log_tail_(std::move(log_tail)) {}

}  // namespace sandbox
