#include "images/recipe_failure.h"

#include <fmt/format.h>

#include "sandbox/io/error.h"
#include "sandbox/io/result.h"

namespace images {

namespace {

constexpr std::size_t kLinesLookedAt = 25;
constexpr std::size_t kLinesShown = 40;

constexpr std::string_view kNetworkWords[] = {"Temporary failure in name resolution",
                                              "Temporary failure resolving",
                                              "Name or service not known",
                                              "Could not resolve",
                                              "dns error",
                                              "Connection reset",
                                              "Connection refused",
                                              "Connection aborted",
                                              "Connection timed out",
                                              "connection timed out",
                                              "Read timed out",
                                              "ReadTimeoutError",
                                              "ConnectTimeoutError",
                                              "NewConnectionError",
                                              "NameResolutionError",
                                              "Max retries exceeded",
                                              "Network is unreachable",
                                              "RemoteDisconnected",
                                              "IncompleteRead",
                                              "ProtocolError",
                                              "operation timed out",
                                              "error sending request",
                                              "connection closed before",
                                              "TLS handshake timeout",
                                              "EOF occurred in violation of protocol",
                                              "500 Internal Server Error",
                                              "502 Bad Gateway",
                                              "502 Server Error",
                                              "503 Service",
                                              "503 Server Error",
                                              "504 Gateway",
                                              "504 Server Error",
                                              "429 Too Many Requests",
                                              "429 Client Error",
                                              "All attempts to connect to"};

struct Hint {
  std::string_view word;
  const char* advice;
  bool of_image = false;  // the base lacks something
};
constexpr const char* kNoCompiler = "a package has to be compiled and the base image has no compiler";
constexpr const char* kNoVenv = "the base image's Python has no venv";
constexpr const char* kUnknownCa =
    "the registry's certificate is signed by a CA that the container does not know: "
    "set ORCHESTRATOR_CA_FILE to its PEM bundle";
constexpr Hint kHints[] = {
    {"command 'gcc' failed", kNoCompiler, true},
    {"error: command 'cc' failed", kNoCompiler, true},
    {"unable to execute 'gcc'", kNoCompiler, true},
    {"Unknown compiler(s)", kNoCompiler, true},
    {"Python.h: No such file", "a package has to be compiled and the base image has no Python headers", true},
    {"No module named venv", kNoVenv, true},
    {"ensurepip is not available", kNoVenv, true},
    {"No space left on device", "the disk of the engine is full: images prune makes room"},
    {"PKIX path building failed", kUnknownCa},
    {"CERTIFICATE_VERIFY_FAILED", kUnknownCa},
    {"from lock file", "package-lock.json does not fit package.json: npm install makes it fit"},
};

std::string_view last_lines(std::string_view text, std::size_t count) {
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  std::size_t at = text.size();
  for (std::size_t lines = 0; at > 0; --at)
    if (text[at - 1] == '\n' && ++lines == count) break;
  return text.substr(at);
}

std::string how_it_ended(const sandbox::StepFailed& failed) {
  const auto& result = failed.result();
  switch (failed.outcome()) {
    case sandbox::Outcome::timed_out:
      return fmt::format("did not end within its time ({} s)", result.duration.count() / 1000);
    case sandbox::Outcome::out_of_memory:
      return "ran out of memory";
    case sandbox::Outcome::output_limit:
      return "wrote too much output";
    case sandbox::Outcome::disk_limit:
      return "wrote too much to the disk";
    case sandbox::Outcome::pids_limit:
      return "started too many processes";
    case sandbox::Outcome::not_runnable:
      return "cannot be started" +
             (result.start_failure ? ": " + result.start_failure->message : std::string());
    default:
      break;
  }
  if (result.exit && result.exit->signal) return fmt::format("was ended by signal {}", *result.exit->signal);
  if (result.exit) return fmt::format("ended with exit code {}", result.exit->code);
  return "did not end properly";
}

// On lines of its own.
std::string shown_end(std::string_view log) {
  const auto end = last_lines(log, kLinesShown);
  return end.empty() ? "" : "\n" + std::string(end);
}

}  // namespace

bool ends_in_network_error(std::string_view log_tail) {
  const auto end = last_lines(log_tail, kLinesLookedAt);
  for (const auto word : kNetworkWords)
    if (end.find(word) != std::string_view::npos) return true;
  return false;
}

std::exception_ptr explain_failed_step(const sandbox::StepFailed& failed, const std::string& log,
                                       const std::vector<std::string>& about_the_network) {
  std::string title = failed.title();
  std::string what = "Failed to install dependencies";
  if (title.starts_with(kSetupCommandTitle)) {
    what = "Failed to run setup command";
    title.erase(0, std::string_view(kSetupCommandTitle).size());
  }
  if (failed.outcome() == sandbox::Outcome::infrastructure_error ||
      failed.outcome() == sandbox::Outcome::cancelled)
    return io::failure(
        io::HostError(fmt::format("while building the image ({}): {}", title,
                                  failed.result().infrastructure.value_or("the engine stopped it"))));
  std::string message = fmt::format("{}: {} {}", what, title, how_it_ended(failed));
  for (const Hint& hint : kHints) {
    if (log.find(hint.word) == std::string::npos) continue;
    message += fmt::format("\n{}{}", hint.advice,
                           hint.of_image ? "; --image or setup_commands can change what is there" : "");
    break;
  }
  if (ends_in_network_error(log))
    for (const auto& sentence : about_the_network) message += "\n" + sentence;
  return io::failure(io::SetupError(message + shown_end(log)));
}

std::exception_ptr explain_failed_dockerfile(const sandbox::StepFailed& failed, const std::string& log,
                                             const std::string& path) {
  const bool known = failed.result().exit || failed.outcome() != sandbox::Outcome::failed;
  return io::failure(io::SetupError(fmt::format("Failed to build {}: {} {}{}", path, failed.title(),
                                                known ? how_it_ended(failed) : "failed", shown_end(log))));
}

}  // namespace images
