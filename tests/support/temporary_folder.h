// A folder that goes away with the test that needs it.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace testing_support {

class TemporaryFolder {
 public:
  // Empty.
  TemporaryFolder() {
    char name[] = "/tmp/orchestrator-test-XXXXXX";
    if (!mkdtemp(name)) throw std::system_error(errno, std::generic_category(), "no temporary folder");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace testing_support
