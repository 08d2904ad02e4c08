// One factory per way of showing progress; make_progress chooses.
#pragma once

#include "orchestrator/cli/progress.h"

namespace orchestrator {

using ProgressWriter = std::function<void(std::string_view)>;

std::unique_ptr<Progress> make_tty_progress(io::Loop& loop, ProgressOptions options, ProgressWriter write);
std::unique_ptr<Progress> make_plain_progress(io::Loop& loop, ProgressWriter write);
std::unique_ptr<Progress> make_json_progress(ProgressWriter write);

}  // namespace orchestrator
