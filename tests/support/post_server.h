// tests/support/post_server.py: GitHub's comments and Slack's webhook on this host.
#pragma once

#include <sstream>

#include "tests/support/companion.h"

namespace testing_support {

class PostServer {
 public:
  // `comments`: those that there are, as GitHub has them.
  explicit PostServer(std::vector<std::string> more = {},
                      const nlohmann::json& comments = nlohmann::json::array())
      : companion_(argv(std::move(more), comments)) {}

  std::string url() const { return "http://127.0.0.1:" + companion_.first_line(); }
  nlohmann::json comments() const { return nlohmann::json::parse(read_file(folder_ / "comments")); }
  // What was asked, in its order.
  std::vector<nlohmann::json> requests() const {
    std::vector<nlohmann::json> all;
    std::istringstream lines(read_file(folder_ / "log"));
    for (std::string line; std::getline(lines, line);)  // the last one may be there in part
      if (auto request = nlohmann::json::parse(line, nullptr, false); request.is_object())
        all.push_back(std::move(request));
    return all;
  }

 private:
  std::vector<std::string> argv(std::vector<std::string> more, const nlohmann::json& comments) const {
    write_file(folder_ / "comments", comments.dump());
    std::vector<std::string> words{"python3",    source_path("tests/support/post_server.py"),
                                   "--log",      folder_ / "log",
                                   "--comments", folder_ / "comments"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  TemporaryFolder folder_;
  Companion companion_;
};

}  // namespace testing_support
