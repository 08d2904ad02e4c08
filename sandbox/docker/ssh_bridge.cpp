#include "sandbox/docker/ssh_bridge.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <spdlog/spdlog.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "sandbox/io/error.h"
#include "sandbox/io/text.h"

extern char** environ;

namespace sandbox::docker {
namespace {

constexpr const char* kControl = "/control";  // in the bridge's folder
constexpr int kWaitingConnections = 128;

io::Fd listen_at(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path))
    throw io::HostError("the path of a socket for ssh is too long: " + path +
                        "; set TMPDIR to a shorter one");
  std::memcpy(address.sun_path, path.data(), path.size());
  io::Fd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener || bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      listen(listener.get(), kWaitingConnections) != 0)
    throw io::system_failure("cannot make a socket for ssh: " + path);
  return listener;
}

// The control socket's path must be short, and nobody else may reach it.
std::string private_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "orchestrator-ssh-XXXXXX").string();
  if (!mkdtemp(name.data())) throw io::system_failure("cannot make a folder for ssh: " + name);
  return name;
}

// ssh hands its words to a shell over there.
std::string last_line(std::string text) {
  text.erase(text.find_last_not_of(" \r\n\t") + 1);
  const auto before = text.find_last_of("\r\n");
  return before == std::string::npos ? text : text.substr(before + 1);
}

// A program that ends at once, without a loop: for a destructor.
void run_to_its_end(const std::vector<std::string>& words) {
  std::vector<char*> argv;
  for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const int fd : {0, 1, 2}) posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
  pid_t pid = -1;
  if (posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ) == 0) waitpid(pid, nullptr, 0);
  posix_spawn_file_actions_destroy(&actions);
}

// The shared connection takes its socket away at the same moment, and remove_all gives up where it comes too
// late for a file.
void remove_folder(const std::string& folder) {
  std::error_code failed;
  for (int tries = 0; tries < 10; ++tries) {
    std::filesystem::remove_all(folder, failed);
    if (!failed) return;
  }
}

}  // namespace

SshBridge::SshBridge(io::Loop& loop, SshTarget target)
    : loop_(loop),
      target_(std::move(target)),
      folder_(private_folder()),
      path_(folder_ + "/engine"),
      listener_(listen_at(path_)) {
  static int count = 0;
  name_ = fmt::format("engine-{}.invalid", ++count);
}

SshBridge::~SshBridge() {
  first_.reset();
  sessions_.clear();
  std::error_code ignored;
  if (std::filesystem::exists(folder_ + kControl, ignored)) run_to_its_end(ssh({"-O", "exit"}, {}));
  remove_folder(folder_);
}

// Nobody sits there to be asked for a password, and what a person's configuration forwards is not wanted. A
// shared connection that lost its owner ends by itself.
std::vector<std::string> SshBridge::ssh(const std::vector<std::string>& options,
                                        const std::vector<std::string>& command) const {
  std::vector<std::string> words{"ssh", "-T", "-a", "-x"};
  for (const std::string& option :
       {std::string("BatchMode=yes"), std::string("ConnectTimeout=30"), std::string("ServerAliveInterval=15"),
        std::string("ClearAllForwardings=yes"), std::string("RemoteCommand=none"),
        std::string("ControlMaster=auto"), std::string("ControlPersist=60"),
        "ControlPath=" + folder_ + kControl})
    words.insert(words.end(), {"-o", option});
  if (!target_.user.empty()) words.insert(words.end(), {"-l", target_.user});
  if (!target_.port.empty()) words.insert(words.end(), {"-p", target_.port});
  words.insert(words.end(), options.begin(), options.end());
  words.insert(words.end(), {"--", target_.host});
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

std::vector<std::string> SshBridge::dial() const {
  if (target_.socket.empty()) return {"docker", "system", "dial-stdio"};
  return {"docker", "--host", io::shell_quoted("unix://" + target_.socket), "system", "dial-stdio"};
}

io::Fd SshBridge::open() {
  io::Fd near_end(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!near_end) throw io::system_failure("cannot make a socket for ssh");
  if (master_ == Master::absent) begin();
  loop_.post([this, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) accept();
  });
  return near_end;
}

// What has been opened is connected by now.
void SshBridge::accept() {
  io::Fd far_end(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!far_end || master_ == Master::absent) return;
  if (master_ == Master::beginning) {
    waiting_.push_back(std::move(far_end));
    return;
  }
  try {
    join(far_end);
  } catch (const std::exception& error) {
    complaint_ = error.what();
  }
}

// The first session has nothing to say: it ends well when host, key, docker program and engine are there, and
// leaves the shared connection behind.
void SshBridge::begin() {
  io::ChildSpec spec;
  spec.argv = ssh({}, dial());
  spec.env = io::own_environment();
  spec.deadline = std::chrono::seconds(45);
  try {
    first_ = io::spawn(loop_, std::move(spec), [this](const io::ChildResult& result) { began(result); });
  } catch (const std::system_error& error) {
    if (error.code().value() != ENOENT) throw;
    throw io::HostError(
        "an engine over ssh needs the program ssh, which is not there: install it (Debian: "
        "openssh-client)");
  }
  master_ = Master::beginning;
}

void SshBridge::began(const io::ChildResult& result) {
  first_.reset();
  note(result);
  const std::vector<io::Fd> waiting = std::exchange(waiting_, {});
  master_ = result.exit_code == 0 ? Master::present : Master::absent;
  if (master_ == Master::absent) return;  // their ends close
  try {
    for (const auto& far_end : waiting) join(far_end);
  } catch (const std::exception& error) {
    complaint_ = error.what();
  }
}

void SshBridge::join(const io::Fd& far_end) {
  sessions_.remove_if([](const auto& session) { return session->ended; });
  io::ChildSpec spec;
  spec.argv = ssh({}, dial());
  spec.env = io::own_environment();
  spec.socket = far_end.get();
  auto session = std::make_shared<Session>();
  session->child =
      io::spawn(loop_, std::move(spec), [this, raw = session.get()](const io::ChildResult& result) {
        raw->ended = true;
        note(result);
      });
  sessions_.push_back(std::move(session));
}

// A session that we have ended ourselves complains of that only when it was writing.
void SshBridge::note(const io::ChildResult& result) {
  if (result.exit_code == 0) return;
  const std::string words =
      result.deadline_passed ? "it did not answer within 45 s" : last_line(result.errors);
  spdlog::debug("ssh to {} ended with {}: {}", target_.host, result.exit_code, words);
  if (!words.empty()) complaint_ = words;
}

}  // namespace sandbox::docker
