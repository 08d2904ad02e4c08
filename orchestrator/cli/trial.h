// Whether isolation holds on this host, seen rather than asked: an engine says "enforced" also where its
// kernel, its runtime or its configuration makes nothing of it. Two attempts of a small shell program run
// with small limits; what they could do is judged. Used by `doctor`, on its loop.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/cli/finding.h"
#include "sandbox/image_store.h"
#include "sandbox/io/loop.h"
#include "sandbox/sandbox.h"

namespace orchestrator {

struct TrialRequest {
  std::string base;             // an image that the engine has, with a shell
  std::string_view supervisor;  // the binary
  std::string scratch;          // an existing folder of ours
  std::string id;               // of this process: no two trials share an image
};

// What the two attempts showed. The first tries everything but the number of processes, the second that, and
// whether anything of the first is left.
struct TrialSeen {
  struct Attempt {
    sandbox::ExecutionResult result;
    std::string out;
  };
  Attempt first, second;
};

// Some seconds at most. Leaves neither containers nor images. What breaks on the way is a finding too.
std::vector<Finding> try_attempts(io::Loop& loop, sandbox::Sandbox& sandbox, sandbox::ImageStore& images,
                                  const TrialRequest& request);

// Pure.
std::vector<Finding> judge(const TrialSeen& seen);

// Why no attempt should be run on a host with these findings: none can be, or it would not be isolated. A
// single limit that does nothing is no reason: reports say so. Pure.
std::optional<Finding> obstacle_to_attempts(const std::vector<Finding>& findings);

}  // namespace orchestrator
