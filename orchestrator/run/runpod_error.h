// The text of an error as RunPod's clients expect it: a string that holds JSON with six keys, which some of
// them parse.
#pragma once

#include <exception>
#include <string>

#include "orchestrator/report/failure.h"

namespace orchestrator {

// `hostname` and `worker` may be empty. Of a long message it keeps head and tail, so that all is, as a string
// of a body, at most some `most_bytes`. No path of the host and no secret is in it as long as none is in the
// message.
std::string runpod_error(const Failure& failure, const std::string& program_version,
                         const std::string& hostname, const std::string& worker,
                         std::size_t most_bytes = 512 * 1024);

struct ToldError {
  std::string message;  // a sentence; what is not such a text stands here as it is
  std::string kind;     // see Failure::kind; empty: not told
};

// Reads what runpod_error() wrote. A worker elsewhere may have handed in anything: never throws.
ToldError read_runpod_error(const std::string& text);

// What the predecessor's clients look for: the sentences alone, a line each, without the place in the request
// that each is about. Places in a file of the repository stay: nobody could find them.
std::string plain_message(const std::exception_ptr& error);

}  // namespace orchestrator
