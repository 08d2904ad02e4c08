#include "orchestrator/job/job.h"
#include "orchestrator/job/quoted.h"

namespace orchestrator {
namespace {

std::string one_line(const FieldError& error) {
  std::string text;
  for (const auto& part : {error.where, error.pointer, error.message}) {
    if (part.empty()) continue;
    if (!text.empty()) text += ": ";
    text += part;
  }
  return text;
}

std::string all_lines(const std::vector<FieldError>& errors, const std::string& where) {
  std::string text;
  for (auto error : errors) {
    if (error.where.empty()) error.where = where;
    if (!text.empty()) text += '\n';
    text += one_line(error);
  }
  return text;
}

}  // namespace

void add_error(std::vector<FieldError>& errors, FieldError error) {
  constexpr std::size_t kLongestPointer = 200, kLongestMessage = 1'000;
  if (errors.size() > kMostErrors) return;
  if (errors.size() == kMostErrors) {
    errors.push_back(
        {"", "there are more mistakes than these " + std::to_string(kMostErrors), std::move(error.where)});
    return;
  }
  error.pointer = at_most(error.pointer, kLongestPointer);
  error.message = at_most(error.message, kLongestMessage);
  errors.push_back(std::move(error));
}

InvalidJob::InvalidJob(std::vector<FieldError> errors, std::string where)
    : std::runtime_error(all_lines(errors, where)), errors_(std::move(errors)) {
  for (auto& error : errors_) {
    if (error.where.empty()) error.where = where;
  }
}

}  // namespace orchestrator
