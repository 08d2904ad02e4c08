#include "orchestrator/report/saved_report.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "orchestrator/report/report.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

[[noreturn]] void refuse(const std::string& where, const std::string& why) {
  throw io::RequestError(fmt::format("{} {}", where, why));
}

std::string read_file(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) refuse(path, fmt::format("cannot be read: {}", std::strerror(errno)));
  std::string text;
  char piece[65536];
  while (text.size() <= kLargestSavedReport && (file.read(piece, sizeof piece) || file.gcount() > 0))
    text.append(piece, static_cast<std::size_t>(file.gcount()));
  if (file.bad()) refuse(path, fmt::format("cannot be read: {}", std::strerror(errno)));
  return text;
}

}  // namespace

nlohmann::json parse_saved_report(std::string_view text, const std::string& where) {
  if (text.size() > kLargestSavedReport) refuse(where, "is too large to be a report");
  nlohmann::json report = nlohmann::json::parse(text, nullptr, false);
  if (report.is_discarded()) refuse(where, "is no JSON");
  if (!report.is_object() || !report.contains("schema_version"))
    refuse(where, "is no report of orchestrator");
  const auto& version = report["schema_version"];
  if (!version.is_number_integer() || version != kSchemaVersion)
    refuse(where, fmt::format("has schema_version {}; this program reads {}",
                              version.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace),
                              kSchemaVersion));
  if (!report.contains("results"))
    refuse(where, "is of a run that ended before its first attempt: it has no results");
  if (!report["results"].is_array()) refuse(where, "is no report of orchestrator: results is no list");
  return report;
}

nlohmann::json read_saved_report(const std::string& path) {
  return parse_saved_report(read_file(path), path);
}

}  // namespace orchestrator
