// One thing to run in isolation. An attempt and an install step are both one; the same machinery runs both.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sandbox/limits.h"

namespace sandbox {

enum class Network {
  none,      // loopback only
  internal,  // a network of its own without a way out
  bridge,    // the engine's network, with a way out
};

enum class Privilege {
  test,     // numeric non-root user, no capability
  install,  // root inside, the engine's default capabilities less NET_RAW and MKNOD
};

using EnvList = std::vector<std::pair<std::string, std::string>>;
// Its value; nullptr where it is not set.
const std::string* find_variable(const EnvList& env, std::string_view name);
// Sets or replaces one variable.
void set_variable(EnvList& env, std::string_view name, std::string value);

// A file that exists only while the execution runs (in a tmpfs) and is in no layer, config or history of the
// engine. It travels over the supervisor's stdin.
struct SecretFile {
  std::string name;  // a plain file name; it appears as kSecretDir/name, readable by the command
  std::string content;
};

inline constexpr const char* kSecretDir = "/run/orchestrator";
inline constexpr const char* kTestUser = "10001";  // uid and gid; its passwd entry is made by the tools layer
inline constexpr const char* kHomeDir = "/home/attempt";
inline constexpr const char* kWorkDir = "/work";
inline constexpr const char* kSupervisorPath = "/.orchestrator/supervisor";

inline constexpr std::size_t kMaxResultGlobs = 16;
inline constexpr std::size_t kMaxResultGlob = 1024;  // bytes of one

// Of a terminal, in characters.
struct TerminalSize {
  unsigned short rows = 24, columns = 80;
};

struct Execution {
  std::vector<std::string> argv;         // exact; argv[0] is looked up in PATH of `env`
  EnvList env;                           // complete: nothing of the host's environment is added
  EnvList secret_env;                    // same meaning, but never shown to the engine
  std::vector<SecretFile> secret_files;  // same
  std::string workdir = kWorkDir;
  // Globs of files that the command leaves and that are handed on when it has ended, however it ended; below
  // `workdir` or absolute. `*`, `?` and `[…]` stay within a name, `**` is any number of folders. See
  // sandbox/supervisor/result_files.h for what counts, frames/frame.h for the bounds.
  std::vector<std::string> results;
  Network network = Network::none;
  Privilege privilege = Privilege::test;
  Limits limits;
};

}  // namespace sandbox
