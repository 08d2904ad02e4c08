#include "orchestrator/cli/session.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

namespace fs = std::filesystem;

// "20261123-101530-4711-3f2a": readable, sorted by time, and it names its process for the sweep.
std::string new_run_id() {
  const std::time_t now = std::time(nullptr);
  return fmt::format("{:%Y%m%d-%H%M%S}-{}-{:04x}", fmt::gmtime(now), getpid(),
                     std::random_device{}() & 0xffff);
}

std::string make_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw io::HostError(fmt::format("cannot make the folder {}: {}", path, error.message()));
  fs::permissions(path, fs::perms::owner_all, error);
  return path;
}

bool process_lives(const std::string& run_id) {
  int pid = 0;
  if (std::sscanf(run_id.c_str(), "%*d-%*d-%d-", &pid) != 1 || pid <= 0) return true;
  return ::kill(pid, 0) == 0 || errno == EPERM;
}

}  // namespace

std::string default_state_folder() {
  if (const char* said = std::getenv("ORCHESTRATOR_STATE"); said && *said) return said;
  if (const char* xdg = std::getenv("XDG_STATE_HOME"); xdg && *xdg) return std::string(xdg) + "/orchestrator";
  if (const char* home = std::getenv("HOME"); home && *home)
    return std::string(home) + "/.local/state/orchestrator";
  return "/var/lib/orchestrator";
}

int remove_dead_scratch(const std::string& state_folder) {
  int removed = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(state_folder + "/runs", error)) {
    const std::string id = entry.path().filename();
    if (process_lives(id) || fs::exists(entry.path() / "kept", error)) continue;
    fs::remove_all(entry.path(), error);
    ++removed;
  }
  return removed;
}

Session::Session(const Program& program, const CommandLine& options)
    : program_(program),
      options_(options),
      state_(options.state_dir.empty() ? default_state_folder() : options.state_dir),
      run_id_(new_run_id()),
      scratch_(make_folder(state_ + "/runs/" + run_id_)) {}

Session::~Session() {
  engine_.reset();
  std::error_code ignored;
  if (keep_)
    std::ofstream(scratch_ + "/kept");
  else
    fs::remove_all(scratch_, ignored);
}

const sandbox::Capabilities& Session::open_engine() {
  engine_ = program_.connect(loop_, {options_.host, scratch_});
  auto probed = io::await<io::Result<sandbox::Capabilities>>(
      loop_, [this](auto done) { engine_->sandbox().probe(std::move(done)); });
  capabilities_ = std::move(probed).value();
  engine_->sandbox().sweep(sandbox::SweepScope::dead_owners, [](io::Result<int> swept) {
    if (swept.ok() && swept.value() > 0) spdlog::info("removed {} leftovers of dead runs", swept.value());
    if (!swept.ok()) spdlog::warn("leftovers of dead runs were not removed: {}", io::describe(swept.error()));
  });
  remove_dead_scratch(state_);
  return capabilities_;
}

JobHost Session::job_host() const {
  JobHost host;
  host.engine = capabilities_;
  host.settings = images::host_settings();
  host.supervisor_file = scratch_ + "/supervisor";
  host.state_folder = state_;
  std::ofstream(host.supervisor_file, std::ios::binary) << program_.supervisor;
  return host;
}

void Session::close_engine() {
  const auto deadline = loop_.now() + std::chrono::seconds(30);
  const auto give_up = loop_.call_at(deadline, [] {});
  loop_.run_until([&] { return engine_->idle() || loop_.now() >= deadline; });
  if (engine_->idle()) return;
  const auto swept = io::await<io::Result<int>>(
      loop_, [this](auto done) { engine_->sandbox().sweep(sandbox::SweepScope::own, std::move(done)); });
  if (!swept.ok()) spdlog::warn("containers of this run may be left: {}", io::describe(swept.error()));
}

}  // namespace orchestrator
