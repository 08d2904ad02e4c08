#include "sandbox/io/trust.h"

#include <cstdlib>
#include <initializer_list>

namespace io {
namespace {

// A variable of the environment that says something.
struct Said {
  const char* name = nullptr;
  const char* value = nullptr;
};

constexpr auto kFileVariables = {"GIT_SSL_CAINFO", "CURL_CA_BUNDLE", "SSL_CERT_FILE"};
constexpr auto kFolderVariables = {"SSL_CERT_DIR"};

Said first_said(std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const char* value = std::getenv(name); value && *value) return {name, value};
  return {};
}

// ", which goes before SSL_CERT_FILE", where that is set as well.
std::string without_effect(const Said& used) {
  std::string others;
  bool behind = false;
  for (const char* name : kFileVariables) {
    if (const char* value = std::getenv(name); behind && value && *value)
      others += (others.empty() ? "" : " and ") + std::string(name);
    behind = behind || name == used.name;
  }
  return others.empty() ? "" : ", which goes before " + others;
}

}  // namespace

void set_trust(CURL* handle, const std::string& ca_file) {
  const bool named = !ca_file.empty();
  const char* file = named ? ca_file.c_str() : first_said(kFileVariables).value;
  const char* folder = named ? nullptr : first_said(kFolderVariables).value;
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

std::string trust_advice(const std::string& ca_file, std::string_view named_by) {
  if (!ca_file.empty())
    return "the bundle in use is " + ca_file + ", named by " + std::string(named_by) +
           ": your CA must be in it";
  if (const Said file = first_said(kFileVariables); file.name)
    return std::string("the bundle in use is ") + file.value + ", named by the variable " + file.name +
           without_effect(file) + ": your CA must be in it, or in one that --ca-file names";
  if (const Said folder = first_said(kFolderVariables); folder.name)
    return std::string("the certificates in use are those in ") + folder.value + ", named by the variable " +
           folder.name + "; name the bundle of your CA by --ca-file or the " + "variable SSL_CERT_FILE";
  return "name the bundle of your CA by --ca-file or the variable SSL_CERT_FILE";
}

bool is_trust_failure(CURLcode code) {
  return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
         code == CURLE_SSL_ISSUER_ERROR;
}

}  // namespace io
