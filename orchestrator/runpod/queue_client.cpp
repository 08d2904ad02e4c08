#include "orchestrator/runpod/queue_client.h"

#include "sandbox/io/error.h"

namespace orchestrator::runpod {
namespace {

// How long a server may hold a poll.
constexpr std::chrono::seconds kPoll{90};
// A batch of jobs: RunPod's clients bound an answer by nothing, and an input has some 20 MB at most.
constexpr std::size_t kLargestBatch = 256u << 20;

bool timed_out(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const io::TransportError& transport) {
    return transport.timed_out;
  } catch (...) {
    return false;
  }
}

}  // namespace

QueueClient::QueueClient(io::CurlLoop& loop, Addresses addresses, std::string key, std::string user_agent,
                         std::string ca_file)
    : http_(loop),
      addresses_(std::move(addresses)),
      key_(std::move(key)),
      user_agent_(std::move(user_agent)),
      ca_file_(std::move(ca_file)) {}

io::HttpRequest QueueClient::request(std::string url) const {
  io::HttpRequest request;
  request.url = std::move(url);
  request.ca_file = ca_file_;
  request.headers = {"Authorization: " + key_, "User-Agent: " + user_agent_};
  request.accept_encoding = "gzip, deflate";
  request.timeout = kPoll;
  return request;
}

QueueClient::Call QueueClient::take(int wanted, bool busy, std::function<void(TakeAnswer)> done) {
  io::HttpRequest ask = request(addresses_.take(wanted, busy));
  ask.headers.push_back("Content-Type: application/json");
  ask.max_body = kLargestBatch;
  return http_.send(std::move(ask), [done = std::move(done)](io::Result<io::HttpResponse> result) {
    if (result.ok()) return done(read_take_answer(result.value()));
    if (timed_out(result.error())) return done({});  // the poll's own end
    done({TakeAnswer::Kind::failed, {}, io::describe(result.error()), {}});
  });
}

QueueClient::Call QueueClient::ask_stop(std::function<void(StopAnswer)> done) {
  io::HttpRequest ask = request(addresses_.stop().value());
  ask.headers.push_back("Content-Type: application/json");
  return http_.send(std::move(ask), [done = std::move(done)](io::Result<io::HttpResponse> result) {
    if (result.ok()) return done(read_stop_answer(result.value()));
    done({timed_out(result.error()) ? StopAnswer::Kind::nothing : StopAnswer::Kind::failed, {}});
  });
}

QueueClient::Call QueueClient::post(std::string url, const std::string& job, std::string body,
                                    std::chrono::milliseconds timeout, std::function<void(PostAnswer)> done) {
  io::HttpRequest post = request(std::move(url));
  post.method = "POST";
  // JSON all the same: what the SDK sends, and what the live service is used to.
  post.headers.push_back("Content-Type: application/x-www-form-urlencoded");
  post.headers.push_back("charset: utf-8");
  post.headers.push_back("X-Request-ID: " + job);
  post.body = std::move(body);
  post.timeout = timeout;
  return http_.send(std::move(post), [done = std::move(done)](io::Result<io::HttpResponse> result) {
    if (result.ok()) return done({result.value().status, retry_after(result.value()), ""});
    done({0, {}, io::describe(result.error())});
  });
}

}  // namespace orchestrator::runpod
