#include "orchestrator/remote/event_lines.h"

namespace orchestrator::remote {
namespace {

constexpr std::size_t kLargestEvent = 1u << 20;

}  // namespace

bool EventLines::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    line_ += bytes.substr(0, end);
    if (line_.size() + data_.size() > kLargestEvent) return false;
    if (end == std::string_view::npos) return true;
    bytes.remove_prefix(end + 1);
    if (line_.ends_with('\r')) line_.pop_back();
    take_line(std::exchange(line_, {}));
  }
  return true;
}

void EventLines::start_again() {
  line_.clear();
  data_.clear();
  id_ = last_id_;
}

void EventLines::take_line(std::string_view line) {
  if (line.empty()) {  // the event is whole
    last_id_ = id_;
    if (!data_.empty()) on_event_(std::exchange(data_, {}));
    return;
  }
  const auto colon = line.find(':');
  const std::string_view field = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "data") data_ += (data_.empty() ? "" : "\n") + std::string(value);
  if (field == "id") id_ = value;
}

}  // namespace orchestrator::remote
