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

struct GatheredJob {
  // Flags over the job file over the environment. A folder as repository is absolute: it is meant from where
  // the caller sits.
  JobRequest said;
  JobRequest user;  // the named config, else the one at the usual place if it is there
};
// Throws the mistakes of all sources at once.
GatheredJob gather_job(const CommandLine& options, const GetEnv& getenv);
// The same for flags with mistakes: theirs and those of all other sources. Without `all_flags_read` nothing
// can be said to be missing.
std::vector<FieldError> all_mistakes(const CommandLine& options, const JobReading& flags, bool all_flags_read,
                                     const GetEnv& getenv);
// Where flags are all that a person wrote, a mistake is named by its flag, not by its place in a job.
std::vector<FieldError> named_for(const CommandLine& options, std::vector<FieldError> errors);

// The token, bound to the host of the repository that was asked for; none for a folder.
std::optional<images::GitCredential> gather_credential(const CommandLine& options, const std::string& repo,
                                                       const GetEnv& getenv);
// What of this account's own access to git its own run may use: ssh for the repository's host (or --git-host)
// and git's own settings; nothing for a folder.
images::GitAccess gather_access(const CommandLine& options, const std::string& repo);
// Of a service: ssh for the host that --git-host names, with --ssh-key alone. Throws io::RequestError where
// one is said without the other.
images::GitAccess gather_service_access(const CommandLine& options);
// The operator's defaults for all jobs of a service: ORCHESTRATOR_…, but for what is about one repository.
// Throws InvalidJob.
JobRequest service_defaults(const GetEnv& getenv);
// The token of a service, bound to the host that --git-host names. Throws io::RequestError where it names
// none.
std::optional<images::GitCredential> gather_service_credential(const CommandLine& options,
                                                               const GetEnv& getenv);
// The token of --on, if a flag says where it is.
std::string gather_remote_token(const CommandLine& options, const GetEnv& getenv);
// A file that a flag names, "-" for stdin; at most 9 MiB of it are read. `what` begins the sentence when it
// cannot be read.
std::string read_callers_file(const std::string& path, const std::string& what);
// The caller's values of those variables.
sandbox::EnvList gather_secrets(const std::vector<std::string>& names, const GetEnv& getenv);

}  // namespace orchestrator
