// This host's settings as Java programs read them. Java knows neither HTTPS_PROXY nor SSL_CERT_FILE: what
// other programs take from the environment, its programs take from properties of their own, and Maven from a
// settings.xml. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace images {

using GetVariable = std::function<std::optional<std::string>(const char*)>;  // of the environment

struct JavaProxy {
  std::string of;  // the scheme of what is asked for by it: "http", "https"
  std::string host;
  int port = 0;
  std::string user, password;  // empty: none
};

// By HTTPS_PROXY and HTTP_PROXY, also in lower case, else ALL_PROXY; a proxy that speaks SOCKS is left out.
std::vector<JavaProxy> java_proxies(const GetVariable& variable);
// NO_PROXY as Java writes it: "localhost|127.*|[::1]|example.com|*.example.com".
std::string java_no_proxy(const GetVariable& variable);

// For JAVA_TOOL_OPTIONS, which every Java reads (and says so on stderr): the proxies, without credentials,
// and the truststore at a path, if there is one. "" when there is neither.
std::string java_options(const GetVariable& variable, const std::string& truststore_path);

// A settings.xml for Maven, of the person's `own` text (may be empty): ${env.NAME} is replaced, since the
// variable is not in the container; paths of this host and `offline` are left out; the proxies of the
// environment are added where it names none. "" when nothing would be in it.
std::string maven_settings(std::string_view own, const GetVariable& variable);
// The passwords that stand in such a text, as they stand there and as they are meant: to be masked.
std::vector<std::string> maven_passwords(std::string_view settings);

}  // namespace images
