#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "orchestrator/report/report.h"
#include "orchestrator/report/utf8.h"

namespace orchestrator {
namespace {

constexpr std::size_t kQuoteLength = 120;

// In the order of kKindNames.
enum class Named { network, name_resolution, read_only, memory, pids, file_size, nofile, privilege, disk };

constexpr std::array<std::string_view, 9> kKindNames{
    "network", "name-resolution", "read-only", "memory", "pids", "file-size", "nofile", "privilege", "disk"};

struct Kind {
  constexpr Kind(Named its_name, std::string_view its_remedy, bool its_of_network = false)
      : name(kKindNames.at(static_cast<std::size_t>(its_name))),
        remedy(its_remedy),
        of_network(its_of_network) {}

  std::string_view name;
  std::string_view remedy;
  bool of_network;  // cannot be the sandbox's doing where the network has a way out
};

constexpr Kind kNetwork{Named::network, "--network bridge", true};
constexpr Kind kNames{Named::name_resolution, "--network bridge", true};
constexpr Kind kReadOnly{Named::read_only, ""};
constexpr Kind kMemory{Named::memory, "--memory SIZE"};
constexpr Kind kPids{Named::pids, "--pids N"};
constexpr Kind kFileSize{Named::file_size, ""};
constexpr Kind kFiles{Named::nofile, "--nofile N"};
constexpr Kind kPrivilege{Named::privilege, ""};
constexpr Kind kDisk{Named::disk, "--disk SIZE"};
constexpr Kind kTmp{Named::disk, "--tmp SIZE"};
constexpr Kind kShm{Named::disk, "--shm SIZE"};

struct Phrase {
  std::string_view words;
  const Kind* kind;
};

// As the C library, Python, Node, Go, Rust, Java and curl put it.
constexpr std::array<Phrase, 34> kPhrases{{
    {"Temporary failure in name resolution", &kNames},
    {"Name or service not known", &kNames},
    {"getaddrinfo EAI_AGAIN", &kNames},
    {"getaddrinfo ENOTFOUND", &kNames},
    {"Could not resolve host", &kNames},
    {"failed to lookup address information", &kNames},
    {"dial tcp: lookup ", &kNames},
    {"UnknownHostException", &kNames},
    {"Network is unreachable", &kNetwork},
    {"network is unreachable", &kNetwork},
    {"ENETUNREACH", &kNetwork},
    {"Read-only file system", &kReadOnly},
    {"read-only file system", &kReadOnly},
    {"EROFS", &kReadOnly},
    {"Operation not permitted", &kPrivilege},
    {"operation not permitted", &kPrivilege},
    {"EPERM", &kPrivilege},
    {"must be superuser", &kPrivilege},       // mount, swapon
    {": permission denied.\n", &kPrivilege},  // mount(8); other programs write it large and without the dot
    {"Cannot allocate memory", &kMemory},
    {"cannot allocate memory", &kMemory},
    {"MemoryError", &kMemory},
    {"std::bad_alloc", &kMemory},
    {"java.lang.OutOfMemoryError", &kMemory},
    {"JavaScript heap out of memory", &kMemory},
    {"Resource temporarily unavailable", &kPids},
    {"resource temporarily unavailable", &kPids},
    {"can't start new thread", &kPids},
    {"No space left on device", &kTmp},
    {"no space left on device", &kTmp},
    {"File too large", &kFileSize},
    {"Too many open files", &kFiles},
    {"too many open files", &kFiles},
    {"EMFILE", &kFiles},
}};

std::string_view line_at(std::string_view text, std::size_t at) {
  const std::size_t before = text.rfind('\n', at);
  const std::size_t start = before == std::string_view::npos ? 0 : before + 1;
  return text.substr(start, text.find('\n', at) - start);
}

// The line as evidence: when it is long, the part of it that starts a little before the words.
std::string quote(std::string_view line, std::size_t at) {
  constexpr std::size_t kBefore = 40;
  if (line.size() > kQuoteLength && at > kBefore) line = without_partial_start(line.substr(at - kBefore));
  const std::string shown = for_terminal(line.substr(0, 4 * kQuoteLength));
  std::string text;
  std::string_view rest = shown;
  for (std::size_t count = 0; count < kQuoteLength && !rest.empty(); ++count) {
    const CodePoint point = next_code_point(rest);
    text.append(rest.substr(0, point.length));
    rest.remove_prefix(point.length);
  }
  return text;
}

// The path that a "permission denied" names: the last absolute one on its line.
std::string_view last_path(std::string_view line) {
  constexpr std::string_view kAround = " '\"`():\t";
  for (std::size_t at = line.rfind('/'); at != std::string_view::npos; at = line.rfind('/', at - 1)) {
    const bool starts = at == 0 || kAround.find(line[at - 1]) != std::string_view::npos;
    if (starts) return line.substr(at, line.find_first_of(kAround, at) - at);
  }
  return {};
}

bool is_below(std::string_view path, std::string_view folder) {
  return path.substr(0, folder.size()) == folder &&
         (path.size() == folder.size() || path[folder.size()] == '/');
}

// Where a test may write: a refusal there is the test's own doing.
bool is_of_the_test(std::string_view path) {
  for (const std::string_view folder :
       {std::string_view(sandbox::kWorkDir), std::string_view(sandbox::kHomeDir), std::string_view("/tmp"),
        std::string_view("/dev/shm")})
    if (is_below(path, folder)) return true;
  return false;
}

class Hints {
 public:
  explicit Hints(sandbox::Network network) : way_out_(network == sandbox::Network::bridge) {}

  void counted(const Kind& kind, std::string evidence) {
    add(kind, "kernel counter: " + std::move(evidence));
  }

  void add(const Kind& kind, std::string evidence) {
    if (way_out_ && kind.of_network) return;
    if (SandboxHint* hint = find(kind)) {
      hint->evidence += "; " + evidence;
    } else {
      hints_.push_back({std::string(kind.name), std::move(evidence), std::string(kind.remedy)});
    }
  }

  // Each kind's first words only: what follows them is mostly the same again.
  void read(std::string_view stream, std::string_view text) {
    for (const Phrase& phrase : kPhrases) {
      if (is_quoted(phrase.kind->name) || (way_out_ && phrase.kind->of_network)) continue;
      const std::size_t at = text.find(phrase.words);
      if (at != std::string_view::npos) quote_line(stream, text, at, *phrase.kind);
    }
    read_denials(stream, text);
  }

  std::vector<SandboxHint> take() { return std::move(hints_); }

 private:
  SandboxHint* find(const Kind& kind) {
    const auto found =
        std::find_if(hints_.begin(), hints_.end(), [&](const SandboxHint& h) { return h.kind == kind.name; });
    return found == hints_.end() ? nullptr : &*found;
  }
  bool is_quoted(std::string_view kind) const {
    return std::find(quoted_.begin(), quoted_.end(), kind) != quoted_.end();
  }
  void quote_line(std::string_view stream, std::string_view text, std::size_t at, const Kind& kind) {
    const std::string_view line = line_at(text, at);
    const auto offset = static_cast<std::size_t>(text.data() + at - line.data());
    const bool in_shm = kind.name == kDisk.name && line.find("/dev/shm") != std::string_view::npos;
    add(in_shm ? kShm : kind, fmt::format("{}: {}", stream, quote(line, offset)));
    quoted_.push_back(kind.name);
  }
  void read_denials(std::string_view stream, std::string_view text) {
    for (std::size_t at = text.find("ermission denied");
         at != std::string_view::npos && !is_quoted(kPrivilege.name);
         at = text.find("ermission denied", at + 1)) {
      const std::string_view path = last_path(line_at(text, at));
      if (!path.empty() && !is_of_the_test(path)) quote_line(stream, text, at, kPrivilege);
    }
  }

  bool way_out_;
  std::vector<SandboxHint> hints_;
  std::vector<std::string_view> quoted_;
};

void add_counters(Hints& hints, const sandbox::Refusals& refusals, sandbox::Outcome outcome) {
  const auto plural = [](std::uint64_t n) { return n == 1 ? "" : "s"; };
  if (refusals.dns_refused > 0)
    hints.counted(kNames, fmt::format("{} quer{} to a resolver that is not there", refusals.dns_refused,
                                      refusals.dns_refused == 1 ? "y" : "ies"));
  if (refusals.no_route > 0)
    hints.counted(kNetwork,
                  fmt::format("{} packet{} without a route", refusals.no_route, plural(refusals.no_route)));
  if (refusals.pids > 0)
    hints.counted(kPids, fmt::format("{} process{} refused", refusals.pids, refusals.pids == 1 ? "" : "es"));
  if (outcome == sandbox::Outcome::out_of_memory) {
    if (refusals.oom_kills > 0) {
      hints.counted(kMemory, fmt::format("{} process{} killed at the memory limit", refusals.oom_kills,
                                         refusals.oom_kills == 1 ? "" : "es"));
    } else if (refusals.memory > 0) {
      hints.counted(kMemory,
                    fmt::format("memory limit hit {} time{}", refusals.memory, plural(refusals.memory)));
    } else {
      hints.add(kMemory, "the kernel killed it for its memory");
    }
  }
  if (outcome == sandbox::Outcome::disk_limit) hints.add(kDisk, "stopped for what it had written");
  if (refusals.tmp_full > 0) hints.counted(kTmp, "/tmp was full at the end");
}

}  // namespace

std::vector<std::string_view> sandbox_hint_kinds() { return {kKindNames.begin(), kKindNames.end()}; }

std::vector<SandboxHint> find_sandbox_hints(const sandbox::ExecutionResult& result, sandbox::Outcome outcome,
                                            const Spool::Text& out, const Spool::Text& err,
                                            sandbox::Network network) {
  if (outcome == sandbox::Outcome::passed || !sandbox::is_evidence(outcome)) return {};
  Hints hints(network);
  add_counters(hints, result.refusals, outcome);
  for (const std::string* text : {&err.head, &err.tail}) hints.read("stderr", *text);
  for (const std::string* text : {&out.head, &out.tail}) hints.read("stdout", *text);
  return hints.take();
}

}  // namespace orchestrator
