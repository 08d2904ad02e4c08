#include "images/checkout/ssh_url.h"

#include <algorithm>
#include <charconv>

#include "images/checkout/checkout.h"
#include "images/checkout/path_rules.h"
#include "images/checkout/url_rules.h"
#include "sandbox/io/error.h"

namespace images::checkout {
namespace {

constexpr std::string_view kScheme = "ssh://";
constexpr std::size_t kLongestSshUrl = 4096;
constexpr int kUsualPort = 22;

[[noreturn]] void refuse(const std::string& url, const std::string& why) {
  throw io::RequestError("Invalid repository URL or path: " +
                         printable(without_credentials(url.substr(0, kLongestSshUrl))) + " (" + why + ")");
}

bool has_scheme(const std::string& text) {
  return scheme_of(text) == "ssh" && text.compare(3, 3, "://") == 0;
}

bool holds_only(std::string_view text, std::string_view others) {
  return std::all_of(text.begin(), text.end(), [&](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           others.find(static_cast<char>(c)) != std::string_view::npos;
  });
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// What "%2F" stands for; git decodes the path of a URL, and not that of user@host:path.
std::string percent_decoded(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool coded =
        text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0;
    plain += coded ? static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2])) : text[i];
    if (coded) i += 2;
  }
  return plain;
}

int port_of(const std::string& url, const std::string& digits) {
  int port = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stopped, error] = std::from_chars(digits.data(), end, port);
  if (error != std::errc() || stopped != end || port < 1 || port > 65535) refuse(url, "its port is no port");
  return port;
}

// "host", "host:port", "[::1]:port".
void read_host(SshUrl& result, const std::string& url, const std::string& written) {
  std::string host = written;
  if (host.starts_with('[')) {
    const std::size_t close = host.find(']');
    if (close == std::string::npos) refuse(url, "its host is no host");
    const std::string behind = host.substr(close + 1);
    host = host.substr(1, close - 1);
    if (!behind.empty() && behind[0] != ':') refuse(url, "its host is no host");
    if (behind.size() > 1) result.port = port_of(url, behind.substr(1));
    if (host.find(':') == std::string::npos) refuse(url, "its host is no host");
  } else if (const std::size_t colon = host.find(':'); colon != std::string::npos) {
    if (colon + 1 < host.size()) result.port = port_of(url, host.substr(colon + 1));
    host.resize(colon);
  }
  std::transform(host.begin(), host.end(), host.begin(),
                 [](unsigned char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  while (host.ends_with('.')) host.pop_back();
  if (host.empty()) refuse(url, "it names no host");
  if (host[0] == '-' || !holds_only(host, ".-_:")) refuse(url, "its host is no host");
  if (is_refused_host(host)) refuse(url, "link-local and metadata addresses are refused");
  result.host = host;
}

void read_user(SshUrl& result, const std::string& url, const std::string& user) {
  if (user.find(':') != std::string::npos)
    refuse(url, "a URL must not carry a password; ssh is entered by a key");
  if (user.empty() || user[0] == '-' || !holds_only(user, "._+=-")) refuse(url, "its user is no user");
  result.user = user;
}

void read_path(SshUrl& result, const std::string& url, std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  if (path.empty() || path == "/") refuse(url, "it names no repository");
  const auto control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (path[0] == '-' || std::any_of(path.begin(), path.end(), control)) refuse(url, "its path is no path");
  result.path = path;
}

}  // namespace

bool is_ssh_form(const std::string& text) {
  if (has_scheme(text)) return true;
  const std::size_t colon = text.find(':'), at = text.find('@');
  if (colon == std::string::npos || at == std::string::npos || text.find('/') < colon) return false;
  // "user:secret@host:path" is meant so, too: it is refused for what it holds.
  return text.compare(colon, 3, "://") != 0 && text.compare(colon, 2, "::") != 0;
}

SshUrl parse_ssh(const std::string& url) {
  if (url.size() > kLongestSshUrl) refuse(url.substr(0, 100) + "…", "longer than 4096 bytes");
  if (std::any_of(url.begin(), url.end(), [](unsigned char c) { return c <= 0x20 || c == 0x7f; }))
    refuse(url, "it holds a space or a control character");
  if (!is_ssh_form(url)) refuse(url, "only ssh://user@host/path and user@host:path are taken");
  SshUrl result;
  if (has_scheme(url)) {
    if (url.find_first_of("?#") != std::string::npos) refuse(url, "a repository's URL has no query");
    const std::size_t slash = url.find('/', kScheme.size());
    const std::string authority = url.substr(kScheme.size(), slash - kScheme.size());
    const std::size_t at = authority.rfind('@');
    if (at != std::string::npos) read_user(result, url, authority.substr(0, at));
    read_host(result, url, at == std::string::npos ? authority : authority.substr(at + 1));
    std::string path = slash == std::string::npos ? "" : percent_decoded(url.substr(slash));
    if (path.starts_with("/~")) path.erase(0, 1);
    read_path(result, url, std::move(path));
    result.text = std::string(kScheme) + url.substr(kScheme.size());
  } else {
    const std::size_t at = url.find('@');
    read_user(result, url, url.substr(0, at));
    const std::size_t colon = url.find(':', at);
    if (colon == std::string::npos) refuse(url, "it names no repository");
    read_host(result, url, url.substr(at + 1, colon - at - 1));
    read_path(result, url, url.substr(colon + 1));
    result.text = url;
  }
  while (result.text.ends_with('/')) result.text.pop_back();
  return result;
}

bool SshUrl::is_among(const std::vector<std::string>& hosts) const {
  return HttpsUrl{host, port == 0 ? kUsualPort : port, ""}.is_among(hosts);
}

std::string SshUrl::host_and_port() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port == 0 ? name : name + ":" + std::to_string(port);
}

std::string checked_address(const std::string& url) {
  return is_ssh_form(url) ? parse_ssh(url).text : parse_https(url).text;
}

std::string host_of(const std::string& address) {
  return is_ssh_form(address) ? parse_ssh(address).host : parse_https(address).host;
}

}  // namespace images::checkout
