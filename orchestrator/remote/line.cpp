#include "orchestrator/remote/line.h"

#include <fmt/format.h>

#include "orchestrator/report/report.h"
#include "orchestrator/report/saved_report.h"
#include "sandbox/io/error.h"
#include "sandbox/io/json_text.h"

namespace orchestrator::remote {
namespace {

using namespace std::chrono_literals;

// A server that is installed anew is away for minutes, and a report may be large.
constexpr PostLimits kFirstTime{.tries = 2, .of_a_try = 20s, .wait = 1s, .longest_wait = 5s};
constexpr PostLimits kPatience{.tries = 60, .of_a_try = 60s, .wait = 2s, .longest_wait = 60s};

}  // namespace

std::string said_in(const io::HttpResponse& answer) {
  const auto body = nlohmann::json::parse(answer.body, nullptr, false);
  const std::string title = io::text_at(body, "title");
  return for_terminal((title.empty() ? io::text_at(body, "error") : title).substr(0, 500));
}

Line::Line(io::CurlLoop& loop, const JobSettings& settings) : loop_(loop), settings_(settings) { go_on(); }

void Line::go_on() {
  stopped_ = false;
  poster_.emplace(loop_, settings_.ca_file, kPatience);
}

void Line::stop() {
  stopped_ = true;
  poster_->stop();
}

io::HttpRequest Line::request(const std::string& method, const std::string& path) const {
  io::HttpRequest request;
  request.method = method;
  request.url = settings_.address.url(path);
  request.unix_socket = settings_.address.unix_socket;
  request.ca_file = settings_.ca_file;
  request.headers = {"User-Agent: " + settings_.user_agent};
  if (!settings_.token.empty()) request.headers.push_back("Authorization: Bearer " + settings_.token);
  request.accept_encoding = "gzip, deflate";
  request.max_body = kLargestSavedReport;
  return request;
}

void Line::knock(const std::string& path) {
  poster_.emplace(loop_, settings_.ca_file, kFirstTime);
  require_success(get(path));
  if (!stopped_) go_on();
}

io::HttpResponse Line::ask(io::HttpRequest request, Again again) {
  if (stopped_) throw Stopped{};
  try {
    return poster_->send(std::move(request), again);
  } catch (const PostError& error) {
    if (stopped_) throw Stopped{};
    complain(error.what());
  }
}

io::HttpResponse Line::post(const std::string& path, std::string body, Again again,
                            std::vector<std::string> headers) {
  io::HttpRequest post = request("POST", path);
  post.headers.push_back("Content-Type: application/json");
  post.headers.insert(post.headers.end(), headers.begin(), headers.end());
  post.body = std::move(body);
  return ask(std::move(post), again);
}

void Line::wait(std::chrono::milliseconds time) {
  bool due = false;
  const auto timer = loop_.call_after(time, [&] { due = true; });
  loop_.run_until([&] { return due || woken_ || stopped_; });
  woken_ = false;
  if (stopped_) throw Stopped{};
}

void Line::complain(const std::string& what) const {
  throw io::HostError(fmt::format("{}: {}", settings_.address.said, what));
}

void Line::require_success(const io::HttpResponse& answer) const {
  if (answer.status >= 200 && answer.status < 300) return;
  const std::string said = said_in(answer);
  const std::string because = said.empty() ? "" : ": " + said;
  if (answer.status == 401 || answer.status == 403)
    complain(
        fmt::format("answers {}{}; a token is given by the variable ORCHESTRATOR_TOKEN, --on-token-file or "
                    "--on-token-env",
                    answer.status, because));
  complain(fmt::format("answers {}{}", answer.status, because));
}

nlohmann::json Line::object_in(const io::HttpResponse& answer) const {
  require_success(answer);
  auto body = nlohmann::json::parse(answer.body, nullptr, false);
  if (!body.is_object()) complain("its answer is no JSON object: is this the right address?");
  return body;
}

}  // namespace orchestrator::remote
