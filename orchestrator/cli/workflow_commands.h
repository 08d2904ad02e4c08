// GitHub's runner obeys lines of a step's log that begin with "::", whoever wrote them; what this program
// prints holds names and outputs of the repository under test. While one of these lives, the runner is told
// to take no orders. Made by `ci`, on the main thread.
#pragma once

#include <string>

namespace orchestrator {

bool in_github_actions();

class WorkflowCommandsStopped {
 public:
  // Does nothing outside of GitHub Actions, nor when stdout is a document's (`stdout_is_data`).
  explicit WorkflowCommandsStopped(bool stdout_is_data);
  ~WorkflowCommandsStopped() { resume(); }
  WorkflowCommandsStopped(const WorkflowCommandsStopped&) = delete;
  WorkflowCommandsStopped& operator=(const WorkflowCommandsStopped&) = delete;

  // From here on the runner takes orders again: our own annotations.
  void resume();

 private:
  std::string token_;  // random: what is printed in between cannot end it
};

// 128 random bits, hex.
std::string random_token();

}  // namespace orchestrator
