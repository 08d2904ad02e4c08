#include "images/checkout/https_client.h"

#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "images/checkout/path_rules.h"
#include "sandbox/io/trust.h"

namespace images::checkout {
namespace {

constexpr int kMostRedirects = 5;
constexpr long kConnectSeconds = 30;
constexpr long kSilentSeconds = 60;  // a server that packs a large repository says nothing for a while

// Family, port and number: what two sockaddrs of one endpoint have in common.
std::string endpoint(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
    return std::string(1, '4')
        .append(reinterpret_cast<const char*>(&v4->sin_addr), sizeof v4->sin_addr)
        .append(std::to_string(v4->sin_port));
  }
  if (address->sa_family != AF_INET6) return {};
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
  return std::string(1, '6')
      .append(reinterpret_cast<const char*>(&v6->sin6_addr), sizeof v6->sin6_addr)
      .append(std::to_string(v6->sin6_port));
}

std::string url_part(CURLU* url, CURLUPart part, unsigned flags) {
  char* text = nullptr;
  if (::curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
  std::unique_ptr<char, void (*)(void*)> owner(text, ::curl_free);
  return text;
}

std::vector<std::string> endpoints_of(const char* proxy) {
  std::unique_ptr<CURLU, void (*)(CURLU*)> url(::curl_url(), ::curl_url_cleanup);
  const unsigned flags = CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME;
  if (::curl_url_set(url.get(), CURLUPART_URL, proxy, flags) != CURLUE_OK) return {};
  std::string host = url_part(url.get(), CURLUPART_HOST, 0);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  std::string port = url_part(url.get(), CURLUPART_PORT, 0);
  if (port.empty())
    port = std::string_view(proxy).starts_with("https://") ? "443" : "1080";  // as curl has it
  addrinfo* found = nullptr;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return {};
  std::vector<std::string> endpoints;
  for (const addrinfo* one = found; one; one = one->ai_next) endpoints.push_back(endpoint(one->ai_addr));
  ::freeaddrinfo(found);
  return endpoints;
}

std::string number_of(const curl_sockaddr& address) {
  char text[NI_MAXHOST] = {};
  ::getnameinfo(&address.addr, address.addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
  return text;
}

bool is_redirect(long status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

}  // namespace

HttpsResponse::HttpsResponse(HttpsClient& client, const HttpsRequest& request)
    : client_(client),
      url_(parse_https(request.url)),
      handle_(::curl_easy_init(), ::curl_easy_cleanup),
      headers_(nullptr, ::curl_slist_free_all) {
  if (!handle_) throw std::runtime_error("curl cannot be started");
  set_options(request);
  io::set_trust(handle_.get(), client_.settings_.ca_file);
  ::curl_multi_add_handle(client_.multi_.get(), handle_.get());
}

HttpsResponse::~HttpsResponse() { ::curl_multi_remove_handle(client_.multi_.get(), handle_.get()); }

void HttpsResponse::set_options(const HttpsRequest& request) {
  CURL* handle = handle_.get();
  ::curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  ::curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "https");
  ::curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  ::curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
  ::curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  ::curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  ::curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
  ::curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, kSilentSeconds);
  ::curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "gzip");
  ::curl_easy_setopt(handle, CURLOPT_USERAGENT, "git/2.0 (orchestrator)");  // some hosts look for "git/"
  ::curl_easy_setopt(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  ::curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, error_text_);
  ::curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &HttpsResponse::on_body);
  ::curl_easy_setopt(handle, CURLOPT_WRITEDATA, this);
  ::curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &HttpsResponse::on_header);
  ::curl_easy_setopt(handle, CURLOPT_HEADERDATA, this);
  ::curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, &HttpsResponse::on_socket);
  ::curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, this);
  for (const std::string& header : request.headers)
    headers_.reset(::curl_slist_append(headers_.release(), header.c_str()));
  if (request.body) {
    body_sent_ = *request.body;
    headers_.reset(::curl_slist_append(headers_.release(), "Expect:"));
    ::curl_easy_setopt(handle, CURLOPT_POST, 1L);
    ::curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body_sent_.data());
    ::curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body_sent_.size()));
  }
  ::curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers_.get());
  const auto& credential = client_.settings_.credential;
  if (credential && url_.is_host(credential->host)) {
    sent_credential_ = true;
    ::curl_easy_setopt(handle, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    ::curl_easy_setopt(handle, CURLOPT_USERNAME, credential->username.c_str());
    ::curl_easy_setopt(handle, CURLOPT_PASSWORD, credential->token.c_str());
  }
}

std::size_t HttpsResponse::on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& response = *static_cast<HttpsResponse*>(self);
  HttpsClient& client = response.client_;
  client.received_ += static_cast<std::int64_t>(size * count);
  if (client.settings_.max_bytes > 0 && client.received_ > client.settings_.max_bytes) {
    response.too_large_ = true;
    return 0;
  }
  try {
    response.buffer_.append(bytes, size * count);
  } catch (const std::bad_alloc&) {
    return 0;
  }
  return size * count;
}

std::size_t HttpsResponse::on_header(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& response = *static_cast<HttpsResponse*>(self);
  const std::string_view line(bytes, size * count);
  if (line == "\r\n" || line == "\n") {
    ::curl_easy_getinfo(response.handle_.get(), CURLINFO_RESPONSE_CODE, &response.status_);
    response.headers_done_ = response.status_ >= 200;
  }
  return size * count;
}

curl_socket_t HttpsResponse::on_socket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& response = *static_cast<HttpsResponse*>(self);
  try {
    if (is_refused_address(&address->addr) && !response.client_.is_proxy(*address)) {
      response.refused_address_ = number_of(*address);
      return CURL_SOCKET_BAD;
    }
  } catch (const std::exception&) {
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void HttpsResponse::finish(CURLcode code) {
  done_ = true;
  if (code == CURLE_OK) return;
  if (!refused_address_.empty())
    throw io::RequestError(url_.host + " leads to " + refused_address_ +
                           ", a link-local or metadata address; it is refused");
  if (too_large_)
    throw io::RequestError("more than the allowed " + std::to_string(client_.settings_.max_bytes >> 20) +
                           " MiB came from " + url_.host);
  const std::string reason = printable(error_text_[0] ? error_text_ : ::curl_easy_strerror(code));
  if (io::is_trust_failure(code)) {
    const std::string advice =
        is_for_others() ? "the operator of this server can name the bundle of its CA"
                        : io::trust_advice(client_.settings_.ca_file, client_.settings_.ca_file_by);
    throw io::LastingError("the certificate of " + url_.host + " is not trusted (" + reason + "); " + advice);
  }
  throw TransportError(url_.host + ": " + reason);
}

void HttpsResponse::wait_for(bool body) {
  CURLM* multi = client_.multi_.get();
  const auto enough = [&] { return done_ || (body ? taken_ < buffer_.size() : headers_done_); };
  while (!enough()) {
    int running = 0;
    if (::curl_multi_perform(multi, &running) != CURLM_OK)
      throw TransportError("the connection cannot be driven");
    int left = 0;
    while (CURLMsg* message = ::curl_multi_info_read(multi, &left))
      if (message->msg == CURLMSG_DONE && message->easy_handle == handle_.get()) finish(message->data.result);
    if (!enough()) ::curl_multi_poll(multi, nullptr, 0, 1000, nullptr);
  }
}

std::size_t HttpsResponse::read(char* buffer, std::size_t size) {
  if (taken_ == buffer_.size()) {
    buffer_.clear();
    taken_ = 0;
    wait_for(true);
  }
  const std::size_t got = std::min(size, buffer_.size() - taken_);
  std::memcpy(buffer, buffer_.data() + taken_, got);
  taken_ += got;
  return got;
}

std::string HttpsResponse::read_all(std::size_t most) {
  std::string text;
  char piece[16384];
  while (const std::size_t got = read(piece, sizeof piece)) {
    text.append(piece, got);
    if (text.size() > most) throw io::HostError("the answer of " + url_.host + " is unreasonably long");
  }
  return text;
}

std::string HttpsResponse::content_type() const {
  char* text = nullptr;
  ::curl_easy_getinfo(handle_.get(), CURLINFO_CONTENT_TYPE, &text);
  return text ? text : "";
}

std::string HttpsResponse::credential_origin() const {
  return client_.settings_.credential ? client_.settings_.credential->origin : "";
}

bool HttpsResponse::is_for_others() const { return !client_.settings_.allowed_hosts.empty(); }

std::string HttpsResponse::redirect() const {
  char* text = nullptr;
  ::curl_easy_getinfo(handle_.get(), CURLINFO_REDIRECT_URL, &text);
  return is_redirect(status_) && text ? text : "";
}

HttpsClient::HttpsClient(HttpsSettings settings)
    : settings_(std::move(settings)),
      multi_((::curl_global_init(CURL_GLOBAL_DEFAULT), ::curl_multi_init()), ::curl_multi_cleanup) {
  if (!multi_) throw std::runtime_error("curl cannot be started");
  for (const char* name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"})
    if (const char* proxy = std::getenv(name); proxy && *proxy)
      for (std::string& one : endpoints_of(proxy)) proxy_addresses_.push_back(std::move(one));
}

HttpsClient::~HttpsClient() = default;

bool HttpsClient::is_proxy(const curl_sockaddr& address) const {
  const std::string wanted = endpoint(&address.addr);
  return std::find(proxy_addresses_.begin(), proxy_addresses_.end(), wanted) != proxy_addresses_.end();
}

// Every request passes here: those after a redirect, and those of submodules and large files.
void HttpsClient::check_allowed(const std::string& url) const {
  if (settings_.allowed_hosts.empty()) return;
  const HttpsUrl said = parse_https(url);
  if (!said.is_among(settings_.allowed_hosts))
    throw io::RequestError(said.host + " is not a host that the operator of this server allows");
}

std::unique_ptr<HttpsResponse> HttpsClient::send(const HttpsRequest& request) {
  check_allowed(request.url);
  std::unique_ptr<HttpsResponse> response(new HttpsResponse(*this, request));
  response->wait_for(false);
  if (!learns_credential(*response)) return response;
  response.reset(new HttpsResponse(*this, request));
  response->wait_for(false);
  return response;
}

// As git does it: only a server that wants a credential is a reason to look for one.
bool HttpsClient::learns_credential(const HttpsResponse& refused) {
  if (refused.status() != 401 || settings_.credential || !settings_.ask_credential) return false;
  const auto ask = std::exchange(settings_.ask_credential, nullptr);
  settings_.credential = ask(refused.url());
  return settings_.credential.has_value();
}

std::unique_ptr<HttpsResponse> HttpsClient::send_following(HttpsRequest request) {
  bool credential_sent = false;
  for (int hop = 0; hop <= kMostRedirects; ++hop) {
    auto response = send(request);
    credential_sent = credential_sent || response->sent_credential();
    const std::string target = response->redirect();
    if (target.empty()) return response;
    const std::string from = response->url().host;
    const HttpsUrl next = io::context("the redirect of " + from, [&] { return parse_https(target); });
    if (credential_sent && !next.same_host(response->url()))
      throw io::HostError(from + " redirects to " + next.host +
                          "; with a credential no redirect to another host is followed");
    request.url = target;
  }
  throw io::HostError("more than " + std::to_string(kMostRedirects) + " redirects");
}

}  // namespace images::checkout
