#include "orchestrator/api/http_connection.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <deque>

#include "sandbox/io/text.h"

namespace orchestrator {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using Stream = beast::basic_stream<Protocol, asio::any_io_executor>;
using boost::system::error_code;

// How long a client may go on sending what was refused.
constexpr auto kLinger = std::chrono::seconds(2);

template <class Message>
ServedRequest request_of(const Message& message, const std::string& peer) {
  ServedRequest request;
  request.method = std::string(message.method_string());
  request.peer = peer;
  static_cast<RequestTarget&>(request) = read_target({message.target().data(), message.target().size()});
  for (const auto& field : message) {
    std::string& value = request.headers[io::lower({field.name_string().data(), field.name_string().size()})];
    if (!value.empty()) value += ", ";
    value.append(field.value().data(), field.value().size());
  }
  return request;
}

ServedResponse refusal(const HttpServerSettings& settings, const ServedRequest& request, int status,
                       const std::string& sentence) {
  if (settings.refusal) return settings.refusal(request, status, sentence);
  return {status, "application/json", fmt::format(R"({{"error":"{}"}})", sentence), {}};
}

}  // namespace

// One connection: reads a request, has it answered, and reads the next. All of it on its strand but for
// respond(), write() and end(), which post themselves there.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<HttpServer::State> server, Protocol::socket socket, std::string peer)
      : server_(std::move(server)),
        stream_(std::move(socket)),
        body_timer_(stream_.get_executor()),
        peer_(std::move(peer)) {
    ++server_->open;
    const std::lock_guard lock(server_->mutex);
    server_->connections.insert(this);
  }
  ~Connection() {
    --server_->open;
    const std::lock_guard lock(server_->mutex);
    server_->connections.erase(this);
  }

  void start() {
    asio::post(stream_.get_executor(), [self = shared_from_this()] { self->read_head(); });
  }

  // From any thread.
  void close(bool even_busy) {
    asio::post(stream_.get_executor(), [self = shared_from_this(), even_busy] {
      if (self->busy_ && !even_busy) {
        self->keep_alive_ = false;
        return;
      }
      self->shut();
    });
  }

  class Exchange;  // the Reply

 private:
  friend class Exchange;

  void read_head() {
    if (server_->stopping) return shut();
    request_ = {};
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(server_->settings.head_bytes));
    parser_->body_limit(boost::none);  // said once the head is known
    stream_.expires_after(server_->settings.head_time);
    http::async_read_header(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](error_code error, std::size_t) { self->head_read(error); });
  }

  void head_read(error_code error) {
    if (error == http::error::header_limit) return refuse(431, "the request's head is too large");
    if (error == http::error::end_of_stream || error == beast::error::timeout) return shut();
    if (error) return is_http_error(error) ? refuse(400, "this is no HTTP/1.1 request") : shut();
    busy_ = true;
    const auto& head = parser_->get();
    keep_alive_ = head.keep_alive();
    request_ = request_of(head, peer_);
    if (request_.headers.count("content-encoding"))
      return refuse(415, "send the body without Content-Encoding");
    const std::size_t limit = server_->body_limit(request_);
    if (const auto length = parser_->content_length(); length && *length > limit) return refuse_body(limit);
    parser_->body_limit(limit);
    limit_ = limit;
    if (beast::iequals(head[http::field::expect], "100-continue") && !parser_->is_done())
      return ask_for_body();
    read_body();
  }

  void ask_for_body() {
    auto go_on = std::make_shared<http::response<http::empty_body>>(http::status::continue_, 11);
    stream_.expires_after(server_->settings.write_time);
    http::async_write(stream_, *go_on, [self = shared_from_this(), go_on](error_code error, std::size_t) {
      if (error) return self->shut();
      self->read_body();
    });
  }

  // Not the stream's own timeout, which would close it: the client is told.
  void read_body() {
    stream_.expires_never();
    body_is_late_ = false;
    body_since_ = std::chrono::steady_clock::now();
    body_timer_.expires_at(body_until());
    watch_body_time();
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](error_code error, std::size_t) { self->body_read(error); });
  }

  // What has come so far has earned it its time.
  std::chrono::steady_clock::time_point body_until() const {
    const HttpServerSettings& settings = server_->settings;
    const std::size_t earned = parser_->get().body().size() * 1'000 / settings.body_bytes_per_second;
    return body_since_ + settings.body_time + std::chrono::milliseconds(earned);
  }

  void watch_body_time() {
    body_timer_.async_wait([self = shared_from_this()](error_code) { self->look_at_body_time(); });
  }

  void look_at_body_time() {
    if (body_timer_.expiry() > std::chrono::steady_clock::now()) return;  // the body came, or it is another's
    if (const auto until = body_until(); until > std::chrono::steady_clock::now()) {
      body_timer_.expires_at(until);
      return watch_body_time();
    }
    body_is_late_ = true;
    stream_.cancel();
  }

  void body_read(error_code error) {
    body_timer_.expires_at(asio::steady_timer::time_point::max());
    if (error == http::error::body_limit) return refuse_body(limit_);
    if (error == asio::error::operation_aborted && body_is_late_)
      return refuse(408, "the request's body did not come in time");
    if (error) return is_http_error(error) ? refuse(400, "this is no HTTP/1.1 request") : shut();
    request_.body = std::move(parser_->get().body());
    parser_.reset();
    watch_client();
    give_to_handler();
  }

  // Whoever waits long for an answer may be gone before there is one. Nothing is read here: what comes may be
  // the next request.
  void watch_client() {
    stream_.socket().async_wait(Protocol::socket::wait_read, [self = shared_from_this()](error_code error) {
      char next;
      if (error) return;
      const ssize_t n = ::recv(self->stream_.socket().native_handle(), &next, 1, MSG_PEEK | MSG_DONTWAIT);
      if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)) self->left_ = true;
    });
  }

  void give_to_handler();

  static bool is_http_error(error_code error) {
    return error.category() == http::make_error_code(http::error::bad_target).category();
  }

  void refuse_body(std::size_t limit) {
    refuse(413, fmt::format("the request's body is larger than {} bytes", limit));
  }

  // What was sent so far is not understood, or not wanted: the connection ends with the answer.
  void refuse(int status, const std::string& sentence) {
    keep_alive_ = false;
    busy_ = true;
    refused_ = true;
    send(refusal(server_->settings, request_, status, sentence));
  }

  // ---- answers, on the strand

  template <class Body>
  http::response<Body> head_of(const ServedResponse& response) const {
    http::response<Body> head(static_cast<http::status>(response.status), 11);
    if (!response.content_type.empty()) head.set(http::field::content_type, response.content_type);
    head.set("X-Content-Type-Options", "nosniff");
    for (const auto& [name, value] : response.headers) head.set(name, value);
    head.keep_alive(keep_alive_ && !ends_ && !server_->stopping);
    return head;
  }

  void send(ServedResponse response) {
    count(response.status);
    auto message = std::make_shared<http::response<http::string_body>>(head_of<http::string_body>(response));
    message->body() = std::move(response.body);
    message->prepare_payload();
    if (request_.method == "HEAD") message->body().clear();
    auto serializer = std::make_shared<http::response_serializer<http::string_body>>(*message);
    send_on(message, serializer);
  }

  // Piece by piece: a slow reader of a long answer has the time for each.
  template <class Message, class Serializer>
  void send_on(const std::shared_ptr<Message>& message, const std::shared_ptr<Serializer>& serializer) {
    stream_.expires_after(server_->settings.write_time);
    http::async_write_some(stream_, *serializer,
                           [self = shared_from_this(), message, serializer](error_code error, std::size_t) {
                             if (!error && !serializer->is_done()) return self->send_on(message, serializer);
                             self->answered(error, message->keep_alive());
                           });
  }

  void count(int status) const {
    if (server_->settings.on_answer) server_->settings.on_answer(status);
  }

  void answered(error_code error, bool keep_alive) {
    busy_ = false;
    if (error) return shut();
    if (refused_) return linger();
    if (!keep_alive) return shut();
    read_head();
  }

  // What the client is still sending is read for a while, and dropped: a connection closed on unread bytes is
  // reset, and the answer lost with it.
  void linger() {
    error_code ignored;
    stream_.socket().shutdown(Protocol::socket::shutdown_send, ignored);
    stream_.expires_after(kLinger);
    drop_input();
  }

  void drop_input() {
    stream_.async_read_some(asio::buffer(dropped_),
                            [self = shared_from_this()](error_code error, std::size_t) {
                              if (error || self->gone_) return self->shut();
                              self->drop_input();
                            });
  }

  void start_stream(ServedResponse head) {
    streaming_ = true;
    count(head.status);
    auto message = std::make_shared<http::response<http::empty_body>>(head_of<http::empty_body>(head));
    message->chunked(true);
    auto serializer = std::make_shared<http::response_serializer<http::empty_body>>(*message);
    writing_ = true;
    keep_alive_ = false;
    stream_.expires_after(server_->settings.write_time);
    http::async_write_header(stream_, *serializer,
                             [self = shared_from_this(), message, serializer](error_code error, std::size_t) {
                               self->piece_written(error);
                             });
    watch_reader();
  }

  // A reader that goes away is seen at once, not at the next write; what it says meanwhile is not wanted.
  void watch_reader() {
    stream_.socket().async_read_some(asio::buffer(dropped_),
                                     [self = shared_from_this()](error_code error, std::size_t) {
                                       if (self->ended_ || self->gone_) return;
                                       if (error) return self->lose_reader();
                                       self->watch_reader();
                                     });
  }

  void lose_reader() {
    gone_ = true;
    shut();
  }

  void write_next() {
    if (writing_ || gone_) return;
    if (pieces_.empty()) {
      if (ended_) finish_stream();
      return;
    }
    writing_ = true;
    piece_ = std::move(pieces_.front());
    pieces_.pop_front();
    stream_.expires_after(server_->settings.write_time);
    asio::async_write(
        stream_, http::make_chunk(asio::buffer(piece_)),
        [self = shared_from_this()](error_code error, std::size_t) { self->piece_written(error); });
  }

  void piece_written(error_code error) {
    writing_ = false;
    unread_ -= piece_.size();
    piece_.clear();
    if (error) return lose_reader();
    stream_.expires_never();
    write_next();
  }

  void finish_stream() {
    writing_ = true;
    stream_.expires_after(server_->settings.write_time);
    asio::async_write(stream_, http::make_chunk_last(),
                      [self = shared_from_this()](error_code, std::size_t) { self->shut(); });
  }

  void shut() {
    gone_ = true;
    error_code ignored;
    stream_.socket().shutdown(Protocol::socket::shutdown_both, ignored);
    stream_.close();
  }

  std::shared_ptr<HttpServer::State> server_;
  Stream stream_;
  asio::steady_timer body_timer_;
  std::chrono::steady_clock::time_point body_since_;
  std::string peer_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  ServedRequest request_;
  std::size_t limit_ = 0;
  bool keep_alive_ = false;
  std::atomic<bool> ends_{false};  // with the next answer
  bool busy_ = false;              // a request is being read, or waits for its answer
  bool refused_ = false;           // the connection ends with this answer, though more may come
  bool body_is_late_ = false;
  bool streaming_ = false, ended_ = false, writing_ = false;
  std::array<char, 4'096> dropped_;
  std::deque<std::string> pieces_;
  std::string piece_;                   // that is being written
  std::atomic<std::size_t> unread_{0};  // bytes of pieces
  std::atomic<bool> gone_{false};
  std::atomic<bool> left_{false};  // the client has ended its side
};

class Connection::Exchange : public Reply {
 public:
  explicit Exchange(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}
  ~Exchange() override {
    if (!begun_)
      respond(refusal(connection_->server_->settings, connection_->request_, 500,
                      "the request was not answered"));
    else if (streams_)
      end();
  }

  bool is_wanted() const override { return connection_ && !connection_->gone_ && !connection_->left_; }

  void end_connection() override { connection_->ends_ = true; }

  void respond(ServedResponse response) override {
    if (begun_.exchange(true)) return;
    const auto answered = std::move(connection_);  // whoever keeps the reply does not keep the connection
    if (answered->server_->closed) return;
    asio::post(answered->stream_.get_executor(),
               [answered, response = std::move(response)]() mutable { answered->send(std::move(response)); });
  }

  void start_stream(ServedResponse head) override {
    if (begun_.exchange(true) || connection_->server_->closed) return;
    streams_ = true;
    std::string first = std::exchange(head.body, {});
    asio::post(connection_->stream_.get_executor(),
               [c = connection_, head = std::move(head)]() mutable { c->start_stream(std::move(head)); });
    if (!first.empty()) write(std::move(first));
  }

  bool write(std::string bytes) override {
    if (!streams_ || connection_->server_->closed) return false;
    if (connection_->gone_ || bytes.empty()) return !connection_->gone_;
    if (connection_->unread_ + bytes.size() > connection_->server_->settings.unread_bytes + (1 << 16)) {
      connection_->close(true);
      return false;
    }
    connection_->unread_ += bytes.size();
    asio::post(connection_->stream_.get_executor(), [c = connection_, bytes = std::move(bytes)]() mutable {
      c->pieces_.push_back(std::move(bytes));
      c->write_next();
    });
    return true;
  }

  std::size_t room() const override {
    const std::size_t most = connection_->server_->settings.unread_bytes;
    return most - std::min<std::size_t>(most, connection_->unread_);
  }

  void end() override {
    if (!streams_ || connection_->server_->closed) return;
    asio::post(connection_->stream_.get_executor(), [c = connection_] {
      c->ended_ = true;
      c->write_next();
    });
  }

 private:
  std::shared_ptr<Connection> connection_;
  std::atomic<bool> begun_{false};
  bool streams_ = false;
};

void Connection::give_to_handler() {
  if (server_->closed) return shut();
  asio::post(server_->pool, [self = shared_from_this()] {
    auto reply = std::make_shared<Exchange>(self);
    try {
      self->server_->handler(self->request_, reply);
    } catch (const std::exception& error) {
      spdlog::error("{} {}: {}", self->request_.method, self->request_.path, error.what());
      reply->respond(refusal(self->server_->settings, self->request_, 500,
                             "the server failed at this request; its log says more"));
    }
  });
}

void start_connection(std::shared_ptr<HttpServer::State> server, Protocol::socket socket, std::string peer) {
  std::make_shared<Connection>(std::move(server), std::move(socket), std::move(peer))->start();
}

void close_connections(HttpServer::State& server, bool even_busy) {
  std::vector<std::shared_ptr<Connection>> living;
  {
    const std::lock_guard lock(server.mutex);
    for (Connection* each : server.connections)
      if (auto connection = each->weak_from_this().lock()) living.push_back(std::move(connection));
  }
  for (const auto& connection : living) connection->close(even_busy);
}

}  // namespace orchestrator
