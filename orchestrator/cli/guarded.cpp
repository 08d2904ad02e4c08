#include <fmt/format.h>

#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/terminal.h"
#include "sandbox/io/error.h"

namespace orchestrator {

Failure failure_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
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

int guarded(const std::function<int()>& mode) {
  try {
    return mode();
  } catch (...) {
    const Failure failure = failure_of(std::current_exception());
    write_to_stderr(fmt::format("orchestrator: {}\n", failure.message));
    return failure.exit_code;
  }
}

}  // namespace orchestrator
