#include "orchestrator/cli/report_file.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "orchestrator/cli/terminal.h"
#include "sandbox/io/error.h"
#include "sandbox/io/fd.h"
#include "sandbox/io/whole_file.h"

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

template <class Fn>
void write_whole(const std::string& path, Fn fn) {
  if (!is_device_or_pipe(path)) return io::write_whole_file(path, fn);
  std::ofstream file(path, std::ios::binary);
  if (!file)
    throw io::HostError(fmt::format("cannot write the report to {}: {}", path, std::strerror(errno)));
  fn(file);
  file.close();
  if (!file) throw io::HostError(fmt::format("cannot write the report to {}", path));
}

// Behind what others have written; a half of it does not stay.
void append_report(const WantedReport& wanted, const Report& report, const Spool& spool) {
  std::error_code none;
  const auto size = fs::file_size(wanted.path, none);
  const std::uintmax_t already = none ? 0 : size;
  std::ostringstream text;
  wanted.format->append(report, spool, text, already);
  std::ofstream file(wanted.path, std::ios::binary | std::ios::app);
  file << text.str();
  file.close();
  if (file) return;
  const std::string why = std::strerror(errno);
  fs::resize_file(wanted.path, already, none);
  throw io::HostError(fmt::format("cannot write the report to {}: {}", wanted.path, why));
}

}  // namespace

void check_report_path(const std::string& flag, const std::string& path) {
  if (path.empty() || path == "-") return;
  std::error_code ignored;
  if (path.ends_with('/') || fs::is_directory(path, ignored))
    throw io::RequestError(fmt::format("{}: {} is a folder; name a file", flag, path));
  if (!is_device_or_pipe(path)) return check_folder(flag, fs::absolute(path).parent_path());
  if (::access(path.c_str(), W_OK) != 0)
    throw io::RequestError(fmt::format("{}: {} cannot be written: {}", flag, path, std::strerror(errno)));
}

void check_report_paths(const CommandLine& options) {
  std::map<std::string, std::string> flag_of;  // by path
  const auto check = [&](const std::string& flag, const std::string& path) {
    check_report_path(flag, path);
    if (path.empty() || (path != "-" && is_device_or_pipe(path))) return;
    const std::string place = path == "-" ? path : fs::absolute(path).lexically_normal().string();
    const auto [other, first] = flag_of.try_emplace(place, flag);
    if (!first)
      throw io::RequestError(fmt::format("{} and {} name the same place: {}", other->second, flag, path));
  };
  check("--json", options.json_file);
  check("--result", options.ci.result_file);
  check("--dotenv", options.ci.dotenv_file);
  for (const auto& wanted : options.reports) check(wanted.format->flag, wanted.path);
  if (options.bundle_file == "-" || is_device_or_pipe(options.bundle_file))
    throw io::RequestError("--bundle: must be a file, which is renamed into its place when it is whole");
  check("--bundle", options.bundle_file);
  if (options.github_annotations && report_to_stdout(options))
    throw io::RequestError("--github-annotations prints on stdout, where another report is to go");
}

bool report_to_stdout(const CommandLine& options) {
  return options.json_file == "-" || options.ci.result_file == "-" || options.ci.dotenv_file == "-" ||
         std::any_of(options.reports.begin(), options.reports.end(),
                     [](const auto& wanted) { return wanted.path == "-"; });
}

void ReportFile::write(const Report& report, const Spool& spool) try {
  if (path_.empty()) return;
  if (path_ == "-") {
    written_ = true;  // whatever has been printed cannot be taken back
    return write_json(report, spool, std::cout);
  }
  write_whole(path_, [&](std::ostream& out) { write_json(report, spool, out); });
  written_ = true;
} catch (const std::system_error& full) {
  throw io::HostError(full.what());
}

void ReportFile::write(const Failure& failure, const std::string& program_version) noexcept {
  if (path_.empty() || written_) return;
  try {
    check_report_path("--json", path_);
    if (path_ == "-") {
      write_failure_json(failure, program_version, std::cout);
      std::cout.flush();
    } else {
      write_whole(path_, [&](std::ostream& out) { write_failure_json(failure, program_version, out); });
    }
  } catch (const io::RequestError&) {
    // Nothing can stand at that path.
  } catch (const std::exception& error) {
    write_to_stderr(fmt::format("orchestrator: {} may hold an older report: {}\n", path_, error.what()));
  }
}

void write_report(const WantedReport& wanted, const Report& report, const Spool& spool) try {
  if (wanted.path == "-") return wanted.format->write(report, spool, std::cout);
  if (wanted.format->append && !is_device_or_pipe(wanted.path)) return append_report(wanted, report, spool);
  write_whole(wanted.path, [&](std::ostream& out) { wanted.format->write(report, spool, out); });
} catch (const std::system_error& full) {
  throw io::HostError(full.what());
}

void discard_older(const WantedReport& wanted) noexcept {
  if (wanted.path != "-" && !wanted.format->append) discard_older(wanted.path);
}

void discard_older(const std::string& file) noexcept {
  if (file.empty() || is_device_or_pipe(file)) return;
  std::error_code ignored;
  fs::remove(file, ignored);
}

void prepare_folder(const std::string& flag, const std::string& path) {
  if (path.empty()) return;
  std::error_code error;
  fs::create_directories(path, error);
  if (error)
    throw io::RequestError(fmt::format("{}: cannot make the folder {}: {}", flag, path, error.message()));
  check_folder(flag, path);
}

}  // namespace orchestrator
