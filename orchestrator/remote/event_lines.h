// Server-sent events as they come in pieces (WHATWG HTML, "Server-sent events"): what stands in `data`, and
// the last `id`. Comments, `retry` and fields that nobody knows are left out. Pure; any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace orchestrator::remote {

class EventLines {
 public:
  explicit EventLines(std::function<void(const std::string& data)> on_event)
      : on_event_(std::move(on_event)) {}

  // False when an event is larger than anybody would send: 1 MiB.
  bool append(std::string_view bytes);
  // Of the last event that was told; empty: none had any.
  const std::string& last_id() const { return last_id_; }
  // The connection is a new one: half an event is nothing.
  void start_again();

 private:
  void take_line(std::string_view line);

  std::function<void(const std::string&)> on_event_;
  std::string line_, data_, id_, last_id_;
};

}  // namespace orchestrator::remote
