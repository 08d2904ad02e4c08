#include "orchestrator/cli/image_list.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "images/bases/bootstrap.h"
#include "orchestrator/report/report.h"
#include "orchestrator/report/words.h"

namespace orchestrator {
namespace {

using Time = std::chrono::system_clock::time_point;

constexpr const char* kBase = "base";

std::string kind_of(const sandbox::Image& image) {
  const auto found = image.labels.find("orchestrator.kind");
  return found == image.labels.end() ? "" : found->second;
}

ListedImage listed(const sandbox::Image& image, const std::string& kind) {
  ListedImage one;
  one.kind = kind;
  one.references = image.references;
  one.id = image.id;
  one.size_bytes = one.own_bytes = image.size_bytes;
  if (image.created != Time{}) one.created = image.created;
  return one;
}

ListedImage listed(const KnownImage& known) {
  ListedImage one = listed(known.image, kind_of(known.image));
  one.own_bytes = known.image.own_bytes;
  one.last_use = known.last_use;
  one.in_use = known.in_use;
  one.owner = known.owner;
  return one;
}

// "40 s", "3 min", "5 h", "12 days"
std::string age_text(std::optional<Time> then, Time now) {
  if (!then) return "-";
  const auto seconds =
      std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(now - *then).count());
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min", seconds / 60);
  if (seconds < 48 * 3600) return fmt::format("{} h", seconds / 3600);
  return fmt::format("{} days", seconds / 86400);
}

// The id's start when it has no name.
std::string name_of(const ListedImage& image) {
  return for_terminal(image.references.empty() ? image.id.substr(0, 19) : image.references.front());
}

using Row = std::array<std::string, 4>;

// When it was used as far as is known here, or else made.
std::optional<Time> used(const ListedImage& image) { return image.last_use ? image.last_use : image.created; }

std::string use_text(const ListedImage& image, Time now) {
  if (image.in_use) return "in use";
  if (image.last_use || !image.created) return age_text(image.last_use, now);
  return "made " + age_text(image.created, now);
}

Row row_of(const ListedImage& image, Time now) {
  if (image.id.empty()) return {image.kind, "-", "-", name_of(image) + " (not here: " + image.make_by + ")"};
  return {for_terminal(image.kind), size_text(static_cast<std::uint64_t>(image.own_bytes)),
          use_text(image, now),
          name_of(image) + (image.owner == ImageOwner::others ? " (of another state folder)" : "")};
}

nlohmann::json time_json(std::optional<Time> time) {
  if (!time) return nullptr;
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(*time)));
}

const char* owner_word(ImageOwner owner) {
  switch (owner) {
    case ImageOwner::us:
      return "this state folder";
    case ImageOwner::others:
      return "another state folder";
    case ImageOwner::base:
      return "host";
  }
  return "";
}

struct Sum {
  std::uint64_t count = 0, bytes = 0;
};

Sum sum_of(const std::vector<ListedImage>& images, ImageOwner owner) {
  Sum sum;
  for (const auto& image : images) {
    if (image.id.empty() || image.owner != owner) continue;
    ++sum.count;
    sum.bytes += static_cast<std::uint64_t>(image.own_bytes);
  }
  return sum;
}

}  // namespace

std::vector<ListedImage> listed_images(const std::vector<KnownImage>& ours,
                                       const std::vector<std::optional<sandbox::Image>>& bases) {
  std::vector<ListedImage> list;
  for (const auto& known : ours) list.push_back(listed(known));
  for (std::size_t i = 0; i < bases.size() && i < images::base_recipes().size(); ++i) {
    const auto& recipe = images::base_recipes()[i];
    if (!bases[i]) {
      ListedImage missing;
      missing.kind = kBase;
      missing.references = {recipe.reference};
      missing.make_by = "orchestrator images bootstrap " + recipe.name;
      list.push_back(std::move(missing));
      continue;
    }
    // Labelled when we made it: then it stands there already.
    const bool known =
        std::any_of(list.begin(), list.end(), [&](const ListedImage& one) { return one.id == bases[i]->id; });
    if (!known) list.push_back(listed(*bases[i], kBase));
  }
  std::stable_sort(list.begin(), list.end(), [](const ListedImage& a, const ListedImage& b) {
    const auto rank = [](const ListedImage& one) { return one.id.empty() ? 2 : one.kind == kBase ? 1 : 0; };
    return rank(a) != rank(b) ? rank(a) < rank(b) : used(a) > used(b);
  });
  return list;
}

std::string image_table(const std::vector<ListedImage>& images, Time now) {
  std::vector<Row> rows = {{"KIND", "OWN SIZE", "USED", "IMAGE"}};
  for (const auto& image : images) rows.push_back(row_of(image, now));
  std::array<std::size_t, 3> widths{};
  for (const auto& row : rows)
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string table;
  for (const auto& row : rows)
    table += fmt::format("{:<{}}  {:>{}}  {:>{}}  {}\n", row[0], widths[0], row[1], widths[1], row[2],
                         widths[2], row[3]);
  return table;
}

std::string image_json(const std::vector<ListedImage>& images) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& image : images) {
    if (image.id.empty()) continue;
    list.push_back({{"id", image.id},
                    {"kind", image.kind},
                    {"references", image.references},
                    {"size_bytes", image.size_bytes},
                    {"own_bytes", image.own_bytes},
                    {"created", time_json(image.created)},
                    {"last_used", time_json(image.last_use)},
                    {"in_use", image.in_use},
                    {"owner", owner_word(image.owner)}});
  }
  return list.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string image_sums(const std::vector<ListedImage>& images, std::optional<std::int64_t> budget) {
  const auto words = [](const Sum& sum, std::string_view noun) {
    return fmt::format("{} {}", counted(sum.count, noun), size_text(sum.bytes));
  };
  const Sum ours = sum_of(images, ImageOwner::us), others = sum_of(images, ImageOwner::others);
  std::string text = fmt::format("{} take {}", counted(ours.count, "layer"),
                                 budget ? fmt::format("{} of a budget of {}", size_text(ours.bytes),
                                                      size_text(static_cast<std::uint64_t>(*budget)))
                                        : fmt::format("{}, and there is no budget", size_text(ours.bytes)));
  if (others.count > 0) text += ", " + words(others, "layer") + " of other state folders";
  return text + ", " + words(sum_of(images, ImageOwner::base), "base");
}

}  // namespace orchestrator
