// Which addresses a checkout may talk to. Pure but for one look whether a local folder exists; any thread.
//
// Only https here; ssh_url has the other way. Never a service that answers with a machine's own credentials:
// the link-local ranges and the fixed metadata addresses of clouds are refused by number here, and again by
// the address that is really connected to (https_client). Loopback and private networks are a command line
// user's own business and are allowed.
#pragma once

#include <sys/socket.h>

#include <string>
#include <vector>

namespace images::checkout {

struct HttpsUrl {
  std::string host;  // lower case, numeric forms made canonical, no brackets
  int port = 443;
  std::string text;  // the whole URL, without a trailing '/'

  bool same_host(const HttpsUrl& other) const { return host == other.host && port == other.port; }
  // Is it among an operator's hosts? "host" is meant at any port, "host:port" at that one.
  bool is_among(const std::vector<std::string>& hosts) const;
  // Is this the host of a credential, given as "host" or "host:port"?
  bool is_host(const std::string& host_and_port) const;
};

// Throws io::RequestError when `url` is not https, carries a user, or names a refused address by number.
HttpsUrl parse_https(const std::string& url);

// True for link-local, metadata and "this network" addresses, whatever IPv6 form they are wrapped in.
bool is_refused_address(const sockaddr* address);

// The same for the name of a host: an address by number in any form, or a cloud's name for its metadata.
bool is_refused_host(const std::string& host);

// A submodule's or a redirect's address as seen from `base` (https, ssh:// or user@host:path):
// "../other.git",
// "./x", or absolute.
std::string resolve_url(const std::string& base, const std::string& relative);

// "https" of "HTTPS://x", "ext" of "ext::sh", "ssh" of "git@host:path"; empty for what looks like a path.
std::string scheme_of(const std::string& text);

}  // namespace images::checkout
