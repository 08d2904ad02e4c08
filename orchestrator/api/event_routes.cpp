// Events of jobs as one stream (server-sent events): from where the reader was, and then as they come.
#include <fmt/format.h>

#include <charconv>

#include "orchestrator/api/api_server.h"
#include "orchestrator/api/problem.h"

namespace orchestrator {
namespace {

constexpr int kAtOnce = 500;
constexpr auto kHeartbeat = std::chrono::seconds(15);

// One reader. Pumped by whoever has news, and by its own heartbeat; never twice at once, see Waiters.
class EventReader {
 public:
  EventReader(const ApiParts& parts, std::shared_ptr<Reply> reply, std::shared_ptr<void> seat,
              std::string job, std::int64_t after)
      : parts_(parts),
        reply_(std::move(reply)),
        seat_(std::move(seat)),
        job_(std::move(job)),
        after_(after) {}

  // False when the reader is gone. `beat`: something must be sent, so that a silent end is seen.
  bool pump(bool beat) {
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
  ApiParts parts_;
  std::shared_ptr<Reply> reply_;
  std::shared_ptr<void> seat_;
  std::string job_;
  std::int64_t after_;
};

void keep_reading(const ApiParts& parts, const std::shared_ptr<EventReader>& reader) {
  // Each round ends with a heartbeat and begins the next, until the reader is gone.
  parts.waiters.wait(kAnyEvent, kHeartbeat, [parts, reader](bool last) {
    if (!reader->pump(last)) return true;
    if (last) parts.later([parts, reader] { keep_reading(parts, reader); });
    return last;
  });
}

// Who may not read all jobs may follow those that are theirs.
bool may_read_events(const ApiParts& parts, const Call& call) {
  if (call.caller.may(may_read)) return true;
  const auto job = parts.queue.find(call.query("job"));
  return job && may_see(call.caller, *job);
}

}  // namespace

std::vector<Route> event_routes(const ApiParts& parts) {
  return {{"GET", "/api/v1/events", may_submit | may_read,
           [parts, seats = Seats(parts.settings.streams)](Call& call) {
             if (!may_read_events(parts, call))
               return call.reply->respond(
                   problem(403, "this token may read the events of its own jobs alone"));
             auto seat = seats.try_take();
             if (!seat) return call.reply->respond(too_many_readers("events"));
             const auto said = call.request.headers.find("last-event-id");
             const std::string from = said != call.request.headers.end() ? said->second : call.query("after");
             std::int64_t after = parts.events.last();
             std::from_chars(from.data(), from.data() + from.size(), after);
             call.reply->start_stream({200,
                                       "text/event-stream",
                                       "retry: 2000\n\n",
                                       {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}}});
             keep_reading(parts, std::make_shared<EventReader>(parts, call.reply, std::move(seat),
                                                               call.query("job"), after));
           }}};
}

}  // namespace orchestrator
