#include "orchestrator/cli/report_file.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "orchestrator/cli/terminal.h"
#include "sandbox/io/error.h"
#include "sandbox/io/fd.h"

namespace orchestrator {
namespace {

namespace fs = std::filesystem;

bool is_device_or_pipe(const std::string& path) {
  std::error_code ignored;
  const auto status = fs::status(path, ignored);
  return fs::exists(status) && !fs::is_regular_file(status);
}

// By trying: permissions do not tell about a read-only file system, or one that only looks like a folder.
void check_folder(const std::string& flag, const std::string& folder) {
  std::string name = folder + "/.orchestrator-XXXXXX";
  const io::Fd file(::mkstemp(name.data()));
  if (!file)
    throw io::RequestError(
        fmt::format("{}: the folder {} cannot be written: {}", flag, folder, std::strerror(errno)));
  ::unlink(name.c_str());
}

}  // namespace

void check_report_path(const std::string& path) {
  if (path.empty() || path == "-") return;
  std::error_code ignored;
  if (path.ends_with('/') || fs::is_directory(path, ignored))
    throw io::RequestError(fmt::format("--json: {} is a folder; name a file", path));
  if (!is_device_or_pipe(path)) return check_folder("--json", fs::absolute(path).parent_path());
  if (::access(path.c_str(), W_OK) != 0)
    throw io::RequestError(fmt::format("--json: {} cannot be written: {}", path, std::strerror(errno)));
}

template <class Fn>
void ReportFile::write_whole(Fn fn) {
  const bool direct = is_device_or_pipe(path_);
  const std::string written = direct ? path_ : path_ + ".part";
  std::ofstream file(written, std::ios::binary);
  if (!file)
    throw io::HostError(fmt::format("cannot write the report to {}: {}", path_, std::strerror(errno)));
  // Half a report must not stay beside the old one.
  const auto unfinished = [&] {
    std::error_code ignored;
    if (!direct) fs::remove(written, ignored);
  };
  try {
    fn(file);
    file.close();
    if (!file) throw io::HostError(fmt::format("cannot write the report to {}", path_));
    if (!direct) fs::rename(written, path_);
  } catch (...) {
    unfinished();
    throw;
  }
}

void ReportFile::write(const Report& report, const Spool& spool) try {
  if (path_.empty()) return;
  if (path_ == "-") {
    written_ = true;  // whatever has been printed cannot be taken back
    return write_json(report, spool, std::cout);
  }
  write_whole([&](std::ostream& out) { write_json(report, spool, out); });
  written_ = true;
} catch (const std::system_error& full) {
  throw io::HostError(full.what());
}

void ReportFile::write(const Failure& failure, const std::string& program_version) noexcept {
  if (path_.empty() || written_) return;
  try {
    check_report_path(path_);
    if (path_ == "-") {
      write_failure_json(failure, program_version, std::cout);
      std::cout.flush();
    } else {
      write_whole([&](std::ostream& out) { write_failure_json(failure, program_version, out); });
    }
  } catch (const io::RequestError&) {
    // Nothing can stand at that path.
  } catch (const std::exception& error) {
    write_to_stderr(fmt::format("orchestrator: {} may hold an older report: {}\n", path_, error.what()));
  }
}

void prepare_logs_folder(const std::string& path) {
  if (path.empty()) return;
  std::error_code error;
  fs::create_directories(path, error);
  if (error)
    throw io::RequestError(fmt::format("--logs: cannot make the folder {}: {}", path, error.message()));
  check_folder("--logs", path);
}

}  // namespace orchestrator
