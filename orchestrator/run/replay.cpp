#include "orchestrator/run/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "orchestrator/job/image_reference.h"
#include "orchestrator/report/words.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

// The labels that an engine puts on the last layer of a recipe.
constexpr const char* kKindLabel = "orchestrator.kind";
constexpr const char* kSealed = "seal";

// Of a folder the plan has the absolute path. It need not be there any more.
bool is_folder(const std::string& repo) { return repo.starts_with('/'); }

}  // namespace

JobPlan replayed_plan(const Replay& replay, int engine_cpus) {
  JobPlan plan = replay.saved.plan;
  plan.only_attempt = replay.record.attempt.index;
  if (*plan.only_attempt >= plan.attempts()) plan.runs = *plan.only_attempt + 1;
  plan.until_sure.reset();
  plan.deadline.reset();
  plan.save_full_output = plan.keep = false;
  if (plan.pull == "always") plan.pull = "missing";  // a tag that has moved is what a replay does not want
  const double fitting = std::clamp(std::floor(engine_cpus / plan.limits.cpus), 1.0, 1000.0);
  plan.parallelism = std::min({plan.parallelism, static_cast<int>(fitting), replay.record.times});
  return plan;
}

images::BuiltImage replayed_image(const SavedRun& saved, const sandbox::Image& image) {
  const auto kind = image.labels.find(kKindLabel);
  if (kind == image.labels.end() || kind->second != kSealed)
    throw io::RequestError(fmt::format("the image of the report, {}, is none that a run has made",
                                       one_line(saved.environment.image.id)));
  images::BuiltImage built;
  built.id = image.id;
  built.base_reference = saved.environment.image.base_reference;
  built.base_id = saved.environment.image.base_id;
  built.base_digest = saved.environment.image.base_digest;
  built.tree_hash = saved.environment.tree_hash;
  built.packages = saved.environment.packages;
  // The sealed image's configuration holds all variables but the one that is an attempt's own.
  for (const auto& variable : image.env)
    if (variable.first != "HOME") built.env.push_back(variable);
  return built;
}

std::optional<images::PinnedBase> pinned_base(const SavedRun& saved) {
  const SavedImage& image = saved.environment.image;
  const std::string& reference = image.base_reference;
  if (image.base_digest.empty() || reference.empty() || reference.find('@') != std::string::npos)
    return std::nullopt;
  const auto colon = reference.rfind(':');
  const bool tagged = colon != std::string::npos && reference.find('/', colon) == std::string::npos;
  std::string by_digest = (tagged ? reference.substr(0, colon) : reference) + "@" + image.base_digest;
  // Both come from a file that somebody may have edited.
  if (!check_image_reference(by_digest).empty()) return std::nullopt;
  return images::PinnedBase{reference, std::move(by_digest)};
}

std::optional<images::ChangedFiles> replayed_changes(const SavedRun& saved) {
  if (saved.changed_base.empty()) return std::nullopt;
  return images::ChangedFiles{saved.changed_base, saved.changed_files};
}

images::Source replayed_source(const SavedRun& saved) {
  images::Source source;
  source.local = is_folder(saved.plan.repo);
  if (!source.local) source.url = saved.plan.repo;
  source.ref = saved.environment.ref;
  source.commit = saved.environment.commit;
  source.dirty = saved.environment.dirty;
  source.tree_hash = saved.environment.tree_hash;
  source.changes = replayed_changes(saved);
  return source;
}

bool is_a_commit(const SavedRun& saved) {
  if (saved.environment.commit.empty()) return false;
  return !is_folder(saved.plan.repo) || (!saved.environment.dirty && saved.plan.include.empty());
}

void check_same_sources(const Replay& replay, const images::Source& found) {
  const SavedRun& saved = replay.saved;
  if (is_a_commit(saved) || found.tree_hash == saved.environment.tree_hash) return;
  throw io::RequestError(fmt::format(
      "attempt {} cannot be run again: the folder {} has changed since (its tree was {}, it is "
      "{} now), and the "
      "engine no longer has the image {}",
      replay.record.attempt.number, one_line(saved.plan.repo), short_hash(saved.environment.tree_hash),
      short_hash(found.tree_hash), one_line(saved.environment.image.id)));
}

}  // namespace orchestrator
