// A run that can be carried away: one file with its report, its sources, what is installed and the image that
// its attempts ran on, so that another host runs the same attempts without a repository or a registry.
//
// The file is a tar, compressed by zstd, of five plain files in this order:
//
//   bundle.json   what the others are: names, sizes and SHA-256; the job, the image, the sources
//   report.json   of the run
//   packages.txt  what was installed, a "name==version" a line
//   tree.tar      the sources as attempts got them, at /work
//   image.tar     the image as the engine has saved it, under no name
//
// Any thread.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "orchestrator/report/report.h"
#include "orchestrator/report/saved_run.h"

namespace orchestrator {

inline constexpr int kBundleVersion = 1;

struct BundleParts {
  std::string folder;                            // an existing one of ours, for small files
  std::string report_json, tree_tar, image_tar;  // files that are there
};
// Throws io::HostError, and io::GivenUp once `stop` is asked for; then `file` is as it was. Returns its size.
std::int64_t write_bundle(const std::string& file, const Report& report, const BundleParts& parts,
                          const std::stop_token& stop);

struct Bundle {
  SavedRun saved;
  BundleOrigin origin;
  std::string architecture;  // of the image: "amd64"
  std::string image_tar;     // a file
};
// Reads all of it, puts image.tar into `folder`, and checks whatever can be known of it without an engine: it
// may come from anybody. Throws io::RequestError and InvalidJob with what is wrong with it; io::HostError
// when there is no room for the image.
Bundle read_bundle(const std::string& file, const std::string& folder);

// What may be said beside a bundle: nothing that another attempt than the one of that index would come of.
struct BundleWishes {
  std::optional<int> parallelism, runs, only_attempt;
  std::vector<std::string> secret_env;  // those of the bundled run that it may have again
};
// The plan of the bundled run, but for what is about the host and the person of then (deadline, what to
// keep). Throws io::RequestError where a wish does not fit to it.
JobPlan bundled_plan(const SavedRun& saved, const BundleWishes& wishes, int engine_cpus);

}  // namespace orchestrator
