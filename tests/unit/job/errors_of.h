// The mistakes of a request as text, one "pointer: message" a line, for tests.
#pragma once

#include <string>

#include "orchestrator/job/job.h"

namespace orchestrator::testing {

inline std::string lines(const std::vector<FieldError>& errors) {
  std::string text;
  for (const auto& error : errors) text += error.pointer + ": " + error.message + "\n";
  return text;
}

// "" when `call` throws no InvalidJob.
template <typename Call>
std::string errors_of(Call call) {
  try {
    call();
  } catch (const InvalidJob& error) {
    return lines(error.errors());
  }
  return "";
}

// what() of the InvalidJob; "" when there is none.
template <typename Call>
std::string text_of(Call call) {
  try {
    call();
  } catch (const InvalidJob& error) {
    return error.what();
  }
  return "";
}

}  // namespace orchestrator::testing
