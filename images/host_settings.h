// What of this host install steps need to reach their package registries: proxy variables, package-index
// settings, the CA bundle, and the same once more for Java. All of it travels as secrets of an Execution, so
// that no layer, configuration or history of an image holds any of it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sandbox/execution.h"

namespace images {

struct HostSettings {
  sandbox::EnvList env;  // HTTPS_PROXY, PIP_INDEX_URL, SSL_CERT_FILE=/run/orchestrator/…, …
  std::vector<sandbox::SecretFile> files;  // ca-certificates.crt, pip.conf, maven-settings.xml, …
  std::vector<std::string> sources;        // for people, no values: "HTTPS_PROXY", "SSL_CERT_FILE=/etc/…"

  std::vector<std::string> warnings;  // sentences: a setting that cannot work inside a container

  void apply_to(sandbox::Execution& execution) const;
  // `text` with every credential of these settings (user:password@ of a URL) replaced by ***.
  std::string mask(std::string text) const;
};

// Reads the environment through `getenv` (a test passes its own), the files that it names and pip's
// configuration below `etc`, pip's, Maven's, npm's and Yarn's below HOME. A path of this host is never passed on: what lies
// there is not in the container. `names`: of all variables that are set, to find those that have no fixed
// name.
HostSettings host_settings(const std::function<std::optional<std::string>(const char*)>& getenv,
                           const std::string& etc = "/etc", const std::vector<std::string>& names = {});
HostSettings host_settings();

}  // namespace images
