// The child's HTTPS requests, one at a time, read by pulling: for git's smart protocol and for Git LFS.
//
// Rules kept here: https only; the credential goes to its own host and nowhere else; every address that is
// really connected to is checked, so a name that leads to a metadata service is refused (a proxy's own
// address is exempt: the person named it); a redirect is followed only when asked, at most five times, and
// never to another host once the credential was sent; all bytes received count against one cap; a peer that
// stays silent is given up.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "images/checkout/checkout.h"
#include "images/checkout/url_rules.h"
#include "sandbox/io/error.h"

namespace images::checkout {

// A failure on the way to the peer: a second try may not meet it.
class TransportError : public io::HostError {
 public:
  using io::HostError::HostError;
};

struct HttpsSettings {
  std::optional<GitCredential> credential;
  std::string ca_file;  // as io::set_trust() has it
  std::int64_t max_bytes = 0;
  std::vector<std::string> allowed_hosts;  // empty: any
  // Asked once, for the first address that wants a credential where there is none; may know of none.
  std::function<std::optional<GitCredential>(const HttpsUrl&)> ask_credential;
  std::string ca_file_by = "--ca-file";  // what named `ca_file`, for people
};

struct HttpsRequest {
  std::string url;
  std::optional<std::string> body;  // POST when set, else GET
  std::vector<std::string> headers;
};

class HttpsClient;

// One answer. The client must outlive it.
class HttpsResponse {
 public:
  ~HttpsResponse();
  HttpsResponse(const HttpsResponse&) = delete;
  HttpsResponse& operator=(const HttpsResponse&) = delete;

  long status() const { return status_; }
  std::string content_type() const;
  const HttpsUrl& url() const { return url_; }
  bool sent_credential() const { return sent_credential_; }
  std::string credential_origin() const;  // where the one that was sent came from
  // Somebody from elsewhere named the repository: only the operator of this server can give it anything.
  bool is_for_others() const;

  // At least one byte, or 0 at the end. Throws TransportError, io::RequestError when the cap is passed.
  std::size_t read(char* buffer, std::size_t size);
  std::string read_all(std::size_t most);

 private:
  friend class HttpsClient;
  HttpsResponse(HttpsClient& client, const HttpsRequest& request);
  void set_options(const HttpsRequest& request);
  void wait_for(bool body);
  void finish(CURLcode code);
  std::string redirect() const;

  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* self);
  static curl_socket_t on_socket(void* self, curlsocktype purpose, curl_sockaddr* address);

  HttpsClient& client_;
  HttpsUrl url_;
  std::unique_ptr<CURL, void (*)(CURL*)> handle_;
  std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers_;
  std::string body_sent_;
  char error_text_[CURL_ERROR_SIZE] = {};
  long status_ = 0;
  bool headers_done_ = false;
  bool done_ = false;
  bool sent_credential_ = false;
  bool too_large_ = false;
  std::string refused_address_;
  std::string buffer_;
  std::size_t taken_ = 0;  // of buffer_
};

class HttpsClient {
 public:
  explicit HttpsClient(HttpsSettings settings);
  ~HttpsClient();
  HttpsClient(const HttpsClient&) = delete;
  HttpsClient& operator=(const HttpsClient&) = delete;

  // Returns when the answer's headers are there, whatever its status.
  std::unique_ptr<HttpsResponse> send(const HttpsRequest& request);
  // The same, going where the answer redirects to.
  std::unique_ptr<HttpsResponse> send_following(HttpsRequest request);

 private:
  void check_allowed(const std::string& url) const;
  bool learns_credential(const HttpsResponse& refused);
  friend class HttpsResponse;
  bool is_proxy(const curl_sockaddr& address) const;

  HttpsSettings settings_;
  std::unique_ptr<CURLM, CURLMcode (*)(CURLM*)> multi_;
  std::vector<std::string> proxy_addresses_;  // sockaddr bytes
  std::int64_t received_ = 0;
};

}  // namespace images::checkout
