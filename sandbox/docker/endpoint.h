// Where an engine is and how it is reached: a Unix socket, TCP with TLS, or ssh; as a person says it, as the
// variables of the docker program do, or as one of that program's contexts does. A value.
#pragma once

#include <optional>
#include <string>

#include "sandbox/engine.h"

namespace sandbox::docker {

// Paths of PEM files.
struct TlsFiles {
  std::string ca;                // trusted beside the system's authorities; empty: those alone
  std::string certificate, key;  // that this program shows; both or neither
};

struct SshTarget {
  std::string user;    // empty: as ssh's own configuration says
  std::string host;    // a name of that configuration, or an address
  std::string port;    // empty: the same
  std::string socket;  // the engine's over there; empty: its usual one
};

struct Endpoint {
  std::string socket;                          // path of a Unix socket; empty: one of the following
  std::string authority = {};                  // of TCP: "host:2376"
  std::optional<TlsFiles> tls = std::nullopt;  // of TCP; absent: plain, as somebody has insisted on
  std::optional<SshTarget> ssh = std::nullopt;

  // The first of: options.host, options.context, DOCKER_HOST, DOCKER_CONTEXT, the currentContext of
  // config.json, the usual socket. This is the docker program's order: with both variables set, it too
  // follows DOCKER_HOST. TLS is asked for by DOCKER_TLS_VERIFY, DOCKER_TLS or DOCKER_CERT_PATH, or by files
  // that a context has, and always checks the engine's certificate. TCP without it needs options.insecure or
  // ORCHESTRATOR_INSECURE_ENGINE.
  // Throws io::RequestError: an address that is not understood, a context that is not there, files of TLS
  // that are not, plain TCP that nobody has insisted on.
  static Endpoint from(const EngineOptions& options);

  // What it does not share with us: disks, processes, the clock.
  bool on_this_host() const { return !socket.empty(); }
  std::string url() const;           // for people: "tcp://host:2376"
  std::string_view carrier() const;  // "Unix socket", "TLS", "plain TCP", "ssh"
};

}  // namespace sandbox::docker
