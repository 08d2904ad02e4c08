// Where `serve` takes what its command line leaves open: variables, then a file. Both say the same words as
// the flags.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/cli/options.h"
#include "orchestrator/job/job.h"

namespace orchestrator {

inline constexpr const char* kServeConfig = "/etc/orchestrator/serve.yml";

// The flags that `words` do not hold and that a variable (ORCHESTRATOR_SERVE_LISTEN, …; lists with commas) or
// the file says: `listen: 0.0.0.0:8080`. The file is that of --config or $ORCHESTRATOR_SERVE_CONFIG, which
// must be there, else the usual one, which may be. What is wrong with it is added to `errors`; --config
// itself is taken out of `words`.
std::vector<std::string> serve_settings(std::vector<std::string>& words, const GetEnv& getenv,
                                        std::vector<FieldError>& errors);

}  // namespace orchestrator
