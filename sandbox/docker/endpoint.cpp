#include "sandbox/docker/endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "sandbox/docker/docker_contexts.h"
#include "sandbox/io/error.h"
#include "sandbox/io/text.h"

namespace sandbox::docker {
namespace {

namespace fs = std::filesystem;

constexpr const char* kUsualSocket = "/var/run/docker.sock";
constexpr const char* kDefaultContext = "default";  // the docker program's name for "none"

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// An address as it may be shown: what could be a password is left out.
std::string shown(const std::string& host) {
  const auto at = host.rfind('@');
  const auto scheme = host.find("://");
  if (at == std::string::npos || scheme == std::string::npos || at < scheme) return host;
  const auto colon = host.find(':', scheme + 3);
  return colon < at ? host.substr(0, colon) + ":…" + host.substr(at) : host;
}

[[noreturn]] void refuse(const std::string& host, const std::string& why) {
  throw io::RequestError(fmt::format("engine host '{}': {}", shown(host), why));
}

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

// Letters that no shell and no option parser takes for anything else.
bool is_name(std::string_view text) {
  return !text.empty() && text.front() != '-' && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_' || c == ':' || c == '%';
  });
}

struct HostAndPort {
  std::string host;  // without the brackets of an IPv6 address
  std::string port;  // empty: not said
  bool bracketed = false;
};

// "host", "host:22", "[::1]:22"; nothing when it is none of these.
std::optional<HostAndPort> host_and_port(std::string text) {
  HostAndPort parts;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string::npos) return std::nullopt;
    parts.host = text.substr(1, end - 1);
    parts.bracketed = true;
    text.erase(0, end + 1);
    if (!text.empty() && text.front() != ':') return std::nullopt;
  } else {
    parts.host = text.substr(0, text.find(':'));
    text.erase(0, parts.host.size());
  }
  if (!text.empty()) {
    parts.port = text.substr(1);
    if (!is_port(parts.port)) return std::nullopt;
  }
  if (!is_name(parts.host) || (!parts.bracketed && parts.host.find(':') != std::string::npos))
    return std::nullopt;
  return parts;
}

// The files of that folder which are there.
TlsFiles tls_in(const std::string& folder) {
  const auto file = [&](const char* name) {
    const std::string path = folder + "/" + name;
    std::error_code ignored;
    return fs::exists(path, ignored) ? path : std::string();
  };
  TlsFiles files{file("ca.pem"), file("cert.pem"), file("key.pem")};
  if (files.certificate.empty() != files.key.empty())
    throw io::RequestError(fmt::format(
        "the engine's TLS files in {} are incomplete: cert.pem and key.pem belong together", folder));
  return files;
}

// By the docker program's variables; nothing when none of them asks for TLS.
std::optional<TlsFiles> tls_of_environment() {
  const std::string said = variable("DOCKER_CERT_PATH");
  if (said.empty() && variable("DOCKER_TLS_VERIFY").empty() && variable("DOCKER_TLS").empty())
    return std::nullopt;
  const TlsFiles files = tls_in(said.empty() ? docker_folder() : said);
  if (!said.empty() && files.ca.empty() && files.certificate.empty())
    throw io::RequestError(
        fmt::format("DOCKER_CERT_PATH names {}, which holds neither ca.pem nor cert.pem and key.pem", said));
  return files;
}

Endpoint unix_endpoint(const std::string& host, const std::string& path) {
  if (!path.starts_with('/'))
    refuse(host, "a socket is named by its whole path, as in unix:///path/to/socket");
  return {path};
}

Endpoint tcp_endpoint(const std::string& host, std::string place, std::optional<TlsFiles> tls,
                      bool insecure) {
  if (place.ends_with('/')) place.pop_back();
  const auto parts = host_and_port(place);
  if (!parts) refuse(host, "must be tcp://host or tcp://host:port");
  if (!tls && !insecure)
    refuse(host,
           "whoever reads or reaches an engine's plain TCP port owns its host: use TLS (DOCKER_TLS_VERIFY=1, "
           "and "
           "DOCKER_CERT_PATH for a folder with ca.pem, cert.pem and key.pem) or ssh://, or insist by "
           "--insecure-engine");
  const std::string name = parts->bracketed ? "[" + parts->host + "]" : parts->host;
  const std::string port = parts->port.empty() ? (tls ? "2376" : "2375") : parts->port;
  Endpoint endpoint;
  endpoint.authority = name + ":" + port;
  endpoint.tls = std::move(tls);
  return endpoint;
}

Endpoint ssh_endpoint(const std::string& host, std::string place) {
  SshTarget target;
  if (const auto slash = place.find('/'); slash != std::string::npos) {
    if (slash + 1 < place.size()) target.socket = place.substr(slash);
    place.erase(slash);
  }
  if (const auto at = place.rfind('@'); at != std::string::npos) {
    target.user = place.substr(0, at);
    place.erase(0, at + 1);
    if (target.user.find(':') != std::string::npos)
      refuse(host, "a password does not belong into an address: use a key or an agent of ssh");
    if (!is_name(target.user)) refuse(host, "must be ssh://user@host, and :port where it is another than 22");
  }
  const auto parts = host_and_port(place);
  if (!parts) refuse(host, "must be ssh://user@host, and :port where it is another than 22");
  target.host = parts->host;
  target.port = parts->port;
  Endpoint endpoint;
  endpoint.ssh = std::move(target);
  return endpoint;
}

// "127.0.0.1:2375" is tcp, as docker has it.
std::string with_scheme(const std::string& host) {
  const auto colon = host.rfind(':');
  const bool names_a_port = colon != std::string::npos && colon > 0 && colon + 1 < host.size() &&
                            host.find_first_not_of("0123456789", colon + 1) == std::string::npos;
  return names_a_port && host.find('/') == std::string::npos ? "tcp://" + host : host;
}

Endpoint parse(const std::string& host, std::optional<TlsFiles> tls, bool insecure) {
  const auto after = [&](std::string_view scheme) { return host.substr(scheme.size()); };
  if (host.starts_with("unix://")) return unix_endpoint(host, after("unix://"));
  if (host.starts_with('/')) return unix_endpoint(host, host);
  if (host.starts_with("tcp://")) return tcp_endpoint(host, after("tcp://"), std::move(tls), insecure);
  if (host.starts_with("ssh://")) return ssh_endpoint(host, after("ssh://"));
  refuse(host, "must be unix:///path/to/socket, tcp://host:port or ssh://user@host");
}

bool insecure_by_environment() {
  constexpr const char* kName = "ORCHESTRATOR_INSECURE_ENGINE";
  const std::string said = io::lower(variable(kName));
  if (said == "1" || said == "true") return true;
  if (said.empty() || said == "0" || said == "false") return false;
  throw io::RequestError(fmt::format("{} must be 0 or 1", kName));
}

}  // namespace

Endpoint Endpoint::from(const EngineOptions& options) {
  const bool insecure = options.insecure || insecure_by_environment();
  std::string host = options.host, context = options.context;
  if (host.empty() && context.empty()) host = variable("DOCKER_HOST");
  host = with_scheme(host);
  if (!host.empty()) {
    // What the variables say of TLS is no matter of a socket's or of ssh's.
    return parse(host, host.starts_with("tcp://") ? tls_of_environment() : std::nullopt, insecure);
  }
  if (context.empty()) context = variable("DOCKER_CONTEXT");
  if (context.empty()) context = current_context();
  if (context.empty() || context == kDefaultContext) return {kUsualSocket};
  const DockerContext found = find_context(context);
  return io::context(fmt::format("docker context '{}'", context), [&] {
    std::optional<TlsFiles> files;
    if (!found.tls_folder.empty()) files = tls_in(found.tls_folder);
    return parse(found.host, std::move(files), insecure);
  });
}

std::string Endpoint::url() const {
  if (ssh) {
    const bool bracketed = ssh->host.find(':') != std::string::npos;
    return fmt::format("ssh://{}{}{}{}{}", ssh->user.empty() ? "" : ssh->user + "@",
                       bracketed ? "[" + ssh->host + "]" : ssh->host, ssh->port.empty() ? "" : ":", ssh->port,
                       ssh->socket);
  }
  return socket.empty() ? "tcp://" + authority : "unix://" + socket;
}

std::string_view Endpoint::carrier() const {
  if (ssh) return "ssh";
  if (!socket.empty()) return "Unix socket";
  return tls ? "TLS" : "plain TCP";
}

}  // namespace sandbox::docker
