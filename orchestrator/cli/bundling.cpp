#include "orchestrator/cli/bundling.h"

#include <filesystem>

#include "orchestrator/run/bundle.h"
#include "orchestrator/run/free_space.h"
#include "sandbox/io/aside.h"
#include "sandbox/io/error.h"
#include "sandbox/io/whole_file.h"

namespace orchestrator {
namespace {

// As io::await, but that somebody may stop it. `start` returns the handle of what it has begun.
template <class T, class StartFn>
T await_unless(const std::function<bool()>& stopped, io::Loop& loop, StartFn start) {
  std::optional<io::Result<T>> answer;
  const auto handle = start([&answer](io::Result<T> result) { answer = std::move(result); });
  loop.run_until([&] { return answer || stopped(); });
  if (!answer) throw io::GivenUp();
  return std::move(*answer).value();
}

std::string folder_of(const std::string& file) {
  const auto folder = std::filesystem::path(file).parent_path().string();
  return folder.empty() ? "." : folder;
}

}  // namespace

std::int64_t bundle_run(io::Loop& loop, sandbox::ImageStore& images, const Report& report, const Spool& spool,
                        const Bundling& wanted) {
  if (const auto full = disk_obstacle({wanted.folder, folder_of(wanted.file)})) throw io::HostError(*full);
  const BundleParts parts{wanted.folder, wanted.folder + "/report.json", wanted.tree_tar,
                          wanted.folder + "/image.tar"};
  io::write_whole_file(parts.report_json, [&](std::ostream& out) { write_json(report, spool, out); });
  await_unless<std::int64_t>(wanted.stopped, loop, [&](auto done) {
    return images.save(report.image.id, parts.image_tar, std::move(done));
  });
  return await_unless<std::int64_t>(wanted.stopped, loop, [&](auto done) {
    return io::Aside::run<std::int64_t>(
        loop, [&](std::stop_token stop) { return write_bundle(wanted.file, report, parts, stop); },
        std::move(done));
  });
}

}  // namespace orchestrator
