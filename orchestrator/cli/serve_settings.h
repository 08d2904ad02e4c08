// Where `serve` takes what its command line leaves open: variables, then a file. Both say the same words as
// the flags.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "orchestrator/cli/options.h"
#include "orchestrator/job/job.h"

namespace orchestrator {

inline constexpr const char* kServeConfig = "/etc/orchestrator/serve.yml";

struct ServeFlags {
  std::vector<std::string> words;
  // Where each was said, by its flag: the variable, or the key and its file. A complaint about a value names
  // that.
  std::map<std::string, FieldError> places;
};

// The flags that `words` do not hold and that a variable (ORCHESTRATOR_SERVE_LISTEN, …; lists with commas) or
// the file says: `listen: 0.0.0.0:8080`. The file is that of --config or $ORCHESTRATOR_SERVE_CONFIG, which
// must be there, else the usual one, which may be. What is wrong with it is added to `errors`, and each of
// `variables`, all names that there are, which looks like one of these and is none; --config itself is taken
// out of `words`.
ServeFlags serve_settings(std::vector<std::string>& words, const GetEnv& getenv,
                          const std::vector<std::string>& variables, std::vector<FieldError>& errors);

}  // namespace orchestrator
