// GitHub Actions' workflow commands, which the runner reads from what a step prints.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include "orchestrator/report/report.h"

namespace orchestrator {

// GitHub shows so many of a kind per step and drops the rest without a word.
inline constexpr int kMostAnnotations = 10;

// An error for each failing test and a warning for each that is flaky, worst first, at the line where it
// failed as far as that is known; where tests are not told apart, one for the command. None for what `ci`
// excuses. At most kMostAnnotations of a kind; how many there are beyond is a notice. Throws
// std::system_error when the spool cannot be read.
void write_github_annotations(const Report& report, const Spool& spool, std::ostream& out);

// While it lives, the runner takes nothing that is printed for a command: for text of others. Writes a line
// at both ends.
class StoppedCommands {
 public:
  explicit StoppedCommands(std::ostream& out);  // with a token that nobody can guess
  StoppedCommands(std::ostream& out, std::string token);
  ~StoppedCommands();
  StoppedCommands(const StoppedCommands&) = delete;
  StoppedCommands& operator=(const StoppedCommands&) = delete;

 private:
  std::ostream& out_;
  std::string token_;
};

}  // namespace orchestrator
