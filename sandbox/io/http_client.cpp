#include "sandbox/io/http_client.h"

#include <curl/curl.h>

#include <cstdio>
#include <cstring>
#include <utility>

#include "sandbox/io/addresses.h"
#include "sandbox/io/curl_loop.h"
#include "sandbox/io/error.h"
#include "sandbox/io/text.h"
#include "sandbox/io/trust.h"

namespace io {
namespace {

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

std::string_view trim(std::string_view text) { return trimmed(text, " \t\r\n\v\f"); }

// No body is as long: one whose end nobody knows yet.
constexpr curl_off_t kOpenEnd = curl_off_t{1} << 62;

// One exchange: owns the easy handle and everything that curl points to while it runs.
class Transfer : public CurlTransfer, public std::enable_shared_from_this<Transfer> {
 public:
  Transfer(CurlLoop& loop, HttpRequest request, HttpStream handlers, bool open_ended = false)
      : loop_(loop),
        request_(std::move(request)),
        handlers_(std::move(handlers)),
        easy_(curl_easy_init()),
        open_ended_(open_ended) {
    if (!easy_) throw std::runtime_error("libcurl has no handle left");
  }
  ~Transfer() override {
    curl_slist_free_all(headers_);
    curl_easy_cleanup(easy_);
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  void start() {
    set_up();
    loop_.add(easy_, shared_from_this());
  }

  void cancel() {
    cancelled_ = true;  // the handlers stay: one of them may be what is running
    loop_.remove(easy_);
  }

  void send(std::string_view bytes) {
    if (cancelled_ || !open_ended_) return;
    request_.late_body->erase(0, std::exchange(sent_, 0));
    request_.late_body->append(bytes);
    if (may_send_) loop_.resume(easy_);
  }
  std::size_t unsent() const { return request_.late_body->size() - sent_; }
  void end_sending() {
    if (cancelled_ || !std::exchange(open_ended_, false)) return;
    may_send_ = true;
    loop_.resume(easy_);
  }

  void completed(CURLcode code) override {
    if (cancelled_) return;
    const auto on_end = std::move(handlers_.on_end);
    handlers_ = {};
    if (error_) return on_end(error_);
    if (code != CURLE_OK) return on_end(transport_error(code));
    on_end(std::move(head_));
  }

 private:
  template <class T>
  void set(CURLoption option, T value) {
    if (curl_easy_setopt(easy_, option, value) != CURLE_OK)
      throw std::runtime_error("libcurl refused an option");  // a URL may be a secret
  }

  void set_up() {
    set(CURLOPT_URL, request_.url.c_str());
    if (!request_.unix_socket.empty()) {
      set(CURLOPT_UNIX_SOCKET_PATH, request_.unix_socket.c_str());
      set(CURLOPT_NOPROXY, "*");
      if (request_.open_socket) {
        set(CURLOPT_OPENSOCKETFUNCTION, &Transfer::open_given);
        set(CURLOPT_OPENSOCKETDATA, this);
      }
    } else {
      set(CURLOPT_PROTOCOLS_STR, "http,https");
      set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);  // a proxy's head is not the answer's
      set_trust(easy_, request_.ca_file);
      if (!request_.certificate.empty()) {
        set(CURLOPT_SSLCERT, request_.certificate.c_str());
        set(CURLOPT_SSLKEY, request_.key.c_str());
      }
    }
    if (request_.public_only) {
      // A proxy would look the name up itself, and a connection that somebody else has opened was not looked
      // at.
      set(CURLOPT_PROXY, "");
      set(CURLOPT_FRESH_CONNECT, 1L);
      set(CURLOPT_FORBID_REUSE, 1L);
      set(CURLOPT_OPENSOCKETFUNCTION, &Transfer::open_public);
      set(CURLOPT_OPENSOCKETDATA, this);
    }
    if (!request_.accept_encoding.empty()) set(CURLOPT_ACCEPT_ENCODING, request_.accept_encoding.c_str());
    if (!request_.sigv4.empty()) {
      set(CURLOPT_AWS_SIGV4, request_.sigv4.c_str());
      set(CURLOPT_USERPWD, request_.user_password.c_str());
    }
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.connect_timeout.count()));
    if (request_.timeout.count() > 0) set(CURLOPT_TIMEOUT_MS, static_cast<long>(request_.timeout.count()));
    if (request_.own_connection) {
      set(CURLOPT_FRESH_CONNECT, 1L);
      set(CURLOPT_FORBID_REUSE, 1L);
    }
    set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
    set_up_body();
    for (const auto& header : request_.headers) headers_ = curl_slist_append(headers_, header.c_str());
    // Debian 12's libcurl signs this one although it does not send it.
    if (request_.sigv4.empty()) headers_ = curl_slist_append(headers_, "Expect:");
    set(CURLOPT_HTTPHEADER, headers_);
    set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, &Transfer::on_write);
    set(CURLOPT_WRITEDATA, this);
  }

  void set_up_body() {
    if (!request_.body_file.empty()) {
      file_.reset(std::fopen(request_.body_file.c_str(), "rbe"));
      if (!file_) throw system_failure("cannot read " + request_.body_file);
      std::fseek(file_.get(), 0, SEEK_END);
      const long size = std::ftell(file_.get());
      std::rewind(file_.get());
      set(CURLOPT_UPLOAD, 1L);
      set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(size));
      set(CURLOPT_READFUNCTION, &Transfer::on_read);
      set(CURLOPT_READDATA, this);
      set(CURLOPT_UPLOAD_BUFFERSIZE, 512L * 1024);
    } else if (request_.late_body) {
      set(CURLOPT_POST, 1L);
      set(CURLOPT_POSTFIELDSIZE_LARGE,
          open_ended_ ? kOpenEnd : static_cast<curl_off_t>(request_.late_body->size()));
      set(CURLOPT_READFUNCTION, &Transfer::on_read);
      set(CURLOPT_READDATA, this);
    } else if (!request_.body.empty() || request_.method == "POST" || request_.method == "PUT") {
      set(CURLOPT_POSTFIELDS, request_.body.c_str());
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    }
  }

  std::exception_ptr transport_error(CURLcode code) {
    long os_error = 0;
    curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &os_error);
    const bool refused = code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST;
    std::string message = curl_easy_strerror(code);
    if (not_public_) message = "the address is not one of the public internet";
    // A stranger learns nothing of the files here.
    if (is_trust_failure(code) && !request_.public_only) message += "; " + trust_advice(request_.ca_file);
    if (os_error != 0) message += std::string(" (") + std::strerror(static_cast<int>(os_error)) + ")";
    return failure(
        TransportError(message, refused, static_cast<int>(os_error), code == CURLE_OPERATION_TIMEDOUT));
  }

  // Runs a handler; what it throws ends the transfer with that error, since no exception may cross C.
  template <class Fn>
  bool guarded(Fn&& fn) {
    try {
      fn();
      return true;
    } catch (...) {
      error_ = std::current_exception();
      return false;
    }
  }

  void header_line(std::string_view line) {
    if (line.starts_with("HTTP/")) {
      head_ = {};
      const auto blank = line.find(' ');
      head_.status =
          blank == std::string_view::npos ? 0 : std::atol(std::string(line.substr(blank + 1)).c_str());
    } else if (const auto colon = line.find(':'); colon != std::string_view::npos) {
      head_.headers[lower(line.substr(0, colon))] = std::string(trim(line.substr(colon + 1)));
    } else if (trim(line).empty() && head_.status >= 200) {
      if (handlers_.on_head) handlers_.on_head(head_);
      if (request_.late_body) {
        may_send_ = true;
        loop_.resume(easy_);
      }
    }
  }

  static curl_socket_t open_public(void* self_, curlsocktype, curl_sockaddr* address) {
    auto* self = static_cast<Transfer*>(self_);
    if (!is_public_address(&address->addr)) {
      self->not_public_ = true;
      return CURL_SOCKET_BAD;
    }
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  }

  static curl_socket_t open_given(void* self_, curlsocktype, curl_sockaddr*) {
    auto* self = static_cast<Transfer*>(self_);
    curl_socket_t given = CURL_SOCKET_BAD;
    self->guarded([&] { given = self->request_.open_socket(); });
    return given;
  }

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self_) {
    auto* self = static_cast<Transfer*>(self_);
    const auto keep = self->shared_from_this();
    if (self->cancelled_) return 0;
    return self->guarded([&] { self->header_line({data, size * count}); }) ? size * count : 0;
  }

  static std::size_t on_write(char* data, std::size_t size, std::size_t count, void* self_) {
    auto* self = static_cast<Transfer*>(self_);
    const auto keep = self->shared_from_this();
    if (self->cancelled_) return 0;
    return self->guarded([&] { self->handlers_.on_bytes({data, size * count}); }) ? size * count : 0;
  }

  static std::size_t on_read(char* buffer, std::size_t size, std::size_t count, void* self_) {
    auto* self = static_cast<Transfer*>(self_);
    if (self->cancelled_) return CURL_READFUNC_ABORT;
    const std::size_t room = size * count;
    if (self->file_) return std::fread(buffer, 1, room, self->file_.get());
    if (!self->may_send_) return CURL_READFUNC_PAUSE;
    const std::size_t n = std::min(room, self->request_.late_body->size() - self->sent_);
    if (n == 0 && self->open_ended_) return CURL_READFUNC_PAUSE;
    std::memcpy(buffer, self->request_.late_body->data() + self->sent_, n);
    self->sent_ += n;
    return n;
  }

  CurlLoop& loop_;
  HttpRequest request_;
  HttpStream handlers_;
  CURL* easy_;
  curl_slist* headers_ = nullptr;
  std::unique_ptr<std::FILE, FileCloser> file_;
  HttpResponse head_;
  std::exception_ptr error_;
  std::size_t sent_ = 0;
  bool may_send_ = false;
  bool open_ended_;
  bool cancelled_ = false;
  bool not_public_ = false;
};

class TransferHandle : public HttpDuplex {
 public:
  explicit TransferHandle(std::shared_ptr<Transfer> transfer) : transfer_(std::move(transfer)) {}
  ~TransferHandle() override { transfer_->cancel(); }
  void send(std::string_view bytes) override { transfer_->send(bytes); }
  std::size_t unsent() const override { return transfer_->unsent(); }
  void end() override { transfer_->end_sending(); }

 private:
  std::shared_ptr<Transfer> transfer_;
};

}  // namespace

std::unique_ptr<HttpCall> HttpClient::stream(HttpRequest request, HttpStream handlers) {
  auto transfer = std::make_shared<Transfer>(loop_, std::move(request), std::move(handlers));
  transfer->start();
  return std::make_unique<TransferHandle>(std::move(transfer));
}

std::unique_ptr<HttpDuplex> HttpClient::duplex(HttpRequest request, HttpStream handlers) {
  auto transfer = std::make_shared<Transfer>(loop_, std::move(request), std::move(handlers), true);
  transfer->start();
  return std::make_unique<TransferHandle>(std::move(transfer));
}

std::unique_ptr<HttpCall> HttpClient::send(HttpRequest request,
                                           std::function<void(Result<HttpResponse>)> done) {
  auto body = std::make_shared<std::string>();
  const std::size_t max_body = request.max_body;
  HttpStream handlers;
  handlers.on_bytes = [body, max_body](std::string_view bytes) {
    if (body->size() + bytes.size() > max_body)
      throw std::runtime_error("the answer is larger than expected");
    body->append(bytes);
  };
  handlers.on_end = [body, done = std::move(done)](Result<HttpResponse> result) {
    if (result.ok()) result.value().body = std::move(*body);
    done(std::move(result));
  };
  return stream(std::move(request), std::move(handlers));
}

}  // namespace io
