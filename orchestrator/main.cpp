// The composition root: the only file that names everything.
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstring>
#include <iostream>

#include "images/checkout/checkout.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/options.h"
#include "orchestrator/cli/terminal.h"
#include "sandbox/docker/docker_sandbox.h"
#include "sandbox/supervisor/embedded/embedded.h"

namespace {

using orchestrator::CommandLine;
using orchestrator::Program;

constexpr const char* kVersion = ORCHESTRATOR_VERSION;

// The text of a log line as a JSON string, quotes and all.
class JsonText : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    const auto text = nlohmann::json(std::string_view(message.payload.data(), message.payload.size()))
                          .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<JsonText>(); }
};

std::unique_ptr<spdlog::formatter> json_lines() {
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  formatter->add_flag<JsonText>('*').set_pattern(
      R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","text":%*})");
  return formatter;
}

// The program's own log goes to stderr, never among data.
void set_up_log(orchestrator::LogFormat format, int verbosity) {
  auto log = spdlog::stderr_color_mt("orchestrator");
  if (format == orchestrator::LogFormat::json)
    log->set_formatter(json_lines());
  else
    log->set_pattern("%H:%M:%S %^%l%$ %v");
  log->set_level(verbosity == 0   ? spdlog::level::warn
                 : verbosity == 1 ? spdlog::level::info
                                  : spdlog::level::debug);
  spdlog::set_default_logger(log);
}

int run_mode(const Program& program, const CommandLine& options) {
  switch (options.mode) {
    case CommandLine::Mode::run:
    case CommandLine::Mode::ci:
    case CommandLine::Mode::replay:
      break;  // tells its errors in its own way
    case CommandLine::Mode::compare:
      return compare_command(options);
    case CommandLine::Mode::images_bootstrap:
      return bootstrap_command(program, options);
    case CommandLine::Mode::images_list:
      return list_images_command(program, options);
    case CommandLine::Mode::images_prune:
      return prune_images_command(program, options);
    case CommandLine::Mode::doctor:
      return doctor_command(program, options);
    case CommandLine::Mode::clean:
      return clean_command(program, options);
    case CommandLine::Mode::serve:
      return serve_command(program, options);
    case CommandLine::Mode::worker:
      return worker_command(program, options);
    case CommandLine::Mode::token:
      return token_command(options);
    case CommandLine::Mode::history_import:
      return history_import_command(options);
    case CommandLine::Mode::version:
      std::cout << "orchestrator " << program.version << "\n";
      return 0;
  }
  return 2;
}

int print_help(const char* text) {
  return orchestrator::guarded([&] {
    std::cout << text;
    orchestrator::finish_stdout(std::cout);
    return 0;
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], images::kCheckoutChild) == 0) return images::checkout_child_main();
  std::signal(SIGPIPE, SIG_IGN);
  CommandLine options;
  try {
    options = orchestrator::parse_command_line(argc, argv);
  } catch (const orchestrator::HelpRequested& help) {
    return print_help(help.what());
  } catch (const orchestrator::UsageError& error) {
    set_up_log(error.log_format, 0);
    return orchestrator::tell_usage_error(error, kVersion);
  }
  set_up_log(options.log_format, options.verbosity);
  const Program program{kVersion, &sandbox::docker::connect, sandbox::supervisor_binary()};
  if (options.mode == CommandLine::Mode::run) return run_command(program, options);
  if (options.mode == CommandLine::Mode::ci) return ci_command(program, options);
  if (options.mode == CommandLine::Mode::replay) return replay_command(program, options);
  return orchestrator::guarded(
      [&] {
        const int code = run_mode(program, options);
        orchestrator::finish_stdout(std::cout);
        return code;
      },
      options.log_format);
}
