#include "tests/unit/checkout/scratch.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace images {
namespace fs = std::filesystem;

Scratch::Scratch() {
  std::string pattern = (fs::temp_directory_path() / "checkout-test-XXXXXX").string();
  root_ = fs::canonical(::mkdtemp(pattern.data())).string();
}

Scratch::~Scratch() {
  std::error_code ignored;
  fs::remove_all(root_, ignored);
}

std::string Scratch::path(const std::string& name) const { return name.empty() ? root_ : root_ + "/" + name; }

std::string Scratch::make_folder(const std::string& name) const {
  fs::create_directories(path(name));
  return path(name);
}

void Scratch::write(const std::string& name, const std::string& content) const {
  fs::create_directories(fs::path(path(name)).parent_path());
  std::ofstream(path(name), std::ios::binary) << content;
}

std::string Scratch::read(const std::string& name) const {
  std::ifstream in(path(name), std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

Ran shell(const std::string& line) {
  const std::string clean =
      "export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_TERMINAL_PROMPT=0 LC_ALL=C "
      "GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com GIT_COMMITTER_NAME=a "
      "GIT_COMMITTER_EMAIL=a@example.com GIT_AUTHOR_DATE='1700000000 +0000' "
      "GIT_COMMITTER_DATE='1700000000 +0000'; exec 2>&1; ";
  Ran ran;
  FILE* pipe = ::popen((clean + line).c_str(), "r");
  if (!pipe) return ran;
  char buffer[4096];
  while (std::size_t got = std::fread(buffer, 1, sizeof buffer, pipe)) ran.output.append(buffer, got);
  const int status = ::pclose(pipe);
  ran.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ran;
}

std::string git(const std::string& folder, const std::string& arguments) {
  Ran ran = shell("git -C '" + folder + "' " + arguments);
  EXPECT_EQ(ran.exit_code, 0) << "git " << arguments << ": " << ran.output;
  while (ran.output.ends_with('\n')) ran.output.pop_back();
  return ran.output;
}

void init_repository(const std::string& folder) {
  fs::create_directories(folder);
  git(folder, "init -q -b main");
}

std::string commit_all(const std::string& folder, const std::string& message) {
  git(folder, "add -A");
  git(folder, "commit -q --allow-empty -m '" + message + "'");
  return git(folder, "rev-parse HEAD");
}

}  // namespace images
