#include "orchestrator/api/kept_report.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <streambuf>
#include <unordered_set>

#include "orchestrator/analysis/cut_text.h"
#include "orchestrator/api/problem.h"
#include "orchestrator/api/runpod_status.h"
#include "orchestrator/report/read_report.h"
#include "orchestrator/report/report_formats.h"
#include "orchestrator/report/saved_report.h"
#include "orchestrator/service/hosted_job.h"
#include "sandbox/io/error.h"
#include "sandbox/io/json_text.h"

namespace orchestrator {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kWhere = "its result";
constexpr std::size_t kLongestWhy = 500;
constexpr const char* kMade = ".made-";  // folders that are gone when the report is made
constexpr std::size_t kMostText = 64u << 20;
constexpr std::size_t kMostAttempts = 1'000;   // as of any job
constexpr std::size_t kMostCells = 4'000'000;  // tests by attempts
constexpr std::size_t kMostNamesakes = 100;

// Until the job has ended files are those of an earlier hand-out.
bool may_have_files(const ApiParts& parts, const StoredJob& job) {
  return is_final(job.state) && was_here(parts, job);
}

// Empty where there is none.
std::string file_text(const ApiParts& parts, const StoredJob& job, const std::string& format) {
  if (!may_have_files(parts, job)) return "";
  std::ifstream in(HostedJob::report_file(parts.settings.reports + "/" + job.id, format), std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

// Whoever writes more than there is room for fails.
class BoundedText : public std::streambuf {
 public:
  bool is_full() const { return full_; }
  std::string take() { return std::move(text_); }

 private:
  int_type overflow(int_type c) override {
    const char one = traits_type::to_char_type(c);
    return xsputn(&one, 1) == 1 ? c : traits_type::eof();
  }
  std::streamsize xsputn(const char* bytes, std::streamsize count) override {
    full_ = full_ || text_.size() + static_cast<std::size_t>(count) > kMostText;
    if (full_) return 0;
    text_.append(bytes, static_cast<std::size_t>(count));
    return count;
  }

  std::string text_;
  bool full_ = false;
};

struct PassingFolder {
  explicit PassingFolder(const std::string& parent) : path(fmt::format("{}/{}XXXXXX", parent, kMade)) {
    fs::create_directories(parent);
    if (!::mkdtemp(path.data())) throw io::system_failure("while making " + path);
  }
  ~PassingFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  std::string path;
};

// Its file has no name any more. What a death between these lines leaves, the next start removes.
Spool unnamed_spool(const std::string& parent) {
  const PassingFolder folder(parent);
  return {folder.path, ""};
}

void remove_left(const std::string& parent) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(parent, ignored))
    if (entry.path().filename().string().starts_with(kMade)) fs::remove_all(entry.path(), ignored);
}

[[noreturn]] void refuse_as_too_large() {
  throw io::RequestError(fmt::format("{} is too large for that; as json it is there", kWhere));
}

// A stranger's report may be short and yet stand for more than this host has room for: for a grid of all
// its tests and attempts, or for what is told apart one by one: attempts by how they failed, and tests of one
// name.
void refuse_what_grows(const json& report) {
  static const json none = json::array();
  const auto list = [&](const char* key) -> const json& {
    const auto found = report.find(key);
    return found != report.end() && found->is_array() ? *found : none;
  };
  std::unordered_set<std::string_view> names;
  std::size_t namesakes = 0;
  for (const auto& test : list("tests"))
    if (const auto id = test.is_object() ? test.find("id") : test.end(); id != test.end() && id->is_string())
      namesakes += names.insert(id->get_ref<const std::string&>()).second ? 0 : 1;
  if (list("results").size() + list("not_counted").size() > kMostAttempts ||
      list("tests").size() * list("outcome_attempts").size() > kMostCells || namesakes > kMostNamesakes)
    refuse_as_too_large();
}

std::string written(const ReportFormat& format, const std::string& document, const std::string& folder) {
  const json report = parse_saved_report(document, kWhere);
  refuse_what_grows(report);
  Spool spool = unnamed_spool(folder);
  const ReadReport read = read_report(report, kWhere, spool);
  BoundedText text;
  std::ostream out(&text);
  out.exceptions(std::ios::badbit);
  try {
    format.write(read.report, spool, out);
  } catch (const std::system_error&) {
    if (!text.is_full()) throw;
    refuse_as_too_large();
  }
  return text.take();
}

const ReportFormat& format_called(const std::string& name) {
  for (const auto& format : report_formats())
    if (format.flag + 2 == name) return format;
  throw std::logic_error("no format of a report: " + name);
}

ServedResponse unreadable(const std::string& format, const std::string& why) {
  return problem(409, fmt::format("this job cannot be shown as {}: {}", format, cut_text(why, kLongestWhy)));
}

ServedResponse no_report(const StoredJob& job) {
  return problem(404, is_final(job.state) ? "this job left no report" : "this job has no report yet");
}

ServedResponse shown(const std::string& format, std::string text) {
  ServedResponse response{200, HostedJob::media_type(format), std::move(text), {}};
  // It shows what strangers' tests have printed.
  if (format == "html") response.headers.emplace_back("Content-Security-Policy", "sandbox allow-scripts");
  return response;
}

}  // namespace

bool was_here(const ApiParts& parts, const StoredJob& job) { return parts.queue.is_own(job.worker); }

bool was_elsewhere(const ApiParts& parts, const StoredJob& job) {
  return !job.worker.empty() && !was_here(parts, job);
}

std::string report_text(const ApiParts& parts, const StoredJob& job) {
  std::string text = file_text(parts, job, "json");
  if (json::accept(text)) return text;
  return job.output.empty() ? "" : io::json_text(summary_of(job));
}

std::optional<json> report_document(const ApiParts& parts, const StoredJob& job) {
  json report = json::parse(file_text(parts, job, "json"), nullptr, false);
  if (!report.is_object()) report = summary_of(job);
  return report.is_object() ? std::optional(std::move(report)) : std::nullopt;
}

KeptReports::KeptReports(const ApiParts& parts) : parts_(parts) { remove_left(parts_.settings.reports); }

ServedResponse KeptReports::answer(const StoredJob& job, const std::string& format) const {
  if (!HostedJob::media_type(format))
    return problem(404, fmt::format("there is no report in the format '{}'", format));
  std::string text = format == "json" ? report_text(parts_, job) : file_text(parts_, job, format);
  if (!text.empty()) return shown(format, std::move(text));
  // Of what is not there nothing can be made.
  if (format == "json" || (job.output.empty() && !may_have_files(parts_, job))) return no_report(job);
  return made_answer(job, format);
}

ServedResponse KeptReports::made_answer(const StoredJob& job, const std::string& format) const {
  const auto seat = making_.try_take();
  if (!seat) return too_many_readers("reports that have to be made");
  const std::string document = report_text(parts_, job);
  if (document.empty()) return no_report(job);
  try {
    return shown(format, written(format_called(format), document, parts_.settings.reports));
  } catch (const InvalidJob& wrong) {
    return unreadable(format, wrong.what());
  } catch (const io::RequestError& wrong) {
    return unreadable(format, wrong.what());
  } catch (const std::system_error& full) {
    throw io::HostError(full.what());
  }
}

}  // namespace orchestrator
