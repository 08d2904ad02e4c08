// What a job that runs one attempt of an earlier run again is made of. Pure.
#pragma once

#include <optional>
#include <string>

#include "images/recipe.h"
#include "orchestrator/report/replay.h"
#include "orchestrator/report/saved_run.h"
#include "sandbox/image_store.h"

namespace orchestrator {

struct Replay {
  SavedRun saved;
  ReplayRecord record;  // which attempt, how often; what differs is found out later
};

// The plan of the replay: as it was, but for what is about a whole run (its number of attempts, its deadline,
// when to stop, what to keep). At most as many attempts at once as then, and as this host's CPUs allow.
JobPlan replayed_plan(const Replay& replay, int engine_cpus);
// The image that the engine still has, as a recipe would have made it. Throws io::RequestError when it is
// none that this program has sealed: a report must not make us run just any image of the host.
images::BuiltImage replayed_image(const SavedRun& saved, const sandbox::Image& image);
// The base that a rebuilt image is to stand on, by the digest that its registry knew it by. Nothing when the
// report knows none: of a base that was made here, only its name can be followed.
std::optional<images::PinnedBase> pinned_base(const SavedRun& saved);
// Where the sources came from, as the report says.
images::Source replayed_source(const SavedRun& saved);
// Which files' tests had attempts of their own: not compared anew.
std::optional<images::ChangedFiles> replayed_changes(const SavedRun& saved);
// The sources can be had again by their commit: not those of a folder that had been changed, or into which
// ignored files were brought.
bool is_a_commit(const SavedRun& saved);
// Does the checkout hold what the attempt ran on? A folder must be as it was; of a commit only tags may
// differ. Throws io::RequestError with one sentence.
void check_same_sources(const Replay& replay, const images::Source& found);

}  // namespace orchestrator
