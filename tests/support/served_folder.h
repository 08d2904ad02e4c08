// A folder served by http on this host's address in the engine's usual network: who has that network reaches
// it, who has none does not.
#pragma once

#include <optional>
#include <regex>
#include <string>

#include "tests/support/companion.h"
#include "tests/support/host_address.h"

namespace testing_support {

class ServedFolder {
 public:
  ServedFolder() {
    server_.emplace(std::vector<std::string>{"python3", "-u", "-m", "http.server", "0", "--bind", host_,
                                             "--directory", folder_.path()});
  }
  std::string path(const std::string& name) const { return folder_ / name; }
  // "Serving HTTP on ADDRESS port NUMBER (http://…) ..."
  std::string url() const {
    std::smatch port;
    std::regex_search(server_->first_line(), port, std::regex(" port ([0-9]+)"));
    return "http://" + host_ + ":" + port.str(1);
  }

 private:
  const std::string host_ = host_address();
  TemporaryFolder folder_;
  std::optional<Companion> server_;
};

}  // namespace testing_support
