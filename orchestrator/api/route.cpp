#include "orchestrator/api/route.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "orchestrator/analysis/cut_text.h"
#include "sandbox/io/json_text.h"

namespace orchestrator {
namespace {

constexpr std::size_t kShownValue = 40;

}  // namespace

std::int64_t whole_number(const std::string& name, const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return text.starts_with('-') ? INT64_MIN : INT64_MAX;
  if (error != std::errc{} || end != text.data() + text.size())
    throw WrongQuery(fmt::format("{} must be a whole number, not '{}'", name, cut_text(text, kShownValue)));
  return value;
}

std::string Call::query(const std::string& name, const std::string& otherwise) const {
  const auto found = request.query.find(name);
  return found == request.query.end() ? otherwise : found->second;
}

std::int64_t Call::number(const std::string& name, std::int64_t otherwise, std::int64_t least,
                          std::int64_t most) const {
  const std::string text = query(name);
  return std::clamp(text.empty() ? otherwise : whole_number(name, text), least, most);
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
