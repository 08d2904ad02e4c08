#include "images/checkout/git_program.h"

#include <fcntl.h>
#include <git2.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>
#include <sstream>

#include "images/checkout/https_client.h"
#include "images/checkout/path_rules.h"
#include "images/checkout/ssh_failure.h"
#include "sandbox/io/error.h"

namespace images::checkout {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestListing = 64u << 20;

// What a person's configuration may not turn on here. A pack is kept as it comes: one file, whose size has a
// limit.
const std::vector<std::string> kSettings{"core.hooksPath=/dev/null",
                                         "core.fsmonitor=false",
                                         "core.askPass=",
                                         "protocol.allow=never",
                                         "protocol.https.allow=always",
                                         "protocol.ssh.allow=always",
                                         "http.sslVerify=true",
                                         "submodule.recurse=false",
                                         "fetch.recurseSubmodules=false",
                                         "fetch.unpackLimit=1",
                                         "transfer.unpackLimit=1",
                                         "fetch.writeCommitGraph=false",
                                         "transfer.bundleURI=false",
                                         "gc.auto=0",
                                         "maintenance.auto=false"};

// Files that a program started meanwhile writes cannot become larger.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(std::int64_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit lowered = before_;
    if (bytes > 0) lowered.rlim_cur = std::min<rlim_t>(before_.rlim_max, static_cast<rlim_t>(bytes));
    ::setrlimit(RLIMIT_FSIZE, &lowered);
  }
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

class ProgramFetch : public Fetch {
 public:
  ProgramFetch(const GitProgram& git, std::string folder, std::string url, const Progress& progress)
      : git_(git), folder_(std::move(folder)), url_(std::move(url)), progress_(progress) {}

  std::vector<AdvertisedRef> advertised() override {
    return parse_ls_remote(run({"ls-remote", "--symref", "--", url_}));
  }

  void download(const std::vector<std::string>& refspecs, bool depth_one) override {
    std::vector<std::string> words{
        "fetch",      "--progress", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules",
        "--no-prune", "--force"};
    if (depth_one) words.push_back("--depth=1");
    words.insert(words.end(), {"--", url_});
    words.insert(words.end(), refspecs.begin(), refspecs.end());
    run(std::move(words));
  }

 private:
  std::string run(std::vector<std::string> words) {
    std::vector<std::string> argv{git_.program_};
    for (const std::string& setting : git_.settings_) argv.insert(argv.end(), {"-c", setting});
    argv.insert(argv.end(), words.begin(), words.end());
    ProgramSpec spec{std::move(argv), git_.environment_, [this](std::string_view line) { report(line); }};
    spec.environment.push_back("GIT_DIR=" + folder_);
    git_.ssh_.forget_log();
    ChildProgram git = [&] {
      const FileSizeLimit limit(git_.max_bytes_);
      return ChildProgram(std::move(spec));
    }();
    git.close_input();
    std::string printed = git.read_all(kLongestListing);
    const int exit_code = git.wait();
    if (exit_code != 0) fail(exit_code, git.errors());
    return printed;
  }

  [[noreturn]] void fail(int exit_code, const std::string& errors) const {
    const std::string host = host_of(url_), complaint = git_complaint(errors);
    if (exit_code == 128 + SIGXFSZ || has_full_pack())
      throw io::RequestError("more than the allowed " + std::to_string(git_.max_bytes_ >> 20) +
                             " MiB came from " + host);
    if (const std::string log = git_.ssh_.log();
        is_ssh_form(url_) && !log.empty() && !has(log, "Sending command"))
      throw_failure(explain(parse_ssh(url_), {log, errors, 255}, git_.ssh_.known_hosts()));
    const std::string sentence = host + ": git says: " + complaint;
    if (has(errors, "certificate"))
      throw io::HostError(sentence + "; name the bundle of your CA by --ca-file or http.sslCAInfo");
    if (has(errors, "could not read Username") || has(errors, "could not read Password") ||
        has(errors, "Authentication failed"))
      throw io::HostError(sentence +
                          "; give a token by --git-token-file, or set up a credential helper of git");
    if (has(errors, "not allowed")) throw io::HostError(sentence);
    if (has(errors, "does not appear to be a git repository") || has(errors, " not found"))
      throw io::RequestError("Failed to clone repository: " + sentence);
    throw TransportError(sentence);
  }

  // What git was writing when it reached the limit stays behind.
  bool has_full_pack() const {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder_ + "/objects/pack", ignored))
      if (git_.max_bytes_ > 0 && entry.file_size(ignored) >= static_cast<std::uintmax_t>(git_.max_bytes_))
        return true;
    return false;
  }

  void report(std::string_view line) {
    const auto now = std::chrono::steady_clock::now();
    if (!line.starts_with("Receiving objects") || now - reported_ < std::chrono::milliseconds(200)) return;
    reported_ = now;
    progress_("git: " + printable(line));
  }

  const GitProgram& git_;
  std::string folder_, url_;
  const Progress& progress_;
  std::chrono::steady_clock::time_point reported_{};
};

GitProgram::GitProgram(const CheckoutRequest& request, SshClient& ssh)
    : program_(request.access.git_program), ssh_(ssh), max_bytes_(request.max_bytes), settings_(kSettings) {
  std::string by_ssh;
  for (const std::string& word : ssh.command()) by_ssh += (by_ssh.empty() ? "" : " ") + shell_quoted(word);
  environment_ = SshClient::environment();
  environment_.insert(environment_.end(), {"GIT_SSH_COMMAND=" + by_ssh, "GIT_SSH_VARIANT=ssh",
                                           "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS="});
  if (!request.ca_file.empty())
    environment_.push_back("GIT_SSL_CAINFO=" + fs::absolute(request.ca_file).string());
  if (request.credential) keep_token(*request.credential, request.scratch);
}

GitProgram::~GitProgram() {
  if (!token_file_.empty()) ::unlink(token_file_.c_str());
}

// By a file, since others may read a command line or an environment.
void GitProgram::keep_token(const GitCredential& credential, const std::string& scratch) {
  token_file_ = fs::absolute(scratch).string() + "/git-token";
  const io::Fd file(::open(token_file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  const std::string lines = "username=" + credential.username + "\npassword=" + credential.token + "\n";
  if (!file || ::write(file.get(), lines.data(), lines.size()) != static_cast<ssize_t>(lines.size()))
    throw io::system_failure("cannot write " + token_file_);
  const std::string key = "credential.https://" + credential.host + ".helper=";
  settings_.push_back("credential.helper=");  // nobody else is asked
  settings_.push_back(key);
  settings_.push_back(key + "!f() { test \"$1\" != get || cat " + shell_quoted(token_file_) + "; }; f");
}

std::unique_ptr<Fetch> GitProgram::fetch(const std::string& folder, const std::string& url,
                                         const Progress& progress) {
  return std::make_unique<ProgramFetch>(*this, fs::absolute(folder).string(), url, progress);
}

std::vector<AdvertisedRef> parse_ls_remote(const std::string& text) {
  std::vector<AdvertisedRef> found;
  std::map<std::string, std::string> symrefs;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t tab = line.find('\t');
    if (tab == std::string::npos) continue;
    const std::string what = line.substr(0, tab), name = line.substr(tab + 1);
    if (what.starts_with("ref: "))
      symrefs[name] = what.substr(5);
    else if (what.size() == GIT_OID_HEXSZ && is_hex_prefix(what))
      found.push_back({name, what, ""});
  }
  for (AdvertisedRef& ref : found)
    if (const auto symref = symrefs.find(ref.name); symref != symrefs.end()) ref.symref = symref->second;
  return found;
}

std::string git_complaint(const std::string& errors) {
  std::string text = errors;
  std::replace(text.begin(), text.end(), '\r', '\n');
  std::istringstream lines(text);
  std::string last;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    for (const char* start : {"fatal: ", "error: ", "ERROR: ", "remote: ERROR: "})
      if (line.starts_with(start)) return printable(line);
    last = line;
  }
  return last.empty() ? "nothing" : printable(last);
}

}  // namespace images::checkout
