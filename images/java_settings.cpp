#include "images/java_settings.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace images {

namespace {

std::string with_percents_decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const char* digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2) {
      plain += static_cast<char>(value);
      i += 2;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

// "http://user:password@host:3128/", "host:3128"
std::optional<JavaProxy> proxy_in(std::string_view url, const char* of) {
  JavaProxy proxy{.of = of, .host = {}, .port = 80, .user = {}, .password = {}};
  const auto scheme = url.find("://");
  if (scheme != std::string_view::npos) {
    const std::string_view said = url.substr(0, scheme);
    if (said != "http" && said != "https") return std::nullopt;
    if (said == "https") proxy.port = 443;
    url.remove_prefix(scheme + 3);
  }
  url = url.substr(0, url.find('/'));
  if (const auto sign = url.rfind('@'); sign != std::string_view::npos) {
    const std::string_view user = url.substr(0, sign);
    const auto colon = user.find(':');
    proxy.user = with_percents_decoded(user.substr(0, colon));
    if (colon != std::string_view::npos) proxy.password = with_percents_decoded(user.substr(colon + 1));
    url.remove_prefix(sign + 1);
  }
  const auto colon = url.rfind(':');
  if (colon != std::string_view::npos && url.find(']', colon) == std::string_view::npos) {
    const std::string_view port = url.substr(colon + 1);
    std::from_chars(port.data(), port.data() + port.size(), proxy.port);
    url = url.substr(0, colon);
  }
  proxy.host = url;
  if (proxy.host.empty() || proxy.host.find_first_of(" \t\"'<>&") != std::string::npos) return std::nullopt;
  return proxy;
}

std::optional<std::string> first_of(const GetVariable& variable, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (auto value = variable(name); value && !value->empty()) return value;
  return std::nullopt;
}

std::string for_xml(std::string_view text) {
  std::string escaped;
  for (const char c : text) switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      default:
        escaped += c;
    }
  return escaped;
}

std::string without_entities(std::string text) {
  constexpr std::pair<std::string_view, char> kEntities[] = {
      {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&amp;", '&'}};
  for (const auto& [entity, plain] : kEntities)
    for (auto at = text.find(entity); at != std::string::npos; at = text.find(entity, at + 1))
      text.replace(at, entity.size(), 1, plain);
  return text;
}

std::string without_comments(std::string_view xml) {
  constexpr std::string_view kBegin = "<!--", kEnd = "-->";
  std::string kept;
  for (auto at = xml.find(kBegin); at != std::string_view::npos; at = xml.find(kBegin)) {
    kept += xml.substr(0, at);
    const auto end = xml.find(kEnd, at + kBegin.size());
    xml = end == std::string_view::npos ? std::string_view() : xml.substr(end + kEnd.size());
  }
  return kept.append(xml);
}

// Of elements that hold no other of their name.
void remove_elements(std::string& xml, const std::string& name) {
  const std::string begin = "<" + name + ">", end = "</" + name + ">";
  for (auto at = xml.find(begin); at != std::string::npos; at = xml.find(begin, at)) {
    const auto after = xml.find(end, at);
    if (after == std::string::npos) return;
    xml.erase(at, after + end.size() - at);
  }
}

std::vector<std::string_view> inside_elements(std::string_view xml, const std::string& name) {
  const std::string begin = "<" + name + ">", end = "</" + name + ">";
  std::vector<std::string_view> inside;
  for (auto at = xml.find(begin); at != std::string_view::npos; at = xml.find(begin, at)) {
    at += begin.size();
    const auto after = xml.find(end, at);
    if (after == std::string_view::npos) break;
    inside.push_back(xml.substr(at, after - at));
  }
  return inside;
}

std::string with_variables(std::string_view xml, const GetVariable& variable) {
  constexpr std::string_view kBegin = "${env.";
  std::string replaced;
  for (auto at = xml.find(kBegin); at != std::string_view::npos; at = xml.find(kBegin)) {
    const auto end = xml.find('}', at);
    if (end == std::string_view::npos) break;
    const std::string name(xml.substr(at + kBegin.size(), end - at - kBegin.size()));
    const auto value = variable(name.c_str());
    replaced += xml.substr(0, at);
    replaced += value ? for_xml(*value) : std::string(xml.substr(at, end + 1 - at));
    xml.remove_prefix(end + 1);
  }
  return replaced.append(xml);
}

std::string proxies_element(const std::vector<JavaProxy>& proxies, const std::string& no_proxy) {
  std::string element = "<proxies>\n";
  for (const auto& proxy : proxies) {
    element += fmt::format(
        "<proxy><id>{0}-of-environment</id><active>true</active><protocol>{0}</protocol>"
        "<host>{1}</host><port>{2}</port>",
        proxy.of, for_xml(proxy.host), proxy.port);
    if (!proxy.user.empty())
      element += fmt::format("<username>{}</username><password>{}</password>", for_xml(proxy.user),
                             for_xml(proxy.password));
    element += fmt::format("<nonProxyHosts>{}</nonProxyHosts></proxy>\n", for_xml(no_proxy));
  }
  return element + "</proxies>\n";
}

}  // namespace

std::vector<JavaProxy> java_proxies(const GetVariable& variable) {
  std::vector<JavaProxy> proxies;
  const auto add = [&](const char* of, std::initializer_list<const char*> names) {
    const auto url = first_of(variable, names);
    if (!url) return;
    if (auto proxy = proxy_in(*url, of)) proxies.push_back(std::move(*proxy));
  };
  add("http", {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"});
  add("https", {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"});
  return proxies;
}

std::string java_no_proxy(const GetVariable& variable) {
  std::string hosts = "localhost|127.*|[::1]";
  const std::string said = first_of(variable, {"no_proxy", "NO_PROXY"}).value_or("");
  for (std::string_view rest = said; !rest.empty();) {
    const auto end = rest.find_first_of(", ");
    std::string_view host = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (host.find('/') != std::string_view::npos) continue;  // a range of addresses: Java knows no such
    if (host.starts_with("*.")) host.remove_prefix(1);
    const bool below_alone = host.starts_with('.');
    if (below_alone) host.remove_prefix(1);
    if (const auto port = host.rfind(':'); port != std::string_view::npos && host.find(':') == port)
      host = host.substr(0, port);
    if (host.empty() || host.find_first_of("|\"'<>&") != std::string_view::npos) continue;
    if (host == "*") return "*";
    if (!below_alone) hosts.append(1, '|').append(host);
    hosts.append("|*.").append(host);
  }
  return hosts;
}

std::string java_options(const GetVariable& variable, const std::string& truststore_path) {
  std::string options;
  if (!truststore_path.empty())
    options =
        fmt::format("-Djavax.net.ssl.trustStore={} -Djavax.net.ssl.trustStoreType=JKS", truststore_path);
  const auto proxies = java_proxies(variable);
  for (const auto& proxy : proxies)
    options += fmt::format("{}-D{}.proxyHost={} -D{}.proxyPort={}", options.empty() ? "" : " ", proxy.of,
                           proxy.host, proxy.of, proxy.port);
  if (!proxies.empty()) options += " -Dhttp.nonProxyHosts=" + java_no_proxy(variable);
  return options;
}

std::string maven_settings(std::string_view own, const GetVariable& variable) {
  constexpr std::string_view kEnd = "</settings>";
  std::string settings = without_comments(own);
  for (const char* name : {"localRepository", "offline"}) remove_elements(settings, name);
  settings = with_variables(settings, variable);
  if (settings.find(kEnd) == std::string::npos) settings = "<settings>\n</settings>\n";
  const auto proxies = java_proxies(variable);
  if (!proxies.empty() && settings.find("<proxy>") == std::string::npos) {
    remove_elements(settings, "proxies");
    settings.insert(settings.rfind(kEnd), proxies_element(proxies, java_no_proxy(variable)));
  }
  // A template in which nothing is set has no element with a text.
  for (const char* name : {"<url>", "<server>", "<proxy>", "<profile>", "<pluginGroup>"})
    if (settings.find(name) != std::string::npos) return settings;
  return {};
}

std::vector<std::string> maven_passwords(std::string_view settings) {
  std::vector<std::string_view> found = inside_elements(settings, "password");
  const auto add = [&found](std::vector<std::string_view> more) {
    found.insert(found.end(), more.begin(), more.end());
  };
  add(inside_elements(settings, "passphrase"));
  // "Private-Token" and the like, of a server that takes no password.
  for (const auto headers : inside_elements(settings, "httpHeaders")) add(inside_elements(headers, "value"));
  std::vector<std::string> passwords;
  for (const auto each : found) {
    if (each.empty()) continue;
    passwords.emplace_back(each);
    if (std::string plain = without_entities(passwords.back()); plain != passwords.back())
      passwords.push_back(std::move(plain));
  }
  return passwords;
}

}  // namespace images
