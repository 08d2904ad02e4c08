#include "images/checkout/ssh_failure.h"

#include <algorithm>
#include <optional>
#include <sstream>
#include <vector>

#include "images/checkout/https_client.h"
#include "images/checkout/path_rules.h"
#include "sandbox/io/error.h"

namespace images::checkout {
namespace {

using Lines = std::vector<std::string>;
using Kind = SshFailure::Kind;

constexpr int kOwnFailure = 255;
constexpr std::size_t kMostKeys = 8;

Lines lines_of(const std::string& text) {
  Lines lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    while (line.ends_with('\r') || line.ends_with(' ')) line.pop_back();
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

// What stands behind `before` (and in front of `after`) in the first line that has it.
std::string between(const Lines& lines, const std::string& before, const std::string& after = "") {
  for (const std::string& line : lines) {
    const std::size_t start = line.find(before);
    if (start == std::string::npos) continue;
    const std::string rest = line.substr(start + before.size());
    return after.empty() ? rest : rest.substr(0, rest.find(after));
  }
  return {};
}

bool has(const Lines& lines, const std::string& part) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(part) != std::string::npos; });
}

std::string line_with(const Lines& lines, const std::string& part) {
  for (const std::string& line : lines)
    if (line.find(part) != std::string::npos) return printable(line);
  return {};
}

// The last line that was written for people.
std::string last_words(const Lines& lines) {
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    const bool noise = line->starts_with("debug") || line->starts_with("Transferred: ") ||
                       line->starts_with("Bytes per second: ") || line->starts_with("OpenSSH_") ||
                       line->starts_with("Authenticated to ");
    if (!noise) return printable(*line);
  }
  return {};
}

// "ssh-ed25519 SHA256:…" of the key that the host has shown.
std::string shown_key(const Lines& log) {
  const std::string key = between(log, "debug1: Server host key: ");
  return key.empty() ? "" : " (" + printable(key) + ")";
}

// "-p 2222 git.example.com" of "[git.example.com]:2222".
std::string for_keyscan(const std::string& name) {
  const std::size_t close = name.find("]:");
  if (!name.starts_with('[') || close == std::string::npos) return printable(name);
  return "-p " + printable(name.substr(close + 2)) + " " + printable(name.substr(1, close - 1));
}

SshFailure unknown_host(const std::string& host, const Lines& log, const std::string& known_hosts) {
  const std::string name = between(log, "host key is known for ", " and you have requested");
  return {Kind::host,
          "the host key of " + host + shown_key(log) +
              " is not known; compare it with what that host publishes, then add it: ssh-keyscan " +
              for_keyscan(name) + " >> " + known_hosts};
}

SshFailure changed_host(const std::string& host, const Lines& log) {
  std::string place = between(log, "Offending ");
  if (const std::size_t in = place.find(" in "); in != std::string::npos) place = place.substr(in + 4);
  return {Kind::host,
          "the host key of " + host + shown_key(log) + " is not the one that is known" +
              (place.empty() ? "" : " (" + printable(place) + ")") +
              ": somebody may be in between, or the host was set up anew; ask who runs it before you "
              "replace that line"};
}

// Where no host key is to be trusted, which of the hosts on the way it was about.
std::optional<SshFailure> about_host_key(const std::string& host, const Lines& all,
                                         const std::string& known_hosts) {
  if (has(all, "REVOKED HOST KEY DETECTED"))
    return SshFailure{Kind::host, "the host key of " + host + shown_key(all) + " is marked as revoked"};
  if (has(all, "REMOTE HOST IDENTIFICATION HAS CHANGED")) return changed_host(host, all);
  if (has(all, "host key is known for ")) return unknown_host(host, all, known_hosts);
  if (has(all, "Host key verification failed"))
    return SshFailure{Kind::host, "the host key of a host on the way to " + host +
                                      " is not known; connect there once by ssh itself, and compare it"};
  return std::nullopt;
}

// What ssh calls "/home/me/.ssh/id_ed25519 ED25519 SHA256:… agent", each once.
Lines offered_keys(const Lines& log) {
  Lines keys;
  for (const std::string& line : log) {
    std::string key = between({line}, "debug1: Offering public key: ");
    if (key.empty()) continue;
    for (const char* end : {" explicit", " agent"})
      if (key.ends_with(end)) key.resize(key.size() - std::string(end).size());
    if (line.ends_with(" agent")) key += " (agent)";
    if (std::find(keys.begin(), keys.end(), printable(key)) == keys.end()) keys.push_back(printable(key));
  }
  return keys;
}

std::string about_agent(const Lines& log) {
  if (has(log, "get_agent_identities: agent returned 0 keys")) return "; the agent holds no key";
  if (has(log, "get_agent_identities: ssh_get_authentication_socket")) return "; no agent answers";
  if (!has(log, "get_agent_identities: ")) return "; there is no agent (SSH_AUTH_SOCK)";
  return "";
}

// A key that the other side would have taken.
std::string why_unusable(const Lines& log) {
  if (has(log, "agent refused operation"))
    return "the agent does not sign with it; one that asks a person each time (a touch, a confirmation) is "
           "of no use "
           "where nobody sits";
  return "it is locked by a passphrase that nobody can be asked for" + about_agent(log) +
         "; run ssh-add with it, or name a key without one by --ssh-key";
}

SshFailure denied(const std::string& host, const Lines& log) {
  const std::string bad = line_with(log, "bad permissions");
  if (!bad.empty())
    return {Kind::host, "the private key may be read by others, so ssh does not use it (" + bad +
                            "); run chmod 600 on it"};
  if (const std::string key = between(log, "debug1: Server accepts key: ", " SHA256:"); !key.empty())
    return {Kind::host, host + " would accept the key " + printable(key) +
                            ", but it cannot be used: " + why_unusable(log)};
  const Lines keys = offered_keys(log);
  const std::string ways = between(log, "Permission denied (", ")");
  std::string sentence = host + " accepts none of the keys that were offered: ";
  if (keys.empty()) sentence = host + " was offered no key";
  for (std::size_t i = 0; i < std::min(keys.size(), kMostKeys); ++i)
    sentence += (i == 0 ? "" : ", ") + keys[i];
  if (keys.size() > kMostKeys) sentence += ", …";
  if (!ways.empty() && ways.find("publickey") == std::string::npos)
    sentence += "; it takes no key at all, only " + printable(ways);
  return {Kind::host, sentence + about_agent(log) +
                          "; add the public key to your account there, or name another by --ssh-key"};
}

SshFailure own_failure(const SshUrl& url, const Lines& log, const Lines& errors,
                       const std::string& known_hosts) {
  const std::string& host = url.host;
  Lines all = log;
  all.insert(all.end(), errors.begin(), errors.end());  // of a host on the way it comes by stderr
  if (const auto failure = about_host_key(host, all, known_hosts)) return *failure;
  if (has(all, "Too many authentication failures"))
    return {Kind::host, host + " was offered too many keys; name the right one by --ssh-key"};
  if (has(log, "Permission denied (")) return denied(host, log);
  for (const char* part : {"no matching ", "Bad configuration option", "Bad owner or permissions",
                           "bad configuration options", "Can't open user config file"})
    if (const std::string line = line_with(all, part); !line.empty()) return {Kind::host, line};
  std::string words = last_words(log);
  if (words.empty()) words = last_words(errors);
  if (words.empty()) words = "ssh ended without a word";
  return {Kind::transport, words.find(host) == std::string::npos ? host + ": " + words : words};
}

SshFailure others_failure(const SshUrl& url, const Lines& errors, int exit_code) {
  const std::string words = last_words(errors);
  const std::string says = words.empty() ? "" : " (" + url.host + " says: " + words + ")";
  if (exit_code == 127) return {Kind::host, url.host + " has no git-upload-pack, so no git" + says};
  return {Kind::request, "Failed to clone repository: there is none at " + printable(url.path) + " of " +
                             url.host + ", or this key may not read it" + says};
}

// The first line that says what was missing: "ERROR: Repository not found." stands before advice.
Lines first_cause(const Lines& lines) {
  for (const std::string& line : lines)
    for (const char* start : {"fatal: ", "ERROR: ", "remote: ERROR: "})
      if (line.starts_with(start)) return {line};
  return lines;
}

}  // namespace

SshFailure explain(const SshUrl& url, const SshWords& said, const std::string& known_hosts) {
  const Lines log = lines_of(said.log), errors = lines_of(said.errors);
  if (said.exit_code == kOwnFailure) return own_failure(url, log, errors, known_hosts);
  return others_failure(url, first_cause(errors), said.exit_code);
}

void throw_failure(const SshFailure& failure) {
  if (failure.kind == Kind::request) throw io::RequestError(failure.sentence);
  if (failure.kind == Kind::host) throw io::HostError(failure.sentence);
  throw TransportError(failure.sentence);
}

}  // namespace images::checkout
