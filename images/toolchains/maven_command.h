// What of the person's command decides what Maven downloads and compiles. Pure.
#pragma once

#include <string>
#include <vector>

namespace images {

struct MavenCommand {
  std::string folder = ".";        // where it is started: "app" in "cd app && mvn test"
  std::string program = "mvn";     // with the shell that reads a wrapper: "sh ./mvnw"
  std::vector<std::string> words;  // goals and options; never empty
};

// `test_words` as in InstallOptions. Of a command in which Maven is not to be seen, or not clearly, the goal
// `test`, by the wrapper when the tree has one (`has_wrapper`). What chooses tests, what is printed and how
// many threads there are is left out, so that it does not decide about a layer; `deploy` becomes `install`.
MavenCommand maven_command(const std::vector<std::string>& test_words, bool has_wrapper);

}  // namespace images
