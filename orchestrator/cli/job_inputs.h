// What a run takes from this host beside its flags: the job file, the user's config, variables, the git token
// and the CA. Read once, before anything is started, so that what is wrong with them costs nothing. All
// functions throw io::RequestError or InvalidJob.
#pragma once

#include <optional>
#include <string>

#include "images/checkout/checkout.h"
#include "orchestrator/cli/options.h"
#include "orchestrator/job/job.h"
#include "sandbox/execution.h"

namespace orchestrator {

// Flags over the job file over the environment. A folder as repository becomes absolute: it is meant from
// where the caller sits.
JobRequest gather_request(const CommandLine& options, const GetEnv& getenv);
// The named one, else the one at the usual place if it is there.
JobRequest gather_user_config(const CommandLine& options, const GetEnv& getenv);
// The token, bound to the host of the repository that was asked for; none for a folder.
std::optional<images::GitCredential> gather_credential(const CommandLine& options, const std::string& repo,
                                                       const GetEnv& getenv);
// The caller's values of those variables.
sandbox::EnvList gather_secrets(const std::vector<std::string>& names, const GetEnv& getenv);

}  // namespace orchestrator
