#include "orchestrator/run/failure_of.h"

#include <fmt/format.h>

#include "orchestrator/run/job_execution.h"
#include "sandbox/io/error.h"

namespace orchestrator {

namespace {

Failure failed(std::string kind, std::string message) {
  const int exit_code = exit_code_of(kind);
  return {std::move(kind), std::move(message), exit_code};
}

}  // namespace

int exit_code_of(std::string_view kind) {
  if (kind == "request") return 2;
  if (kind == "setup") return 4;
  if (kind == "skipped") return 0;
  return kind == "host" || kind == "defect" ? 5 : 6;
}

Failure failure_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const JobExecution::Interrupted& interrupted) {
    return failed(std::string(name(interrupted.end)),
                  fmt::format("{} before the first attempt; nothing is left", interrupted.what()));
  } catch (const InvalidJob& wrong) {
    return failed("request", wrong.what());
  } catch (const io::RequestError& wrong) {
    return failed("request", wrong.what());
  } catch (const io::SetupError& broken) {
    return failed("setup", broken.what());
  } catch (const io::LastingError& lack) {
    Failure failure = failed("host", lack.what());
    failure.lasting = true;
    return failure;
  } catch (const io::HostError& lack) {
    return failed("host", lack.what());
  } catch (const std::exception& defect) {
    return failed("defect", fmt::format("something broke: {}", defect.what()));
  }
}

}  // namespace orchestrator
