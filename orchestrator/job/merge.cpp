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

// Of fields that exclude each other, whoever speaks first of one has spoken of all.
void leave_out_contradictions(const JobRequest& strong, JobRequest& weak) {
  if (strong.image || strong.dockerfile) {
    // Arguments that stand beside no Dockerfile are meant for any.
    if (strong.image || weak.dockerfile || weak.image) weak.build_args.clear();
    weak.image.reset();
    weak.dockerfile.reset();
  }
  if (strong.until_sure || strong.max_runs) weak.runs.reset();
  if (strong.runs) {
    weak.until_sure.reset();
    weak.max_runs.reset();
  }
  if (strong.only_attempt && weak.runs && *weak.runs <= *strong.only_attempt) weak.runs.reset();
  if (strong.order || strong.repeat_in_process) weak.vary.reset();
  if (strong.vary && *strong.vary != "none") {
    weak.order.reset();
    weak.repeat_in_process.reset();
  }
}

}  // namespace

JobRequest merge(JobRequest strong, const JobRequest& weak) {
  JobRequest rest = weak;
  leave_out_contradictions(strong, rest);
  for (const auto& field : job_fields()) {
    if (field.alias) continue;
    std::visit([&](auto member) { Merge()(strong.*member, rest.*member); }, field.member);
  }
  strong.warnings.insert(strong.warnings.end(), weak.warnings.begin(), weak.warnings.end());
  return strong;
}

}  // namespace orchestrator
