#include "orchestrator/run/host_sharing.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "orchestrator/report/words.h"
#include "orchestrator/run/free_space.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

constexpr const char* kNoSpace = "the least recently used, for want of free space";

// A file name; hosts and engines are told apart by what they call themselves.
std::string plain_host(std::string text) {
  for (char& c : text)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-') c = '_';
  return "of-" + text.substr(0, 200);
}

}  // namespace

HostSharing::HostSharing(io::Loop& loop, sandbox::ImageStore& store, const sandbox::Capabilities& engine,
                         Settings settings)
    : store_(store),
      settings_(std::move(settings)),
      uses_(settings_.state_folder, engine.id),
      cpus_(loop, settings_.state_folder + "/cpus/" + plain_host(engine.host), settings_.process,
            std::max(1, engine.cpus)) {}

void HostSharing::adopt(const LayerName& layer) {
  grown_ = true;
  try {
    uses_.adopt(layer);
  } catch (const std::exception& error) {
    spdlog::warn("a layer that was loaded counts as somebody else's: {}", error.what());
  }
}

void HostSharing::keep_budget(Removed done) {
  if (!grown_ || !settings_.image_budget) return done(RemovalResult{});
  grown_ = false;
  RemovalRequest request;
  request.keep_bytes = *settings_.image_budget;
  remove_images(store_, uses_, request, std::move(done));
}

void HostSharing::keep_budget_in_background() {
  keep_budget([](io::Result<RemovalResult> result) {
    if (!result.ok())
      return spdlog::warn("the budget for images was not kept: {}", io::describe(result.error()));
    if (const auto words = removal_words(result.value(), kBeyondBudget); !words.empty())
      spdlog::info("{}", words);
  });
}

void HostSharing::make_room(const std::vector<std::string>& folders, const std::string& data_root,
                            std::function<void(std::optional<std::string>)> done) {
  const auto obstacle = disk_obstacle(folders);
  const std::int64_t missing = missing_bytes({data_root});
  if (!obstacle || missing == 0) return done(obstacle);
  RemovalRequest request;
  request.free_bytes = missing;
  remove_images(store_, uses_, request, [folders, done = std::move(done)](io::Result<RemovalResult> result) {
    if (result.ok() && !result.value().removed.empty())
      spdlog::warn("{}", removal_words(result.value(), kNoSpace));
    done(disk_obstacle(folders));
  });
}

std::string removal_words(const RemovalResult& result, const std::string& why) {
  if (result.removed.empty()) return "";
  return fmt::format("removed {}, {}: {}", counted(result.removed.size(), "image"),
                     size_text(static_cast<std::uint64_t>(result.removed_bytes)), why);
}

}  // namespace orchestrator
