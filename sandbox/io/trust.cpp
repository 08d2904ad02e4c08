#include "sandbox/io/trust.h"

#include <cstdlib>
#include <initializer_list>

namespace io {
namespace {

const char* environment(std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const char* value = std::getenv(name); value && *value) return value;
  return nullptr;
}

}  // namespace

void set_trust(CURL* handle, const std::string& ca_file) {
  const char* file =
      ca_file.empty() ? environment({"GIT_SSL_CAINFO", "CURL_CA_BUNDLE", "SSL_CERT_FILE"}) : ca_file.c_str();
  const char* folder = ca_file.empty() ? environment({"SSL_CERT_DIR"}) : nullptr;
  if (file) {
    ::curl_easy_setopt(handle, CURLOPT_CAINFO, file);
    ::curl_easy_setopt(handle, CURLOPT_PROXY_CAINFO, file);
  }
  if (file || folder) {
    ::curl_easy_setopt(handle, CURLOPT_CAPATH, folder);
    ::curl_easy_setopt(handle, CURLOPT_PROXY_CAPATH, folder);
  }
}

bool is_trust_failure(CURLcode code) {
  return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
         code == CURLE_SSL_ISSUER_ERROR;
}

}  // namespace io
