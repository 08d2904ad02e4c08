#include "orchestrator/cli/image_list.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "images/bases/bootstrap.h"
#include "orchestrator/report/report.h"

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
  one.size_bytes = image.size_bytes;
  if (image.created != Time{}) one.created = image.created;
  return one;
}

// "40 s", "3 min", "5 h", "12 days"
std::string age_text(std::optional<Time> created, Time now) {
  if (!created) return "-";
  const auto seconds =
      std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(now - *created).count());
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

Row row_of(const ListedImage& image, Time now) {
  if (image.id.empty()) return {image.kind, "-", "-", name_of(image) + " (not here: " + image.make_by + ")"};
  return {for_terminal(image.kind), fmt::format("{} MiB", image.size_bytes >> 20),
          age_text(image.created, now), name_of(image)};
}

}  // namespace

std::vector<ListedImage> listed_images(const std::vector<sandbox::Image>& ours,
                                       const std::vector<std::optional<sandbox::Image>>& bases) {
  std::vector<ListedImage> list;
  for (const auto& image : ours) list.push_back(listed(image, kind_of(image)));
  for (std::size_t i = 0; i < bases.size() && i < images::base_recipes().size(); ++i) {
    const auto& recipe = images::base_recipes()[i];
    if (!bases[i]) {
      list.push_back({kBase, {recipe.reference}, "", 0, {}, "orchestrator images bootstrap " + recipe.name});
      continue;
    }
    // Labelled when we made it: then it stands there already.
    const bool known =
        std::any_of(list.begin(), list.end(), [&](const ListedImage& one) { return one.id == bases[i]->id; });
    if (!known) list.push_back(listed(*bases[i], kBase));
  }
  std::stable_sort(list.begin(), list.end(), [](const ListedImage& a, const ListedImage& b) {
    const auto rank = [](const ListedImage& one) { return one.id.empty() ? 2 : one.kind == kBase ? 1 : 0; };
    return rank(a) != rank(b) ? rank(a) < rank(b) : a.created > b.created;
  });
  return list;
}

std::string image_table(const std::vector<ListedImage>& images, Time now) {
  std::vector<Row> rows = {{"KIND", "SIZE", "AGE", "IMAGE"}};
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
    nlohmann::json created;
    if (image.created)
      created = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                            fmt::gmtime(std::chrono::system_clock::to_time_t(*image.created)));
    list.push_back({{"id", image.id},
                    {"kind", image.kind},
                    {"references", image.references},
                    {"size_bytes", image.size_bytes},
                    {"created", created}});
  }
  return list.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace orchestrator
