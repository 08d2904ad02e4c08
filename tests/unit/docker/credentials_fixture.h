// A person's home with files of docker and podman in it, and helpers that are found first in PATH. All
// variables that say where credentials are belong to the test as long as it runs.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>

#include "tests/support/temporary_folder.h"

namespace testing_support {

class APersonsHome : public ::testing::Test {
 protected:
  APersonsHome() {
    for (const char* variable : {"HOME", "PATH", "DOCKER_CONFIG", "DOCKER_AUTH_CONFIG", "REGISTRY_AUTH_FILE",
                                 "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"}) {
      const char* value = getenv(variable);
      before_[variable] = value ? std::optional<std::string>(value) : std::nullopt;
      unsetenv(variable);
    }
    set("HOME", home_);
    set("PATH", home_ + "/bin:/usr/bin:/bin");
    set("XDG_RUNTIME_DIR", home_ + "/run");
  }
  ~APersonsHome() override {
    for (const auto& [variable, value] : before_)
      value ? setenv(variable.c_str(), value->c_str(), 1) : unsetenv(variable.c_str());
  }

  static void set(const char* variable, const std::string& value) { setenv(variable, value.c_str(), 1); }
  std::string write(const std::string& path, const std::string& text) const {
    const std::filesystem::path file = home_ + "/" + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
    return file;
  }
  // `script` is sh; what it was asked for is in $server.
  void helper(const std::string& name, const std::string& script) const {
    const std::string file = write("bin/docker-credential-" + name,
                                   "#!/bin/sh\n[ \"$1\" = get ] || exit 9\nserver=$(cat)\n" + script + "\n");
    std::filesystem::permissions(file, std::filesystem::perms(0755));
  }

  const testing_support::TemporaryFolder temporary_;
  const std::string home_ = temporary_.path();

 private:
  std::map<std::string, std::optional<std::string>> before_;
};

}  // namespace testing_support
