#include "sandbox/supervisor/options.h"

#include <cstring>

#include "sandbox/execution.h"

namespace supervisor {
namespace {

constexpr std::int64_t kMaxMilliseconds = 1'000'000'000'000;  // some thirty years: sums cannot overflow

bool is(const char* word, const char* expected) { return std::strcmp(word, expected) == 0; }

bool parse_milliseconds(const char* word, std::int64_t& value) {
  if (word == nullptr || *word == '\0') return false;
  value = 0;
  for (; *word != '\0'; ++word) {
    if (*word < '0' || *word > '9') return false;
    value = value * 10 + (*word - '0');
    if (value > kMaxMilliseconds) return false;
  }
  return true;
}

// "24x80"
bool parse_size(const char* word, RunOptions& options) {
  unsigned numbers[2] = {0, 0};
  for (int i = 0; i < 2; ++i) {
    if (word == nullptr || *word < '0' || *word > '9') return false;
    for (; *word >= '0' && *word <= '9'; ++word)
      if ((numbers[i] = numbers[i] * 10 + static_cast<unsigned>(*word - '0')) > 65535) return false;
    if (i == 0 && *word++ != 'x') return false;
  }
  options.rows = static_cast<unsigned short>(numbers[0]);
  options.columns = static_cast<unsigned short>(numbers[1]);
  return *word == '\0';
}

}  // namespace

const char* parse_run_options(char** words, RunOptions& options) {
  options.gift_dir = sandbox::kSecretDir;
  bool has_grace = false;
  std::size_t globs = 0;
  for (; *words != nullptr && !is(*words, "--"); ++words) {
    if (is(*words, "--timeout-ms")) {
      if (!parse_milliseconds(*++words, options.timeout_ms) || options.timeout_ms == 0)
        return "--timeout-ms needs a number above 0";
    } else if (is(*words, "--grace-ms")) {
      if (!parse_milliseconds(*++words, options.grace_ms)) return "--grace-ms needs a number";
      has_grace = true;
    } else if (is(*words, "--gifts")) {
      options.gifts = true;
    } else if (is(*words, "--results")) {
      if (*++words == nullptr || globs == sandbox::kMaxResultGlobs)
        return "--results needs a glob, and may be given 16 times";
      options.results[globs++] = *words;
    } else if (is(*words, "--terminal")) {
      if (!parse_size(*++words, options)) return "--terminal needs a size as in 24x80";
      options.terminal = true;
    } else if (is(*words, "--gift-dir")) {
      if (*++words == nullptr) return "--gift-dir needs a folder";
      options.gift_dir = *words;
    } else {
      return "an unknown option";
    }
  }
  if (options.timeout_ms == 0 || !has_grace) return "--timeout-ms and --grace-ms are needed";
  if (*words == nullptr || words[1] == nullptr) return "the command is missing: -- argv...";
  options.argv = words + 1;
  return nullptr;
}

}  // namespace supervisor
