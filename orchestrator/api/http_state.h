// What an HttpServer and its connections share. For those two alone.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "orchestrator/api/http_server.h"

namespace orchestrator {

namespace asio = boost::asio;
using Protocol = asio::generic::stream_protocol;

class Connection;

struct HttpServer::State : std::enable_shared_from_this<State> {
  State(HttpServerSettings settings_, Handler handler_, BodyLimit body_limit_)
      : settings(std::move(settings_)),
        handler(std::move(handler_)),
        body_limit(std::move(body_limit_)),
        pool(static_cast<std::size_t>(settings.handler_threads)) {}

  void listen();
  void accept();
  void accepted(boost::system::error_code error, Protocol::socket socket, std::string peer);

  HttpServerSettings settings;
  Handler handler;
  BodyLimit body_limit;
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  asio::thread_pool pool;
  std::optional<asio::ip::tcp::acceptor> tcp;
  std::optional<asio::local::stream_protocol::acceptor> local;
  std::thread thread;
  std::atomic<bool> stopping{false};
  std::atomic<std::size_t> open{0};
  std::mutex mutex;
  std::set<Connection*> connections;                     // guarded by mutex
  std::set<std::shared_ptr<asio::steady_timer>> timers;  // of call_after(); of the context's thread
  // Nothing is posted any more: what waits in the context or the pool would hold this for ever.
  std::atomic<bool> closed{false};
  std::uint16_t port = 0;
};

}  // namespace orchestrator
