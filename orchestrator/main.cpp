// The composition root: the only file that names everything.
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstring>
#include <iostream>

#include "images/checkout/checkout.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/options.h"
#include "sandbox/docker/docker_sandbox.h"
#include "sandbox/supervisor/embedded/embedded.h"

namespace {

using orchestrator::CommandLine;
using orchestrator::Program;

constexpr const char* kVersion = ORCHESTRATOR_VERSION;

// The program's own log goes to stderr, never among data.
void set_up_log(const CommandLine& options) {
  auto log = spdlog::stderr_color_mt("orchestrator");
  if (options.log_format == orchestrator::LogFormat::json)
    log->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","text":"%v"})",
                     spdlog::pattern_time_type::utc);
  else
    log->set_pattern("%H:%M:%S %^%l%$ %v");
  log->set_level(options.verbosity == 0   ? spdlog::level::warn
                 : options.verbosity == 1 ? spdlog::level::info
                                          : spdlog::level::debug);
  spdlog::set_default_logger(log);
}

int run_mode(const Program& program, const CommandLine& options) {
  switch (options.mode) {
    case CommandLine::Mode::run:
      return run_command(program, options);
    case CommandLine::Mode::images_bootstrap:
      return bootstrap_command(program, options);
    case CommandLine::Mode::images_list:
      return list_images_command(program, options);
    case CommandLine::Mode::doctor:
      return doctor_command(program, options);
    case CommandLine::Mode::clean:
      return clean_command(program, options);
    case CommandLine::Mode::version:
      std::cout << "orchestrator " << program.version << "\n";
      return 0;
  }
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], images::kCheckoutChild) == 0) return images::checkout_child_main();
  std::signal(SIGPIPE, SIG_IGN);
  CommandLine options;
  try {
    options = orchestrator::parse_command_line(argc, argv);
  } catch (const orchestrator::HelpRequested& help) {
    std::cout << help.what();
    return 0;
  } catch (const orchestrator::UsageError& error) {
    std::cerr << error.what() << "\n";
    return orchestrator::UsageError::kExitCode;
  }
  set_up_log(options);
  const Program program{kVersion, &sandbox::docker::connect, sandbox::supervisor_binary()};
  return orchestrator::guarded([&] { return run_mode(program, options); });
}
