#include "orchestrator/remote/poster.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

using std::chrono::milliseconds;

bool asks_to_come_again(const io::HttpResponse& answer) {
  return answer.status == 429 || answer.status >= 500 ||
         (answer.status == 403 && answer.headers.count("retry-after") > 0);
}

// An error of a server may come after it has done what was asked.
bool surely_not_done(const io::HttpResponse& answer) { return answer.status < 500 || answer.status == 503; }

std::optional<milliseconds> retry_after(const io::HttpResponse& answer) {
  const auto header = answer.headers.find("retry-after");
  if (header == answer.headers.end() || header->second.empty() || header->second.size() > 9)
    return std::nullopt;
  const auto is_digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  if (!std::all_of(header->second.begin(), header->second.end(), is_digit)) return std::nullopt;
  return std::chrono::seconds(std::stol(header->second));
}

}  // namespace

Poster::Poster(io::CurlLoop& loop, std::string ca_file, PostLimits limits)
    : loop_(loop), ca_file_(std::move(ca_file)), limits_(limits) {}

io::HttpResponse Poster::send(io::HttpRequest request, Again again) {
  request.ca_file = ca_file_;
  request.timeout = limits_.of_a_try;
  for (int next_try = 2;; ++next_try) {
    const bool last = next_try > limits_.tries;
    try {
      io::HttpResponse answer = send_once(request);
      if (!asks_to_come_again(answer)) return answer;
      const bool may_repeat = again == Again::always || surely_not_done(answer);
      if (last || !may_repeat)
        throw PostError(fmt::format("the service answers {}", answer.status),
                        again == Again::when_not_done && !surely_not_done(answer));
      wait(wait_before(next_try, &answer));
    } catch (const io::TransportError& error) {
      const bool may_repeat = again == Again::always || error.refused;
      if (last || !may_repeat) throw PostError(error.what(), again == Again::when_not_done && !error.refused);
      wait(wait_before(next_try, nullptr));
    }
  }
}

io::HttpResponse Poster::send_once(const io::HttpRequest& request) {
  std::optional<io::Result<io::HttpResponse>> result;
  io::HttpClient client(loop_);
  if (stopped_) throw PostError("stopped");
  const auto call = client.send(request, [&](auto value) { result = std::move(value); });
  loop_.run_until([&] { return result.has_value() || stopped_; });
  if (!result) throw PostError("stopped");
  return std::move(*result).value();
}

milliseconds Poster::wait_before(int next_try, const io::HttpResponse* answer) const {
  const milliseconds usual = limits_.wait * (next_try == 2 ? 1 : 3);
  const milliseconds asked = answer ? retry_after(*answer).value_or(usual) : usual;
  if (asked > limits_.longest_wait)
    throw PostError(fmt::format("the service answers {} and asks to wait {} s", answer->status,
                                std::chrono::duration_cast<std::chrono::seconds>(asked).count()));
  return asked;
}

void Poster::wait(milliseconds time) {
  bool due = false;
  const auto timer = loop_.call_after(time, [&] { due = true; });
  loop_.run_until([&] { return due || stopped_; });
}

void check_post_url(const std::string& what, const std::string& url) {
  const auto plain = [](unsigned char c) { return c > 0x20 && c < 0x7F && c != '\\'; };
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string::npos || url.size() > 2000 || !std::all_of(url.begin(), url.end(), plain))
    throw io::RequestError(what + " is not a URL");
  const std::string scheme = url.substr(0, scheme_end);
  const auto begin = scheme_end + 3;
  const std::string host_and_port = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  if (host_and_port.empty() || host_and_port.find('@') != std::string::npos)
    throw io::RequestError(what + " must name a host, without a user");
  if (scheme == "https") return;
  const std::string host = host_and_port.substr(0, host_and_port.rfind(':'));
  const bool loopback =
      host == "127.0.0.1" || host == "localhost" || host_and_port == "[::1]" || host == "[::1]";
  if (scheme != "http" || !loopback)
    throw io::RequestError(what + " must start with https://: a credential would be sent in the clear");
}

}  // namespace orchestrator
