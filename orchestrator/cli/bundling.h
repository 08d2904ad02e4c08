// Carries a run away once it is over: its image out of the engine, its report and its sources into one file.
// Made by a mode's entry, which waits.
#pragma once

#include <functional>
#include <string>

#include "orchestrator/report/report.h"
#include "sandbox/image_store.h"
#include "sandbox/io/loop.h"

namespace orchestrator {

struct Bundling {
  std::string file;               // where to
  std::string tree_tar;           // the sources
  std::string folder;             // an existing one of ours
  std::function<bool()> stopped;  // asked after every event
};
// Returns the file's size. Throws io::GivenUp when it was stopped, io::HostError and others when it cannot be
// written; then the file is as it was.
std::int64_t bundle_run(io::Loop& loop, sandbox::ImageStore& images, const Report& report, const Spool& spool,
                        const Bundling& wanted);

}  // namespace orchestrator
