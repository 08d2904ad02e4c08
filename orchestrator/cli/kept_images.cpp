#include "orchestrator/cli/kept_images.h"

#include <fmt/format.h>

#include <algorithm>

#include "images/bases/bootstrap.h"
#include "orchestrator/report/report.h"
#include "orchestrator/report/words.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

template <class T, class Start>
T answer(Session& session, Start start) {
  return io::await<io::Result<T>>(session.loop(), start).value();
}

// In the order of images::base_recipes().
std::vector<std::optional<sandbox::Image>> known_base_images(Session& session) {
  std::vector<std::optional<sandbox::Image>> bases;
  for (const auto& recipe : images::base_recipes())
    bases.push_back(answer<std::optional<sandbox::Image>>(
        session, [&](auto done) { session.engine().images().inspect(recipe.reference, std::move(done)); }));
  return bases;
}

KnownImage known(const sandbox::Image& image, HostSharing* sharing) {
  KnownImage one{image, std::nullopt, false, ImageOwner::others};
  if (!sharing) return one;
  one.owner = owner_of(image, sharing->uses());
  const auto layer = layer_name(image);
  if (!layer) return one;
  one.last_use = sharing->uses().last_use(*layer);
  one.in_use = sharing->uses().in_use(*layer);
  return one;
}

}  // namespace

std::vector<ListedImage> images_of(Session& session) {
  const auto images = answer<std::vector<sandbox::Image>>(
      session, [&](auto done) { session.engine().images().list(std::move(done)); });
  std::vector<KnownImage> ours;
  for (const auto& image : images) ours.push_back(known(image, session.sharing()));
  return listed_images(ours, known_base_images(session));
}

std::optional<std::int64_t> budget_of(Session& session) {
  return session.sharing() ? session.sharing()->image_budget() : std::nullopt;
}

RemovalResult remove_now(Session& session, RemovalRequest request) {
  if (!session.sharing())
    throw io::HostError("nobody knows which images are in use: the state folder cannot be used, see above");
  auto result = answer<RemovalResult>(session, [&](auto done) {
    remove_images(session.engine().images(), session.sharing()->uses(), request, std::move(done));
  });
  if (result.busy)
    throw io::HostError(
        "another process of this host is removing images just now: try again when it is done");
  return result;
}

std::string pruned_words(const RemovalResult& result, bool dry_run) {
  return fmt::format("{} {}, {}; layers of {} stay", dry_run ? "would remove" : "removed",
                     counted(result.removed.size(), "image"),
                     size_text(static_cast<std::uint64_t>(result.removed_bytes)),
                     size_text(static_cast<std::uint64_t>(result.left_bytes)));
}

std::string removal_line(const UsedImage& one, std::chrono::system_clock::time_point now) {
  const auto kind = one.image.labels.find(sandbox::kKindLabel);
  const auto minutes =
      std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::minutes>(now - one.last_use).count());
  const std::string unused =
      minutes < 120 ? fmt::format("{} min", minutes) : fmt::format("{} h", minutes / 60);
  return fmt::format(
      "{:<12}  {:>10}  unused for {}  {}", for_terminal(kind == one.image.labels.end() ? "" : kind->second),
      size_text(static_cast<std::uint64_t>(one.image.own_bytes)), unused,
      for_terminal(one.image.references.empty() ? one.image.id.substr(0, 19) : one.image.references.front()));
}

}  // namespace orchestrator
