#include "orchestrator/run/event.h"

#include "orchestrator/report/times.h"
#include "sandbox/io/json_text.h"

namespace orchestrator {

std::string Event::to_json_line() const {
  nlohmann::json line = {{"seq", sequence}, {"time", iso_time(time)}, {"type", type}, {"data", data}};
  return io::json_text(line);
}

void EventLog::append(std::string type, nlohmann::json data) {
  Event event{next_++, std::chrono::system_clock::now(), std::move(type), std::move(data)};
  for (const auto& listener : listeners_) listener(event);
}

}  // namespace orchestrator
