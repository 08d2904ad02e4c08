#include "orchestrator/api/route.h"

#include <algorithm>
#include <charconv>

#include "sandbox/io/json_text.h"

namespace orchestrator {

std::string Call::query(const std::string& name, const std::string& otherwise) const {
  const auto found = request.query.find(name);
  return found == request.query.end() ? otherwise : found->second;
}

std::int64_t Call::number(const std::string& name, std::int64_t otherwise, std::int64_t least,
                          std::int64_t most) const {
  const std::string text = query(name);
  std::int64_t value = otherwise;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) value = otherwise;
  return std::clamp(value, least, most);
}

std::shared_ptr<void> Seats::try_take() const {
  if (taken_->fetch_add(1) < most_) return {taken_.get(), [taken = taken_](void*) { --*taken; }};
  --*taken_;
  return nullptr;
}

ServedResponse json_response(const nlohmann::json& json, int status) {
  return {status, "application/json", io::json_text(json), {}};
}

ServedResponse error_response(int status, const std::string& sentence) {
  return json_response({{"error", sentence}}, status);
}

ServedResponse not_before(ServedResponse response, std::chrono::seconds wait) {
  response.headers.emplace_back("Retry-After", std::to_string(wait.count()));
  return response;
}

}  // namespace orchestrator
