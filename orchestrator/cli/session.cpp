#include "orchestrator/cli/session.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include "orchestrator/cli/report_file.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kUntilSecondSweep{30};
constexpr std::chrono::hours kBetweenSweeps{1};

// "20261123-101530-4711-3f2a": readable, sorted by time, and it names its process for the sweep.
std::string new_run_id() {
  const std::time_t now = std::time(nullptr);
  return fmt::format("{:%Y%m%d-%H%M%S}-{}-{:04x}", fmt::gmtime(now), getpid(),
                     std::random_device{}() & 0xffff);
}

// A lock, not a process id: it holds across pid namespaces and ends with its process however that ends.
constexpr const char* kInUse = "in-use";

io::Fd lock_folder(const std::string& folder) {
  const std::string file = folder + "/" + kInUse;
  const std::string unseen = file + ".new";  // nobody may see it unlocked
  io::Fd lock(::open(unseen.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0 || ::rename(unseen.c_str(), file.c_str()) != 0)
    throw io::HostError(fmt::format("cannot lock the folder {}: {}", folder, std::strerror(errno)));
  return lock;
}

// A folder without the file is one that is being made, or that somebody else put there.
bool was_left(const fs::path& folder) {
  const io::Fd lock(::open((folder / kInUse).c_str(), O_RDWR | O_CLOEXEC));
  return lock && ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0;
}

}  // namespace

std::string make_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw io::HostError(fmt::format("cannot make the folder {}: {}", path, error.message()));
  fs::permissions(path, fs::perms::owner_all, error);
  return path;
}

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
    if (fs::exists(entry.path() / "kept", error) || !was_left(entry.path())) continue;
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
      scratch_(make_folder(state_ + "/runs/" + run_id_)),
      in_use_(lock_folder(scratch_)) {}

Session::~Session() {
  engine_.reset();
  std::error_code ignored;
  if (keep_)
    std::ofstream(scratch_ + "/kept");
  else
    fs::remove_all(scratch_, ignored);
}

const sandbox::Capabilities& Session::open_engine() {
  engine_ = program_.connect(loop_, {options_.host, scratch_, options_.context, options_.insecure_engine});
  auto probed = io::await<io::Result<sandbox::Capabilities>>(
      loop_, [this](auto done) { engine_->sandbox().probe(std::move(done)); });
  capabilities_ = std::move(probed).value();
  share_host();
  return capabilities_;
}

// No run fails for the lack of it.
void Session::share_host() {
  try {
    sharing_ = std::make_unique<HostSharing>(loop_, engine_->images(), capabilities_,
                                             HostSharing::Settings{state_, run_id_, options_.image_budget});
  } catch (const std::exception& error) {
    spdlog::warn("layers and CPUs are not shared with other runs of this host: {}", error.what());
  }
}

void Session::sweep_in_background() {
  sweep_engine();
  remove_dead_scratch(state_);
}

void Session::sweep_engine() {
  engine_->sandbox().sweep(sandbox::SweepScope::dead_owners, [](io::Result<int> swept) {
    if (swept.ok() && swept.value() > 0) spdlog::info("removed {} leftovers of dead runs", swept.value());
    if (!swept.ok()) spdlog::warn("leftovers of dead runs were not removed: {}", io::describe(swept.error()));
  });
}

void Session::keep_swept() {
  sweep_in_background();
  sweep_later(kUntilSecondSweep);
}

void Session::sweep_later(std::chrono::seconds pause) {
  next_sweep_ = loop_.call_after(pause, [this] {
    sweep_engine();
    sweep_later(kBetweenSweeps);
  });
}

JobHost Session::job_host() const {
  prepare_folder("--image-cache", options_.image_cache);  // before an image is built for nothing
  JobHost host;
  host.engine = capabilities_;
  host.settings = images::host_settings();
  host.supervisor_file = scratch_ + "/supervisor";
  host.state_folder = state_;
  host.sharing = sharing_.get();
  host.image_cache = {options_.image_cache, options_.image_budget};
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
