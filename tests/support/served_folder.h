// A folder served by http on this host's address in the engine's usual network: who has that network reaches
// it, who has none does not.
#pragma once

#include <optional>
#include <regex>
#include <string>

#include "tests/support/companion.h"

namespace testing_support {

class ServedFolder {
 public:
  ServedFolder() {
    server_.emplace(std::vector<std::string>{"python3", "-u", "-m", "http.server", "0", "--bind", host(),
                                             "--directory", folder_.path()});
  }
  std::string path(const std::string& name) const { return folder_ / name; }
  // "Serving HTTP on ADDRESS port NUMBER (http://…) ..."
  std::string url() const {
    std::smatch port;
    std::regex_search(server_->first_line(), port, std::regex(" port ([0-9]+)"));
    return "http://" + host() + ":" + port.str(1);
  }

 private:
  static std::string host() {
    std::string printed = shell("docker network inspect -f '{{(index .IPAM.Config 0).Gateway}}' bridge");
    printed.erase(printed.find_last_not_of(" \n") + 1);
    return printed;
  }

  TemporaryFolder folder_;
  std::optional<Companion> server_;
};

}  // namespace testing_support
