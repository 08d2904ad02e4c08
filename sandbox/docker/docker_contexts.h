// The contexts of the docker program: named engines, kept in files below its configuration folder.
//
//   config.json                                   "currentContext": "NAME"
//   contexts/meta/ID/meta.json                    {"Name": "NAME", "Endpoints": {"docker": {"Host":
//   "tcp://…"}}} contexts/tls/ID/docker/{ca,cert,key}.pem
#pragma once

#include <string>

namespace sandbox::docker {

// $DOCKER_CONFIG, or ~/.docker; empty when neither variable is there.
std::string docker_folder();

// What `docker context use` has chosen; empty: nothing. A file that cannot be understood is passed over with
// a word in the log, since whoever names no context may not care for it.
std::string current_context();

struct DockerContext {
  std::string host;        // as in DOCKER_HOST
  std::string tls_folder;  // of its PEM files; empty: it has none
};

// Throws io::RequestError: no such context, or one that names no engine or does not want its certificate
// checked.
DockerContext find_context(const std::string& name);

}  // namespace sandbox::docker
