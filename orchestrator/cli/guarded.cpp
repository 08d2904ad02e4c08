#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/terminal.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

int complain(const std::string& text, int code) {
  write_to_stderr(fmt::format("orchestrator: {}\n", text));
  return code;
}

}  // namespace

int guarded(const std::function<int()>& mode) {
  try {
    return mode();
  } catch (const InvalidJob& error) {
    return complain(error.what(), 2);
  } catch (const io::RequestError& error) {
    return complain(error.what(), 2);
  } catch (const io::SetupError& error) {
    return complain(error.what(), 4);
  } catch (const io::HostError& error) {
    return complain(error.what(), 5);
  } catch (const std::exception& error) {
    return complain(fmt::format("something broke: {}", error.what()), 5);
  }
}

}  // namespace orchestrator
