#include "images/checkout/url_rules.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>

#include "images/checkout/checkout.h"
#include "images/checkout/path_rules.h"
#include "images/checkout/ssh_url.h"
#include "sandbox/io/error.h"
#include "sandbox/io/text.h"

namespace images {
namespace checkout {
namespace {

constexpr std::size_t kLongestUrl = 4096;

bool is_refused_v4(std::uint32_t address) {
  const std::uint32_t alibaba_metadata = 0x646464c8,
                      oracle_metadata = 0xc00000c0;  // 100.100.100.200, 192.0.0.192
  return address >> 16 == 0xa9fe || address >> 24 == 0 || address == alibaba_metadata ||
         address == oracle_metadata;
}

std::uint32_t v4_at(const unsigned char* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 |
         bytes[3];
}

// The IPv4 address inside a mapped, compatible, NAT64 or 6to4 address.
std::optional<std::uint32_t> wrapped_v4(const in6_addr& address) {
  const unsigned char* bytes = address.s6_addr;
  if (IN6_IS_ADDR_UNSPECIFIED(&address)) return 0;
  if (IN6_IS_ADDR_LOOPBACK(&address)) return std::nullopt;
  static constexpr std::array<unsigned char, 12> kNat64{0, 0x64, 0xff, 0x9b};
  if (IN6_IS_ADDR_V4MAPPED(&address) || IN6_IS_ADDR_V4COMPAT(&address) ||
      std::memcmp(bytes, kNat64.data(), kNat64.size()) == 0)
    return v4_at(bytes + 12);
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return v4_at(bytes + 2);
  return std::nullopt;
}

bool is_refused_v6(const in6_addr& address) {
  if (IN6_IS_ADDR_LINKLOCAL(&address)) return true;
  in6_addr amazon_metadata{};
  ::inet_pton(AF_INET6, "fd00:ec2::254", &amazon_metadata);
  if (std::memcmp(&address, &amazon_metadata, sizeof address) == 0) return true;
  const auto inner = wrapped_v4(address);
  return inner && is_refused_v4(*inner);
}

// `host` when it is a number in any form that inet_aton (and so curl) takes: 2852039166, 0xa9fea9fe,
// 0251.254.43518.
bool is_refused_number(const std::string& host) {
  const std::string plain = host.substr(0, host.find('%'));
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  if (::inet_pton(AF_INET6, plain.c_str(), &v6.sin6_addr) == 1)
    return is_refused_address(reinterpret_cast<const sockaddr*>(&v6));
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  return ::inet_aton(plain.c_str(), &v4.sin_addr) != 0 &&
         is_refused_address(reinterpret_cast<const sockaddr*>(&v4));
}

struct CurlUrl {
  CURLU* handle = ::curl_url();
  ~CurlUrl() { ::curl_url_cleanup(handle); }
  std::string part(CURLUPart part, unsigned flags = 0) const {
    char* text = nullptr;
    if (::curl_url_get(handle, part, &text, flags) != CURLUE_OK) return {};
    std::unique_ptr<char, void (*)(void*)> owner(text, ::curl_free);
    return text;
  }
};

[[noreturn]] void refuse_url(const std::string& url, const std::string& why) {
  throw io::RequestError("Invalid repository URL or path: " + printable(without_credentials(url)) + " (" +
                         why + ")");
}

bool has_unprintable(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c <= 0x20 || c == 0x7f; });
}

}  // namespace

bool is_refused_address(const sockaddr* address) {
  if (address->sa_family == AF_INET)
    return is_refused_v4(ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr));
  if (address->sa_family == AF_INET6)
    return is_refused_v6(reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
  return true;  // nothing but the internet is spoken to
}

bool is_refused_host(const std::string& host) {
  return is_refused_number(host) || host == "metadata.google.internal";
}

bool HttpsUrl::is_among(const std::vector<std::string>& hosts) const {
  return std::any_of(hosts.begin(), hosts.end(), [this](const std::string& said) {
    try {
      const HttpsUrl named = parse_https("https://" + said);
      const bool with_port = said.ends_with(":" + std::to_string(named.port));
      return named.host == host && (!with_port || named.port == port);
    } catch (const io::RequestError&) {
      return false;
    }
  });
}

bool HttpsUrl::is_host(const std::string& host_and_port) const {
  try {
    return same_host(parse_https("https://" + host_and_port));
  } catch (const io::RequestError&) {
    return false;
  }
}

HttpsUrl parse_https(const std::string& url) {
  if (url.size() > kLongestUrl) refuse_url(url.substr(0, 100) + "…", "longer than 4096 bytes");
  if (has_unprintable(url)) refuse_url(url, "it holds a space or a control character");
  const CurlUrl parsed;
  if (::curl_url_set(parsed.handle, CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) refuse_url(url, "not a URL");
  if (parsed.part(CURLUPART_SCHEME) != "https") refuse_url(url, "only https:// is spoken");
  // Curl forgives a slash too few and one too many.
  if (url.compare(5, 3, "://") != 0 || url.compare(5, 4, ":///") == 0) refuse_url(url, "it names no host");
  if (url.substr(0, url.find('/', 8)).find('@') != std::string::npos ||
      !parsed.part(CURLUPART_USER).empty() || !parsed.part(CURLUPART_PASSWORD).empty())
    refuse_url(url,
               "a URL must not carry a user or password; give a token by ORCHESTRATOR_GIT_TOKEN or "
               "--git-token-file");
  HttpsUrl result;
  result.host = io::lower(parsed.part(CURLUPART_HOST));
  if (result.host.starts_with('[')) result.host = result.host.substr(1, result.host.size() - 2);
  while (result.host.ends_with('.')) result.host.pop_back();
  if (result.host.empty()) refuse_url(url, "it names no host");
  if (is_refused_host(result.host)) refuse_url(url, "link-local and metadata addresses are refused");
  const std::string port = parsed.part(CURLUPART_PORT, CURLU_DEFAULT_PORT);
  result.port = std::stoi(port);
  result.text = "https" + url.substr(5);
  while (result.text.ends_with('/')) result.text.pop_back();
  return result;
}

std::string resolve_url(const std::string& base, const std::string& relative) {
  if (!relative.starts_with("./") && !relative.starts_with("../")) return relative;
  std::string host = base;
  std::string_view rest = relative;
  while (host.ends_with('/')) host.pop_back();
  const std::size_t scheme = host.find("://");
  const std::size_t start =
      scheme == std::string::npos ? host.find(':') + 1 : std::min(host.find('/', scheme + 3), host.size());
  std::string folder = host.substr(start);
  host.resize(start);
  if (folder.empty()) folder = "/";
  while (true) {
    if (rest.starts_with("./")) {
      rest.remove_prefix(2);
    } else if (rest.starts_with("../")) {
      if (folder.empty() || folder == "/")
        throw io::RequestError("the relative address " + printable(relative) + " leaves " +
                               without_credentials(base));
      const std::size_t slash = folder.rfind('/');
      folder = slash == std::string::npos ? "" : folder.substr(0, std::max<std::size_t>(slash, 1));
      rest.remove_prefix(3);
    } else {
      const bool joined = folder.empty() || folder.ends_with('/');
      return host + folder + (joined ? "" : "/") + std::string(rest);
    }
  }
}

std::string scheme_of(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos || colon == 0 || text.find('/') < colon) return {};
  const std::string before = text.substr(0, colon);
  if (text.compare(colon, 3, "://") == 0 || text.compare(colon, 2, "::") == 0) return io::lower(before);
  return "ssh";  // user@host:path, host:path
}

}  // namespace checkout

bool is_remote(const std::string& repo) {
  const std::string shown = without_credentials(repo);
  const auto invalid = [&](const std::string& why) {
    return io::RequestError("Invalid repository URL or path: " + shown + " (" + why + ")");
  };
  if (repo.empty()) throw io::RequestError("Repository URL is required");
  if (repo.find('\0') != std::string::npos) throw invalid("it holds a NUL");
  if (checkout::is_ssh_form(repo)) {
    checkout::parse_ssh(repo);
    return true;
  }
  const std::string scheme = checkout::scheme_of(repo);
  if (scheme == "https") {
    const checkout::HttpsUrl url = checkout::parse_https(repo);
    if (url.text.find_first_of("?#", 8) != std::string::npos)
      throw invalid("a repository's URL has no query");
    return true;
  }
  struct stat status {};
  const bool is_url = repo.find("://") != std::string::npos || repo.find("::") != std::string::npos;
  if (!is_url && ::stat(repo.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return false;
    throw invalid("it is no folder");
  }
  if (scheme == "ssh") throw invalid("there is no such folder; by ssh, write user@host:path");
  if (!scheme.empty()) throw invalid("only https://, ssh:// and local folders are taken, not " + scheme);
  const std::string first = repo.substr(0, repo.find('/'));
  if (first.find('@') != std::string::npos)
    throw invalid("there is no such folder; by ssh, write user@host:path");
  const bool names_a_host = first.find('.') != std::string::npos && !first.starts_with('.') && first != repo;
  throw invalid(names_a_host ? "there is no such folder; a URL begins with https://"
                             : "there is no such folder");
}

std::string without_credentials(const std::string& url) {
  std::string shown = url;
  const std::size_t scheme = shown.find("://");
  const std::size_t start = scheme == std::string::npos ? 0 : scheme + 3;
  // The last '@' before the path: a password may hold one. "user:secret@host:path" has no scheme.
  const std::size_t end = std::min(shown.find_first_of("/?#", start), shown.size());
  const std::size_t at = shown.rfind('@', end);
  if (at != std::string::npos && at >= start && at < end) {
    // Of ssh the user is a part of the address, no secret.
    const bool by_ssh = scheme == std::string::npos || checkout::scheme_of(url) == "ssh";
    const bool keeps_plain_user = by_ssh && shown.find(':', start) > at;
    if (!keeps_plain_user) shown.erase(start, at + 1 - start);
  }
  if (scheme != std::string::npos) shown.resize(std::min(shown.find_first_of("?#"), shown.size()));
  return shown;
}

}  // namespace images
