#include "orchestrator/api/http_server.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include "orchestrator/api/http_connection.h"
#include "orchestrator/api/http_state.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

using boost::system::error_code;

// Of a server that is gone. A file that is no socket is somebody's.
void remove_socket(const std::string& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode)) ::unlink(path.c_str());
}

}  // namespace

void HttpServer::State::listen() {
  try {
    if (!settings.unix_socket.empty()) {
      remove_socket(settings.unix_socket);
      local.emplace(context, asio::local::stream_protocol::endpoint(settings.unix_socket));
      ::chmod(settings.unix_socket.c_str(), 0660);
      return;
    }
    const asio::ip::tcp::endpoint place(asio::ip::make_address(settings.address), settings.port);
    tcp.emplace(context);
    tcp->open(place.protocol());
    tcp->set_option(asio::socket_base::reuse_address(true));
    tcp->bind(place);
    tcp->listen(512);
    port = tcp->local_endpoint().port();
  } catch (const boost::system::system_error& error) {
    const std::string where = settings.unix_socket.empty()
                                  ? fmt::format("{} port {}", settings.address, settings.port)
                                  : settings.unix_socket;
    throw io::HostError(fmt::format("cannot listen on {}: {}", where, error.code().message()));
  }
}

void HttpServer::State::accept() {
  const auto self = shared_from_this();
  if (tcp)
    tcp->async_accept(asio::make_strand(context), [self](error_code error, asio::ip::tcp::socket socket) {
      std::string peer;
      if (!error) {
        error_code ignored;
        peer = socket.remote_endpoint(ignored).address().to_string();
        socket.set_option(asio::ip::tcp::no_delay(true), ignored);
      }
      self->accepted(error, std::move(socket), std::move(peer));
    });
  else
    local->async_accept(asio::make_strand(context),
                        [self](error_code error, asio::local::stream_protocol::socket socket) {
                          self->accepted(error, std::move(socket), "");
                        });
}

void HttpServer::State::accepted(error_code error, Protocol::socket socket, std::string peer) {
  if (stopping) return;
  if (error) {  // out of descriptors, say: those that others give back come first
    auto pause = std::make_shared<asio::steady_timer>(context, std::chrono::milliseconds(100));
    pause->async_wait([self = shared_from_this(), pause](error_code) {
      if (!self->stopping) self->accept();
    });
    return;
  }
  if (open >= settings.connections) {
    static constexpr std::string_view kFull =
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: "
        "close\r\n\r\n";
    socket.non_blocking(true, error);
    socket.send(asio::buffer(kFull), 0, error);
  } else {
    start_connection(shared_from_this(), std::move(socket), std::move(peer));
  }
  accept();
}

std::size_t connections_for(std::size_t wished, std::size_t open_files) {
  constexpr std::size_t kOthers = 512;
  constexpr std::size_t kLeast = 16;
  return std::min(wished, open_files > kOthers + kLeast ? open_files - kOthers : kLeast);
}

HttpServer::HttpServer(HttpServerSettings settings, Handler handler, BodyLimit body_limit)
    : state_(std::make_shared<State>(std::move(settings), std::move(handler), std::move(body_limit))) {
  if (rlimit files{}; getrlimit(RLIMIT_NOFILE, &files) == 0)
    state_->settings.connections = connections_for(state_->settings.connections, files.rlim_cur);
  state_->listen();
}

HttpServer::~HttpServer() { stop(std::chrono::milliseconds(0)); }

std::uint16_t HttpServer::port() const { return state_->port; }

std::size_t HttpServer::connections() const { return state_->open; }

void HttpServer::start() {
  state_->accept();
  state_->thread = std::thread([state = state_] { state->context.run(); });
}

void HttpServer::stop(std::chrono::milliseconds grace) {
  if (state_->stopping.exchange(true)) return;
  asio::post(state_->context, [state = state_] {
    error_code ignored;
    if (state->tcp) state->tcp->close(ignored);
    if (state->local) state->local->close(ignored);
  });
  remove_socket(state_->settings.unix_socket);
  close_connections(*state_, false);
  const auto deadline = std::chrono::steady_clock::now() + grace;
  while (state_->open > 0 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  close_connections(*state_, true);
  state_->pool.join();
  state_->closed = true;
  asio::post(state_->context, [state = state_] {
    for (const auto& timer : state->timers) timer->cancel();
  });
  state_->work.reset();
  const auto cut = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  while (state_->open > 0 && std::chrono::steady_clock::now() < cut)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  state_->context.stop();
  if (state_->thread.joinable()) state_->thread.join();
  // What was aborted lets go of what it holds, and so of the state itself.
  state_->context.restart();
  state_->context.poll();
}

void HttpServer::call_after(std::chrono::milliseconds delay, std::function<void()> fn) {
  if (state_->closed) return;
  asio::post(state_->context, [state = state_, delay, fn = std::move(fn)]() mutable {
    if (state->closed) return;
    const auto timer =
        *state->timers.insert(std::make_shared<asio::steady_timer>(state->context, delay)).first;
    timer->async_wait([state, timer, fn = std::move(fn)](error_code error) mutable {
      state->timers.erase(timer);
      if (!error && !state->closed) asio::post(state->pool, std::move(fn));
    });
  });
}

}  // namespace orchestrator
