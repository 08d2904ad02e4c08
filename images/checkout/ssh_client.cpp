#include "images/checkout/ssh_client.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "images/checkout/https_client.h"
#include "images/checkout/path_rules.h"
#include "images/checkout/ssh_failure.h"
#include "sandbox/io/error.h"

namespace images::checkout {
namespace {

constexpr std::streamoff kLogKept = 64 << 10;

// Of a file in an option: ssh takes '%' for the start of a placeholder and blanks for the end of a name.
std::string option_path(const std::string& path) {
  std::string text = "\"";
  for (const char c : path) text += c == '%' ? "%%" : std::string(1, c);
  return text + "\"";
}

std::vector<std::string> words_for(const SshClient& client, const SshUrl& url) {
  std::vector<std::string> words = client.command();
  if (!url.user.empty()) words.insert(words.end(), {"-l", url.user});
  if (url.port != 0) words.insert(words.end(), {"-p", std::to_string(url.port)});
  words.insert(words.end(), {"--", url.host, "git-upload-pack " + shell_quoted(url.path)});
  return words;
}

}  // namespace

std::string shell_quoted(const std::string& word) {
  std::string text = "'";
  for (const char c : word) {
    if (c == '\'' || c == '!')  // '!' means the history to some shells
      text += std::string("'\\") + c + "'";
    else
      text += c;
  }
  return text + "'";
}

std::vector<std::string> SshClient::command() const {
  const GitAccess& access = settings_.access;
  // -v: only then the log says which keys were offered.
  std::vector<std::string> words{"ssh", "-T", "-a", "-x", "-v", "-E", settings_.log_file};
  for (const char* option :
       {"BatchMode=yes", "StrictHostKeyChecking=yes", "NoHostAuthenticationForLocalhost=no",
        "UpdateHostKeys=no", "ConnectTimeout=30", "ServerAliveInterval=20", "ServerAliveCountMax=3",
        "ControlMaster=no", "ControlPath=none", "ClearAllForwardings=yes", "PermitLocalCommand=no",
        "RemoteCommand=none"})
    words.insert(words.end(), {"-o", option});
  if (!access.ssh_config.empty()) words.insert(words.end(), {"-F", access.ssh_config});
  if (!access.ssh_known_hosts.empty())
    words.insert(words.end(), {"-o", "UserKnownHostsFile=" + option_path(access.ssh_known_hosts)});
  if (!access.ssh_key.empty())
    words.insert(words.end(),
                 {"-o", "IdentityFile=" + option_path(access.ssh_key), "-o", "IdentitiesOnly=yes"});
  return words;
}

std::vector<std::string> SshClient::environment() {
  return {"SSH_ASKPASS=/bin/false", "SSH_ASKPASS_REQUIRE=force"};
}

std::string SshClient::log() const {
  std::ifstream file(settings_.log_file, std::ios::binary | std::ios::ate);
  if (!file) return {};
  file.seekg(std::max<std::streamoff>(0, file.tellg() - kLogKept));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void SshClient::forget_log() const {
  std::error_code ignored;
  std::filesystem::remove(settings_.log_file, ignored);
}

std::string SshClient::known_hosts() const {
  return settings_.access.ssh_known_hosts.empty() ? "~/.ssh/known_hosts" : settings_.access.ssh_known_hosts;
}

void SshClient::check_allowed(const SshUrl& url) const {
  const auto refuse = [&](const std::string& why) { throw io::RequestError(url.host + why); };
  if (!settings_.allowed_hosts.empty() && !url.is_among(settings_.allowed_hosts))
    refuse(" is not a host that the operator of this server allows");
  const GitAccess& access = settings_.access;
  if (access.ssh && url.is_among({access.host})) return;
  if (!settings_.allowed_hosts.empty())
    refuse(" is not reached by ssh from here: the operator has given no key for it");
  refuse(
      " would be entered by your own keys, though the repository that you named is not of that host or was "
      "not named by ssh; allow it by --git-host " +
      url.host_and_port());
}

std::unique_ptr<SshSession> SshClient::open(const SshUrl& url) {
  check_allowed(url);
  forget_log();
  return std::make_unique<SshSession>(*this, url);
}

SshSession::SshSession(SshClient& client, SshUrl url)
    : client_(client),
      url_(std::move(url)),
      program_({words_for(client, url_), SshClient::environment(), nullptr}) {}

std::size_t SshSession::read(char* buffer, std::size_t size) {
  const std::size_t got = program_.read(buffer, size);
  if (got == 0) check_end();
  has_answered_ = has_answered_ || got > 0;
  client_.received_ += static_cast<std::int64_t>(got);
  if (client_.settings_.max_bytes > 0 && client_.received_ > client_.settings_.max_bytes)
    throw io::RequestError("more than the allowed " + std::to_string(client_.settings_.max_bytes >> 20) +
                           " MiB came from " + url_.host);
  return got;
}

void SshSession::check_end() {
  const int exit_code = program_.wait();
  if (exit_code == 0) return;
  const SshFailure failure =
      explain(url_, {client_.log(), program_.errors(), exit_code}, client_.known_hosts());
  // Of a repository that was there a moment ago something else is wrong.
  if (has_answered_ && failure.kind == SshFailure::Kind::request)
    throw TransportError(url_.host + " broke off: " + printable(program_.errors()));
  throw_failure(failure);
}

}  // namespace images::checkout
