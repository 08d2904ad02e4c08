// A temporary folder of one test, removed with it, and the git and shell programs to fill it with.
#pragma once

#include <string>
#include <vector>

namespace images {

class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::string path(const std::string& name = "") const;
  std::string make_folder(const std::string& name) const;
  void write(const std::string& name, const std::string& content) const;  // makes the folders on the way
  std::string read(const std::string& name) const;

 private:
  std::string root_;
};

struct Ran {
  int exit_code = -1;
  std::string output;  // stdout and stderr together
};
// Runs a shell line with a clean git configuration, fixed author and dates.
Ran shell(const std::string& line);
// Runs `git -C folder …` and returns its output without the last newline. A failure fails the test.
std::string git(const std::string& folder, const std::string& arguments);
// An empty repository with branch "main".
void init_repository(const std::string& folder);
// Everything of the folder as one commit; returns its id.
std::string commit_all(const std::string& folder, const std::string& message = "a commit");

}  // namespace images
