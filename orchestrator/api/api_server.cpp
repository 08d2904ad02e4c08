#include "orchestrator/api/api_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "orchestrator/api/problem.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

constexpr std::size_t kStrangersBytes = 64 * 1024;

std::vector<std::string> segments_of(const std::string& pattern) {
  std::vector<std::string> segments;
  for (std::size_t start = 1; start < pattern.size();) {
    const auto slash = std::min(pattern.find('/', start), pattern.size());
    segments.push_back(pattern.substr(start, slash - start));
    start = slash + 1;
  }
  return segments;
}

bool matches(const std::vector<std::string>& pattern, const std::vector<std::string>& segments,
             std::map<std::string, std::string>& params) {
  if (pattern.size() != segments.size()) return false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const auto brace = pattern[i].find('{');  // "{id}", "report.{format}"
    if (brace == std::string::npos
            ? pattern[i] != segments[i]
            : segments[i].size() <= brace || segments[i].compare(0, brace, pattern[i], 0, brace) != 0)
      return false;
    if (brace != std::string::npos)
      params[pattern[i].substr(brace + 1, pattern[i].size() - brace - 2)] = segments[i].substr(brace);
  }
  return true;
}

bool has_method(const std::string& methods, const std::string& method) {
  return ("|" + methods + "|").find("|" + method + "|") != std::string::npos;
}

// An address, not a name: "127.example.org" is one that somebody may point here.
bool is_loopback(const std::string& address) {
  in_addr v4{};
  return address == "::1" || (address.starts_with("127.") && ::inet_pton(AF_INET, address.c_str(), &v4) == 1);
}

// Of "localhost:8080", "[::1]:8080".
std::string without_port(const std::string& host) {
  const auto colon = host.rfind(':');
  if (colon == std::string::npos || host.ends_with(']')) return host;
  return host.substr(0, colon);
}

std::string host_of_origin(const std::string& origin) {
  const auto scheme = origin.find("://");
  return scheme == std::string::npos ? origin : origin.substr(scheme + 3);
}

// Each API has its own form of an error.
ServedResponse refusal(const ServedRequest& request, int status, const std::string& why) {
  return request.path.starts_with("/api/") ? problem(status, why) : error_response(status, why);
}

}  // namespace

ApiServer::ApiServer(ApiSettings settings, ApiHost host)
    : settings_(std::move(settings)),
      waiters_([this](auto delay, auto fn) { http_->call_after(delay, std::move(fn)); }),
      parts_{std::move(host),
             waiters_,
             buckets_,
             settings_,
             [this](auto fn) { http_->call_after(std::chrono::milliseconds(0), std::move(fn)); },
             [this] { return draining_.load(); }} {
  settings_.http.refusal = refusal;
  settings_.http.on_answer = [&metrics = parts_.metrics](int status) { metrics.request(status); };
  if (settings_.tokens.empty() && settings_.http.unix_socket.empty() && !is_loopback(settings_.http.address))
    throw io::RequestError(
        fmt::format("--listen {}: others than this host could reach it, and no --token-file says who may",
                    settings_.http.address));
  for (const auto& make : {service_routes, runpod_routes, runpod_worker_routes, job_routes, attempt_routes,
                           event_routes, history_routes})
    for (auto& route : make(parts_)) {
      route.segments = segments_of(route.pattern);
      routes_.push_back(std::move(route));
    }
  http_ = std::make_unique<HttpServer>(
      settings_.http,
      [this](const ServedRequest& request, std::shared_ptr<Reply> reply) { serve(request, reply); },
      [this](const ServedRequest& request) { return body_limit(request); });
}

ApiServer::~ApiServer() = default;

// Whoever will be refused anyway is not listened to for long.
std::size_t ApiServer::body_limit(const ServedRequest& request) const {
  std::map<std::string, std::string> params;
  std::string allowed;
  const Route* route = find(request, params, allowed);
  if (!route || is_from_elsewhere(request)) return kStrangersBytes;
  const bool may_stay = route->scope == kForAll || caller_of(request);
  return may_stay ? route->body_bytes : std::min(route->body_bytes, kStrangersBytes);
}

void ApiServer::start() { http_->start(); }
std::uint16_t ApiServer::port() const { return http_->port(); }
void ApiServer::drain() { draining_ = true; }
void ApiServer::stop(std::chrono::milliseconds grace) {
  waiters_.end();
  http_->stop(grace);
}
void ApiServer::job_changed(const std::string& id) {
  waiters_.changed(id);
  wake_for_jobs_.want();
  wake_for_events_.want();  // if it has ended, its last one was written with that
  if (buckets_.has(id) && has_ended(id)) buckets_.forget(id);
}

// Whoever changed the job is not to hear of a database that fails now: the change is made.
bool ApiServer::has_ended(const std::string& id) const try {
  const auto state = parts_.queue.state_of(id);
  return !state || is_final(*state);
} catch (const io::HostError& error) {
  spdlog::warn("whether job {} has ended is not known: {}", id, error.what());
  return false;
}

void ApiServer::events_came() { wake_for_events_.want(); }

// Most changes of jobs come without an event: one look tells that for all readers.
void ApiServer::look_for_events() try {
  const std::int64_t last = parts_.events.last();
  if (told_event_.exchange(last) != last) waiters_.changed(kAnyEvent);
} catch (const io::HostError& error) {
  spdlog::warn("whether there are new events is not known: {}", error.what());
}

const Route* ApiServer::find(const ServedRequest& request, std::map<std::string, std::string>& params,
                             std::string& allowed) const {
  for (const Route& route : routes_) {
    std::map<std::string, std::string> found;
    if (!matches(route.segments, request.segments, found)) continue;
    if (has_method(route.method, request.method)) {
      params = std::move(found);
      return &route;
    }
    if (!allowed.empty()) allowed += ", ";  // another route of the same address
    for (const char c : route.method) allowed += c == '|' ? std::string(", ") : std::string(1, c);
  }
  return nullptr;
}

// A page of another site, or of a name that was made to point here (DNS rebinding), speaks through somebody's
// browser.
bool ApiServer::is_from_elsewhere(const ServedRequest& request) const {
  const auto header = [&](const char* name) {
    const auto found = request.headers.find(name);
    return found == request.headers.end() ? std::string() : found->second;
  };
  const std::string host = header("host");
  const auto known = [&](const std::string& said) {
    const std::string bare = without_port(said);
    if (bare == "localhost" || bare == "[::1]" || is_loopback(bare)) return true;
    return std::any_of(settings_.hosts.begin(), settings_.hosts.end(),
                       [&](const std::string& each) { return each == said || each == bare; });
  };
  // With tokens a client may call this host by any of its names; a browser's page has no token to send.
  if (settings_.tokens.empty() && settings_.http.unix_socket.empty() && !known(host)) return true;
  // An image or a script of a page is fetched without an Origin; browsers say so.
  const std::string site = header("sec-fetch-site");
  if (!site.empty() && site != "same-origin" && site != "none") return true;
  const std::string origin = header("origin");
  return !origin.empty() && host_of_origin(origin) != host;
}

std::optional<Caller> ApiServer::caller_of(const ServedRequest& request) const {
  const bool here = !settings_.http.unix_socket.empty() || is_loopback(request.peer);
  if (settings_.tokens.empty()) return Caller{"local", may_admin, here};
  const auto said = request.headers.find("authorization");
  auto caller = settings_.tokens.find(said == request.headers.end() ? "" : said->second);
  if (caller) caller->here = !settings_.http.unix_socket.empty();
  return caller;
}

void ApiServer::serve(const ServedRequest& request, const std::shared_ptr<Reply>& reply) {
  if (is_from_elsewhere(request))
    return reply->respond(refusal(request, 403, "this Host or Origin may not call this server"));
  std::map<std::string, std::string> params;
  std::string allowed;
  const Route* route = find(request, params, allowed);
  if (!route) {
    if (allowed.empty()) return reply->respond(refusal(request, 404, "there is nothing at this address"));
    ServedResponse response = refusal(request, 405, "this address does not know that method");
    response.headers.emplace_back("Allow", allowed);
    return reply->respond(std::move(response));
  }
  Call call{request, std::move(params), {"", 0, false}, reply};
  if (route->scope != kForAll) {
    const auto caller = caller_of(request);
    if (!caller) {
      const bool said = request.headers.contains("authorization");
      ServedResponse response =
          refusal(request, 401,
                  said ? "this token is not known here" : "a token is needed: Authorization: Bearer TOKEN");
      response.headers.emplace_back("WWW-Authenticate", "Bearer");
      return reply->respond(std::move(response));
    }
    if (!caller->may(static_cast<Scope>(route->scope)))
      return reply->respond(
          refusal(request, 403, "this token may not do that: it needs " + scopes_said(route->scope)));
    call.caller = *caller;
  }
  // A worker of RunPod's SDK sees nothing of its connections while a job runs: it would send the result on
  // one that has long been closed for its silence, and never again.
  if (route->scope == may_work) reply->end_connection();
  try {
    route->answer(call);
  } catch (const WrongQuery& wrong) {
    reply->respond(refusal(request, 400, wrong.what()));
  } catch (const QueueFull& full) {
    reply->respond(not_before(refusal(request, 429, full.what()), std::chrono::seconds(10)));
  } catch (const io::HostError& lack) {
    reply->respond(refusal(request, 503, lack.what()));
  }
}

}  // namespace orchestrator
