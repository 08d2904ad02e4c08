// From a plan and an image to the specification of one attempt. Pure: same plan, image and index, same
// attempt.
#pragma once

#include <string>
#include <vector>

#include "images/recipe.h"
#include "orchestrator/analysis/condition.h"
#include "orchestrator/job/job.h"
#include "sandbox/sandbox.h"

namespace orchestrator {

struct AttemptContext {
  const JobPlan& plan;
  const images::BuiltImage& image;
  const images::Toolchain& toolchain;
  std::vector<std::string> packages;  // resolved, for frameworks whose seed depends on them
  sandbox::EnvList secret_values;     // of plan.secret_env
  std::string run_id;
  Condition condition;
};

sandbox::AttemptSpec attempt_spec(const AttemptContext& context, int index);

// Whether a shell line ended with 126 or 127 because its first word cannot be run, told from the shell's own
// words.
bool first_word_not_runnable(const TestCommand& command, int exit_code, std::string_view stderr_head);

}  // namespace orchestrator
