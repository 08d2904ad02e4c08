// What the supervisor's command line says.
#pragma once

#include <cstdint>

#include "sandbox/execution.h"

namespace supervisor {

struct RunOptions {
  std::int64_t timeout_ms = 0;  // of the command, from its start
  std::int64_t grace_ms = 0;    // between TERM and KILL
  bool gifts = false;           // secrets come over stdin before the command starts
  bool terminal = false;        // the command gets a terminal; typing comes over stdin, behind the gifts
  unsigned short rows = 0, columns = 0;
  const char* gift_dir = nullptr;  // another folder than kSecretDir, for tests without root
  const char* results[sandbox::kMaxResultGlobs + 1] = {};  // globs of result files, ended by a null pointer
  char** argv = nullptr;                                   // of the command, ended by a null pointer
};

// `words` are those after "run". Null when they make sense, otherwise what is wrong with them.
const char* parse_run_options(char** words, RunOptions& options);

}  // namespace supervisor
