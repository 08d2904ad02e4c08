// Events of jobs as one stream (server-sent events): from where the reader was, and then as they come.
#include <fmt/format.h>

#include <charconv>
#include <mutex>

#include "orchestrator/api/api_server.h"

namespace orchestrator {
namespace {

constexpr int kAtOnce = 500;
constexpr auto kHeartbeat = std::chrono::seconds(15);

// One reader. Pumped by whoever has news, and by its own heartbeat.
class EventReader {
 public:
  EventReader(const ApiParts& parts, std::shared_ptr<Reply> reply, std::string job, std::int64_t after)
      : parts_(parts), reply_(std::move(reply)), job_(std::move(job)), after_(after) {}

  // False when the reader is gone. `beat`: something must be sent, so that a silent end is seen.
  bool pump(bool beat) {
    const std::lock_guard lock(mutex_);
    bool sent = false;
    for (;;) {
      const auto events = parts_.events.read(after_, job_, kAtOnce);
      std::string text;
      for (const auto& event : events) {
        text += fmt::format(R"(id: {}
event: {}
data: {{"sequence":{},"job":"{}","time":{},"type":"{}","data":{}}}

)",
                            event.sequence, event.type, event.sequence, event.job, event.time, event.type,
                            event.data);
        after_ = event.sequence;
      }
      if (!text.empty() && !reply_->write(std::move(text))) return false;
      sent = sent || !events.empty();
      if (static_cast<int>(events.size()) < kAtOnce) break;
    }
    return sent || !beat || reply_->write(": still here\n\n");
  }

 private:
  std::mutex mutex_;
  ApiParts parts_;
  std::shared_ptr<Reply> reply_;
  std::string job_;
  std::int64_t after_;
};

void keep_reading(const ApiParts& parts, const std::shared_ptr<EventReader>& reader,
                  const std::shared_ptr<std::atomic<std::size_t>>& readers) {
  // Each round ends with a heartbeat and begins the next, until the reader is gone.
  parts.waiters.wait(kAnyEvent, kHeartbeat, [parts, reader, readers](bool last) {
    if (!reader->pump(last)) {
      --*readers;
      return true;
    }
    if (last) parts.later([parts, reader, readers] { keep_reading(parts, reader, readers); });
    return last;
  });
}

}  // namespace

std::vector<Route> event_routes(const ApiParts& parts) {
  const auto readers = std::make_shared<std::atomic<std::size_t>>(0);
  return {{"GET", "/api/v1/events", may_read, [parts, readers](Call& call) {
             if (readers->fetch_add(1) >= parts.settings.streams) {
               --*readers;
               ServedResponse full = json_response({{"error", "too many readers of events"}}, 503);
               full.headers.emplace_back("Retry-After", "10");
               return call.reply->respond(std::move(full));
             }
             const auto said = call.request.headers.find("last-event-id");
             const std::string from = said != call.request.headers.end() ? said->second : call.query("after");
             std::int64_t after = parts.events.last();
             std::from_chars(from.data(), from.data() + from.size(), after);
             call.reply->start_stream({200,
                                       "text/event-stream",
                                       "retry: 2000\n\n",
                                       {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}}});
             keep_reading(parts, std::make_shared<EventReader>(parts, call.reply, call.query("job"), after),
                          readers);
           }}};
}

}  // namespace orchestrator
