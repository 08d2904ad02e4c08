#include "orchestrator/run/event.h"

#include "orchestrator/report/times.h"

namespace orchestrator {

std::string Event::to_json_line() const {
  nlohmann::json line = {{"seq", sequence}, {"time", iso_time(time)}, {"type", type}, {"data", data}};
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void EventLog::append(std::string type, nlohmann::json data) {
  Event event{next_++, std::chrono::system_clock::now(), std::move(type), std::move(data)};
  for (const auto& listener : listeners_) listener(event);
}

}  // namespace orchestrator
