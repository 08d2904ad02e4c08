// Events of jobs as one stream (server-sent events): from where the reader was, and then as they come.
#include <fmt/format.h>

#include <optional>
#include <utility>

#include "orchestrator/api/api_server.h"
#include "orchestrator/api/problem.h"

namespace orchestrator {
namespace {

constexpr int kAtOnce = 500;
constexpr std::size_t kPiece = 128 * 1024;  // about so much is written at a time
constexpr auto kHeartbeat = std::chrono::seconds(15);
constexpr auto kBehind = std::chrono::milliseconds(200);  // until a reader may have read

// The data is what --progress json says, and whose it is.
std::string text_of(const StoredEvent& event) {
  return fmt::format(R"(id: {}
event: {}
data: {{"data":{},"job":"{}","seq":{},"time":"{}","type":"{}"}}

)",
                     event.sequence, event.type, event.data, event.job, event.sequence, timestamp(event.time),
                     event.type);
}

// One reader. Pumped by whoever has news, and by its own clock; never twice at once, see Waiters.
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
    const std::int64_t before = after_;
    behind_ = false;
    for (;;) {
      behind_ = behind_ || !has_room();
      if (behind_) break;
      const auto events = parts_.events.read(after_, job_, kAtOnce);
      if (!write(events)) return false;
      if (static_cast<int>(events.size()) < kAtOnce) break;
    }
    return after_ > before || behind_ || !beat || reply_->write(": still here\n\n");
  }

  std::chrono::milliseconds next() const { return behind_ ? kBehind : kHeartbeat; }

 private:
  // As many as there is room for.
  bool write(const std::vector<StoredEvent>& events) {
    std::string text;
    for (const auto& event : events) {
      text += text_of(event);
      after_ = event.sequence;
      if (text.size() < kPiece) continue;
      if (!reply_->write(std::exchange(text, {}))) return false;
      behind_ = !has_room();
      if (behind_) return true;
    }
    return text.empty() || reply_->write(std::move(text));
  }

  bool has_room() const { return reply_->room() >= 2 * kPiece; }

  ApiParts parts_;
  std::shared_ptr<Reply> reply_;
  std::shared_ptr<void> seat_;
  std::string job_;
  std::int64_t after_;
  bool behind_ = false;  // there is more than the reader has room for
};

void keep_reading(const ApiParts& parts, const std::shared_ptr<EventReader>& reader) {
  // Each round ends with a heartbeat, or when a slow reader may have read, and begins the next, until the
  // reader is gone, or the server.
  const auto round = reader->next();
  parts.waiters.wait(kAnyEvent, round, [parts, reader, round](bool last) {
    if (!reader->pump(last)) return true;
    const bool over = last || reader->next() != round;
    if (over && !parts.waiters.ended()) parts.later([parts, reader] { keep_reading(parts, reader); });
    return over;
  });
}

// Who may not read all jobs may follow those that are theirs.
bool may_read_events(const ApiParts& parts, const Call& call) {
  if (call.caller.may(may_read)) return true;
  const auto job = parts.queue.find(call.query("job"));
  return job && may_see(call.caller, *job);
}

// Behind which event the reader begins: where its stream was cut, or as it says; else with what comes.
std::optional<std::int64_t> first_wanted(const Call& call) {
  const auto said = call.request.headers.find("last-event-id");
  const bool goes_on = said != call.request.headers.end() && !said->second.empty();
  const std::string text = goes_on ? said->second : call.query("after");
  if (text.empty()) return std::nullopt;
  return whole_number(goes_on ? "Last-Event-ID" : "after", text);
}

}  // namespace

std::vector<Route> event_routes(const ApiParts& parts) {
  return {
      {"GET", "/api/v1/events", may_submit | may_read,
       [parts, seats = Seats(parts.settings.streams)](Call& call) {
         if (!may_read_events(parts, call))
           return call.reply->respond(problem(403, "this token may read the events of its own jobs alone"));
         const std::string job = call.query("job");
         if (!job.empty() && !parts.queue.state_of(job))
           return call.reply->respond(problem(404, "there is no such job"));
         const std::int64_t after = first_wanted(call).value_or(parts.events.last());
         auto seat = seats.try_take();
         if (!seat) return call.reply->respond(too_many_readers("events"));
         call.reply->start_stream({200,
                                   "text/event-stream",
                                   "retry: 2000\n\n",
                                   {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}}});
         keep_reading(parts, std::make_shared<EventReader>(parts, call.reply, std::move(seat), job, after));
       }}};
}

}  // namespace orchestrator
