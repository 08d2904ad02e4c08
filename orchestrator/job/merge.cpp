#include "orchestrator/job/field_table.h"

namespace orchestrator {
namespace {

// What is said wins; environment variables are joined name by name; lists are replaced as a whole.
struct Merge {
  template <typename Value>
  void operator()(std::optional<Value>& strong, const std::optional<Value>& weak) const {
    if (!strong) strong = weak;
  }
  template <typename Value>
  void operator()(std::vector<Value>& strong, const std::vector<Value>& weak) const {
    if (strong.empty()) strong = weak;
  }
  void operator()(std::map<std::string, std::string>& strong,
                  const std::map<std::string, std::string>& weak) const {
    strong.insert(weak.begin(), weak.end());
  }
};

}  // namespace

JobRequest merge(JobRequest strong, const JobRequest& weak) {
  // An image and a Dockerfile exclude each other: whoever speaks first of one has spoken of both.
  const bool base_said = strong.image || strong.dockerfile;
  JobRequest rest = weak;
  if (base_said) {
    rest.image.reset();
    rest.dockerfile.reset();
  }
  for (const auto& field : job_fields()) {
    if (field.alias) continue;
    std::visit([&](auto member) { Merge()(strong.*member, rest.*member); }, field.member);
  }
  strong.warnings.insert(strong.warnings.end(), weak.warnings.begin(), weak.warnings.end());
  return strong;
}

}  // namespace orchestrator
