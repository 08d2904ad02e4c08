// The comment of a pull request at GitHub: one, updated in place by every later run.
#pragma once

#include <string>

#include "orchestrator/remote/poster.h"

namespace orchestrator {

struct GithubTarget {
  std::string api = "https://api.github.com";  // checked (check_post_url), without a slash at its end
  std::string token;                           // sent to that host alone
  std::string repository;                      // "owner/project"
  int pull_request = 0;
};

// Changes the first comment whose text begins with `marker` and whose author is the token's (a bot, where the
// token does not tell whose it is: a person's comment is never written over); makes one when there is none.
// Throws PostError.
void put_comment(Poster& poster, const GithubTarget& target, const std::string& marker,
                 const std::string& text);

}  // namespace orchestrator
