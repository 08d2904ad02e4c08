#include "orchestrator/run/failure_of.h"

#include <fmt/format.h>

#include "orchestrator/run/job_execution.h"
#include "sandbox/io/error.h"

namespace orchestrator {

Failure failure_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const JobExecution::Interrupted& interrupted) {
    return {std::string(name(interrupted.end)),
            fmt::format("{} before the first attempt; nothing is left", interrupted.what()), 6};
  } catch (const InvalidJob& wrong) {
    return {"request", wrong.what(), 2};
  } catch (const io::RequestError& wrong) {
    return {"request", wrong.what(), 2};
  } catch (const io::SetupError& broken) {
    return {"setup", broken.what(), 4};
  } catch (const io::HostError& lack) {
    return {"host", lack.what(), 5};
  } catch (const std::exception& defect) {
    return {"defect", fmt::format("something broke: {}", defect.what()), 5};
  }
}

}  // namespace orchestrator
