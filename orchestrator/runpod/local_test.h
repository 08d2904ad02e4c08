// One job without any queue: what --test_input or the file test_input.json says. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/runpod/answers.h"

namespace orchestrator::runpod {

struct LocalTest {
  TakenJob job;
  std::string problem;  // a sentence, where there is no job: exit 1
};

// `text`: a job in RunPod's shape, or the input alone, as the predecessor's file has it.
LocalTest read_local_test(std::string_view text);

}  // namespace orchestrator::runpod
