// What the routes are made of. A route says for whom it is; the router has looked at that before it is
// called.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "orchestrator/api/http_server.h"
#include "orchestrator/api/tokens.h"

namespace orchestrator {

// A query says what it cannot mean: 400, with this sentence.
class WrongQuery : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The whole number in `text`. Throws WrongQuery, which says that it is of `name`.
std::int64_t whole_number(const std::string& name, const std::string& text);

// One request that a route was found for.
struct Call {
  const ServedRequest& request;
  std::map<std::string, std::string> params;  // of the pattern: {"id", "…"}
  Caller caller;
  std::shared_ptr<Reply> reply;

  const std::string& param(const std::string& name) const { return params.at(name); }
  std::string query(const std::string& name, const std::string& otherwise = "") const;
  // A number of the query: what is out of the bounds is brought in. Throws WrongQuery for what is no number.
  std::int64_t number(const std::string& name, std::int64_t otherwise, std::int64_t least,
                      std::int64_t most) const;
};

inline constexpr unsigned kForAll = 0;  // no token is asked for

struct Route {
  std::string method;   // "GET", or "GET|POST"
  std::string pattern;  // "/v2/{endpoint}/status/{id}"
  unsigned scope = may_admin;
  std::function<void(Call&)> answer;
  std::size_t body_bytes = 64 * 1024;
  std::vector<std::string> segments = {};  // of the pattern; the server fills them in
};

// Makes answers of the methods of `routes`, which they keep alive.
template <class Routes>
auto answers_of(std::shared_ptr<const Routes> routes) {
  return [routes](void (Routes::*answer)(Call&) const) {
    return [routes, answer](Call& call) { (routes.get()->*answer)(call); };
  };
}

// A cap on readers of streams. Any thread.
class Seats {
 public:
  explicit Seats(std::size_t most) : most_(most) {}
  // Given back when the last copy is let go of; null when all are taken.
  std::shared_ptr<void> try_take() const;

 private:
  std::size_t most_;
  std::shared_ptr<std::atomic<std::size_t>> taken_ = std::make_shared<std::atomic<std::size_t>>(0);
};

ServedResponse json_response(const nlohmann::json& json, int status = 200);
// {"error": sentence}.
ServedResponse error_response(int status, const std::string& sentence);
// The same, and when it is worth to ask again.
ServedResponse not_before(ServedResponse response, std::chrono::seconds wait);

}  // namespace orchestrator
