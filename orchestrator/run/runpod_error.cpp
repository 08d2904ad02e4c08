#include "orchestrator/run/runpod_error.h"

#include <array>
#include <nlohmann/json.hpp>

#include "orchestrator/job/job.h"
#include "orchestrator/report/cut.h"
#include "orchestrator/run/failure_of.h"
#include "sandbox/io/json_text.h"

namespace orchestrator {
namespace {

constexpr std::array kToldKinds = {"request", "setup", "host", "defect", "cancelled", "deadline"};

}  // namespace

std::string runpod_error(const Failure& failure, const std::string& program_version,
                         const std::string& hostname, const std::string& worker, std::size_t most_bytes) {
  // It stands there twice, and what is escaped in it is escaped again where the whole is a string of a body.
  const std::string message = head_and_tail(failure.message, most_bytes / 8);
  // The predecessor's kinds where it had such an error.
  const char* const type = failure.kind == "request" ? "<class 'ValueError'>" : "<class 'RuntimeError'>";
  const nlohmann::ordered_json error = {{"error_type", type},
                                        {"error_message", message},
                                        {"error_traceback", failure.kind + ": " + message},
                                        {"hostname", hostname.empty() ? "unknown" : hostname},
                                        {"worker_id", worker.empty() ? "unknown" : worker},
                                        {"runpod_version", "orchestrator/" + program_version}};
  return io::json_text(error);
}

ToldError read_runpod_error(const std::string& text) {
  const auto error = nlohmann::json::parse(text, nullptr, false);
  ToldError told{io::text_at(error, "error_message"), ""};
  if (told.message.empty()) return {text, ""};
  const std::string trace = io::text_at(error, "error_traceback");
  for (const std::string kind : kToldKinds)
    if (trace.starts_with(kind + ": ")) told.kind = kind;
  return told;
}

std::string plain_message(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const InvalidJob& wrong) {
    std::string text;
    for (const auto& each : wrong.errors())
      text += (text.empty() ? "" : "\n") + (each.where.empty() ? each.message : InvalidJob({each}).what());
    return text;
  } catch (...) {
    return failure_of(error).message;
  }
}

}  // namespace orchestrator
