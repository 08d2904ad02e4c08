// Where a report is posted when it is done. What is missing for it is known before the first attempt; what
// fails later is a warning and changes neither verdict nor exit code.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/cli/github_comment.h"
#include "orchestrator/cli/options.h"
#include "orchestrator/report/slack_message.h"

namespace orchestrator {

struct PostSettings {
  std::optional<GithubTarget> github;
  std::string slack_url;  // a secret as a whole
  RunPlace place;
  std::vector<std::string> notes;  // why something that was asked for will not be posted, a sentence each

  bool any() const { return github || !slack_url.empty(); }
};

// From --post-github, --post-slack, --pr and the variables of GitHub Actions and GitLab CI; secrets come from
// variables only. Not for a pull request, or without secrets (as in one from a fork, where a CI sets their
// variables to nothing): a note. Throws io::RequestError for what is wrong or missing.
PostSettings gather_posting(const CommandLine& options, const GetEnv& getenv);

// Returns what could not be posted and why, a sentence each; no secret in them.
std::vector<std::string> post_report(Poster& poster, const PostSettings& settings, const Report& report,
                                     const Spool& spool);

}  // namespace orchestrator
