// Files that are there whole or not at all, also after a power cut. Any thread.
#pragma once

#include <functional>
#include <ostream>
#include <string>

namespace io {

// What `write` says goes to a file beside `path`, which gets that name once it is on disk. Throws HostError,
// and what `write` throws; then `path` is as it was, and nothing lies beside it.
void write_whole_file(const std::string& path, const std::function<void(std::ostream&)>& write);

// Puts on disk which files a folder has; before that a power cut may take a new name away. Throws HostError.
void sync_folder(const std::string& path);

}  // namespace io
