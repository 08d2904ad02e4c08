#include "orchestrator/job/job.h"

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

InvalidJob::InvalidJob(std::vector<FieldError> errors, std::string where)
    : std::runtime_error(all_lines(errors, where)), errors_(std::move(errors)) {
  for (auto& error : errors_) {
    if (error.where.empty()) error.where = where;
  }
}

}  // namespace orchestrator
