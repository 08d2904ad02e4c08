// Whom a TLS connection trusts: the same for git, for posting and for whatever comes. libcurl itself knows
// none of the variables that curl the program and git know.
#pragma once

#include <curl/curl.h>

#include <string>
#include <string_view>

namespace io {

// `ca_file`: PEM bundle that a person named, trusted beside what is in the system's folder; empty:
// GIT_SSL_CAINFO, CURL_CA_BUNDLE, SSL_CERT_FILE or SSL_CERT_DIR, or else the system's. The proxy's certificate
// is judged alike.
void set_trust(CURL* handle, const std::string& ca_file);

// After a failure for trust, what to do about it: names the bundle that set_trust() took for the same
// `ca_file` and what named it. `named_by`: who named `ca_file`. Paths are raw.
std::string trust_advice(const std::string& ca_file, std::string_view named_by = "--ca-file");

// Was it the certificate that a transfer failed for?
bool is_trust_failure(CURLcode code);

}  // namespace io
