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
  const bool named = !ca_file.empty();
  const char* file =
      named ? ca_file.c_str() : environment({"GIT_SSL_CAINFO", "CURL_CA_BUNDLE", "SSL_CERT_FILE"});
  const char* folder = named ? nullptr : environment({"SSL_CERT_DIR"});
  if (file) {
    ::curl_easy_setopt(handle, CURLOPT_CAINFO, file);
    ::curl_easy_setopt(handle, CURLOPT_PROXY_CAINFO, file);
  }
  // What a person named for one host is beside the system's folder: others are talked to as well.
  if (!named && (file || folder)) {
    ::curl_easy_setopt(handle, CURLOPT_CAPATH, folder);
    ::curl_easy_setopt(handle, CURLOPT_PROXY_CAPATH, folder);
  }
}

bool is_trust_failure(CURLcode code) {
  return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
         code == CURLE_SSL_ISSUER_ERROR;
}

}  // namespace io
