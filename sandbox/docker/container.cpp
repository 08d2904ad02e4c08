#include "sandbox/docker/container.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "sandbox/docker/ended_container.h"
#include "sandbox/io/error.h"
#include "sandbox/io/json_text.h"

namespace sandbox::docker {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kBackstopMargin{10};  // beyond the supervisor's own deadline and grace
constexpr seconds kResultsTime{25};     // more of it when the supervisor has result files to find and to send
constexpr seconds kDrainTime{5};        // for the last bytes after the engine said that it ended
constexpr seconds kAttachTime{60};      // for the head of the attached stream
constexpr seconds kKilledTime{60};      // from KILL to the engine's word that it ended
constexpr std::size_t kMaxRefusal = 4096;

EngineError attach_error(const Reply& reply) {
  if (reply.status < 300) return {"the output stream was closed before anything ran", reply.status};
  return {fmt::format("the engine answered {}: {}", reply.status, reply.message()), reply.status};
}

void warn_unless_gone(const std::string& what, const io::Result<Reply>& removal) {
  if (removal.ok() && (removal.value().status < 300 || removal.value().status == 404)) return;
  spdlog::warn("{} could not be removed now; the next start sweeps it ({})", what,
               removal.ok() ? removal.value().message() : io::describe(removal.error()));
}

}  // namespace

std::shared_ptr<Container> Containers::add(DockerClient& client, const EngineTraits& traits,
                                           ContainerRequest request, std::string name) {
  auto container = std::make_shared<Container>(*this, client, traits, std::move(request), std::move(name));
  live_.insert(container);
  return container;
}

void Containers::drained(Container& container) { live_.erase(container.shared_from_this()); }

void Containers::let_go_all() {
  for (const auto& container : std::set(live_)) container->let_go();
}

Container::Container(Containers& owner, DockerClient& client, const EngineTraits& traits,
                     ContainerRequest request, std::string name)
    : owner_(owner),
      client_(client),
      traits_(traits),
      request_(std::move(request)),
      name_(std::move(name)),
      reader_(client.loop(), request_.execution.limits, reader_events(), result_) {}

Container::~Container() = default;

void Container::enter(State state) { state_ = state; }

ApiCall Container::api(std::string method, std::string path, std::string doing) const {
  ApiCall call;
  call.method = std::move(method);
  call.path = std::move(path);
  call.doing = fmt::format("while {} of {}", doing, name_);
  return call;
}

// ---- making it

void Container::create(ContainerEvents events) {
  events_ = std::move(events);
  if (request_.execution.network == Network::internal)
    make_network();
  else
    create_container();
}

void Container::make_network() {
  enter(State::networking);
  static std::uint64_t counter = 0;
  request_.network = fmt::format("orchestrator-{}-{}", request_.labels.at(kProcessLabel), ++counter);
  std::replace(request_.network.begin(), request_.network.end(), ':', '-');
  ApiCall call = api("POST", "/networks/create", "making the network");
  call.body = Json{{"Name", request_.network},
                   {"Internal", true},
                   {"CheckDuplicate", true},
                   {"Labels", request_.labels}}
                  .dump();
  call_ = client_.call(std::move(call), [this](io::Result<Reply> result) {
    try {
      network_id_ = expect_success(result.value(), "making a network").json().at("Id").get<std::string>();
      if (let_go_ || result_.stop) return fail("stopped", nullptr);
      create_container();
    } catch (...) {
      fail("while making the network of " + name_, std::current_exception());
    }
  });
}

void Container::create_container() {
  enter(State::creating);
  ApiCall call = api("POST", "/containers/create", "creating the container");
  call.body = io::json_text(container_config(request_, traits_));
  call_ = client_.call(std::move(call), [this](io::Result<Reply> result) { created(std::move(result)); });
}

void Container::created(io::Result<Reply> result) {
  const auto keep_alive = shared_from_this();
  try {
    id_ = expect_success(result.value(), "creating a container").json().at("Id").get<std::string>();
  } catch (...) {
    return fail("while creating the container of " + name_, std::current_exception());
  }
  enter(State::created);
  if (let_go_ || result_.stop) return finish();
  if (events_.created) events_.created();
  if (state_ == State::created && want_start_) attach();
}

void Container::start() {
  want_start_ = true;
  if (state_ == State::created) attach();
}

// ---- running it

void Container::attach() {
  enter(State::attaching);
  auto gifts = stdin_gifts(request_);
  io::HttpStream handlers;
  handlers.on_head = [this](const io::HttpResponse& head) {
    if (head.status >= 300) return;  // its body says why; on_end reports it
    stream_open_ = true;
    client_.loop().post([self = shared_from_this()] {
      if (self->state_ == State::attaching) self->request_start();
    });
  };
  handlers.on_bytes = [this](std::string_view bytes) {
    if (stream_open_) return reader_.feed(bytes);
    refusal_.append(bytes.substr(0, kMaxRefusal - refusal_.size()));
  };
  handlers.on_end = [this](io::Result<io::HttpResponse> result) { stream_ended(std::move(result)); };
  const std::string query =
      fmt::format("/containers/{}/attach?stream=1&stdout=1&stderr=1{}", id_, gifts ? "&stdin=1" : "");
  if (request_.terminal)
    terminal_call_ =
        client_.duplex("POST", query, *gifts + std::exchange(early_typing_, ""), std::move(handlers));
  else
    attach_call_ = client_.stream("POST", query, std::move(gifts), std::move(handlers));
  backstop_ = client_.loop().call_after(kAttachTime, [this] {
    fail("while attaching to " + name_, io::failure(EngineError("the engine does not answer", 0)));
  });
}

void Container::request_start() {
  if (let_go_ || result_.stop) return finish();
  backstop_.reset();
  enter(State::starting);
  ApiCall call = api("POST", fmt::format("/containers/{}/start", id_), "starting the container");
  call_ =
      client_.call(std::move(call), [this](io::Result<Reply> result) { start_answered(std::move(result)); });
}

void Container::start_answered(io::Result<Reply> result) {
  try {
    expect_success(result.value(), "starting a container");
  } catch (...) {
    return fail("while starting the container of " + name_, std::current_exception());
  }
  enter(State::running);
  const auto& limits = request_.execution.limits;
  const seconds margin = kBackstopMargin + (request_.execution.results.empty() ? seconds(0) : kResultsTime);
  backstop_ = client_.loop().call_after(limits.timeout + limits.grace + margin, [this] {
    if (!result_.stop) result_.stop = StopReason::timeout;
    result_.notes.emplace_back("ended by the orchestrator's own deadline: the supervisor did not end it");
    force_end();
  });
  wait_for_exit();
  if (result_.stop) deliver_stop();
}

void Container::wait_for_exit() {
  ApiCall call = api("POST", fmt::format("/containers/{}/wait", id_), "waiting for the end");
  call.timeout = milliseconds(0);
  call_ = client_.call(std::move(call), [this](io::Result<Reply> result) { exited(std::move(result)); });
}

void Container::exited(io::Result<Reply> result) {
  if (state_ != State::running) return;
  try {
    const Json answer = expect_success(result.value(), "waiting for a container").json();
    if (!result_.exit) result_.exit = ExitStatus{answer.at("StatusCode").get<int>(), std::nullopt};
  } catch (...) {
    return fail("the engine was lost while " + name_ + " ran", std::current_exception());
  }
  enter(State::draining);
  backstop_.reset();
  disk_timer_.reset();
  disk_call_.reset();
  if (!stream_open_) return drain();
  if (terminal_call_) terminal_call_->end();
  drain_deadline_ = client_.loop().call_after(kDrainTime, [this] {
    result_.notes.emplace_back("the engine did not close the output stream; the last output may be missing");
    drain();
  });
}

void Container::stream_ended(io::Result<io::HttpResponse> result) {
  stream_open_ = false;
  if (state_ == State::attaching) {
    std::exception_ptr error = result.error();
    if (!error) error = io::failure(attach_error({result.value().status, refusal_}));
    return fail("while attaching to " + name_, error);
  }
  if (state_ == State::draining) drain();
}

void Container::drain() {
  if (state_ != State::draining) return;
  drain_deadline_.reset();
  inspect();
}

void Container::inspect() {
  enter(State::inspecting);
  ApiCall call = api("GET", fmt::format("/containers/{}/json", id_), "reading the end");
  call.repeatable = true;
  call_ = client_.call(std::move(call), [this](io::Result<Reply> result) { inspected(std::move(result)); });
}

void Container::inspected(io::Result<Reply> result) {
  try {
    const EndedContainer end =
        ended_container(expect_success(result.value(), "inspecting a container").json());
    result_.started_at = end.started_at;
    result_.finished_at = end.finished_at;
    result_.duration = std::chrono::duration_cast<milliseconds>(end.finished_at - end.started_at);
    // The engine stamps a start after the fact: a quick command may have ended by then.
    if (result_.duration.count() <= 0) result_.duration = reader_.seen_duration();
    result_.oom_killed = result_.oom_killed || end.oom_killed;
    if (!reader_.ended()) result_.exit = ExitStatus{end.exit_code, std::nullopt};
  } catch (...) {
    return fail("while reading the end of " + name_, std::current_exception());
  }
  finish();
}

// ---- its end

// Puts together what was seen.
void Container::finish() {
  if (finished_told_) return remove();
  finished_told_ = true;
  const auto keep_alive = shared_from_this();
  backstop_.reset();
  terminal_call_.reset();
  attach_call_.reset();  // a kept container may have a stream that never closed
  result_.exit_before_stop = ended_before_stop();
  reader_.conclude(name_, stop_sent_at_.has_value());
  if (!result_.exit && !result_.infrastructure && !result_.stop)
    result_.infrastructure = name_ + " never ran";
  const ContainerEvents events = events_;
  if (keep_ && !let_go_ && !id_.empty() && !result_.infrastructure) {
    enter(State::kept);
  } else {
    remove();
  }
  if (!let_go_ && events.finished) events.finished(result_);
}

// By the engine's clock: that of another host may be ahead of ours.
bool Container::ended_before_stop() const {
  if (!result_.exit || reader_.was_stopped()) return false;
  return !stop_sent_at_ || (result_.finished_at.time_since_epoch().count() > 0 &&
                            result_.finished_at < *stop_sent_at_ + traits_.clock_ahead);
}

void Container::fail(const std::string& what, std::exception_ptr error) {
  if (state_ == State::removing || state_ == State::done || state_ == State::kept) return;
  if (error) result_.infrastructure = what + ": " + io::describe(error);
  finish();
}

void Container::remove() {
  if (state_ == State::removing || state_ == State::done) return;
  enter(State::removing);
  terminal_call_.reset();
  attach_call_.reset();
  disk_timer_.reset();
  disk_call_.reset();
  if (id_.empty()) return remove_network();
  ApiCall call = api("DELETE", fmt::format("/containers/{}?force=1&v=1", id_), "removing the container");
  call.repeatable = true;
  // Posted: remove() may be called from inside a handler of the call that this one replaces.
  client_.loop().post([self = shared_from_this(), call = std::move(call)]() mutable {
    self->call_ = self->client_.call(std::move(call), [raw = self.get()](io::Result<Reply> result) {
      warn_unless_gone(raw->name_, result);
      raw->remove_network();
    });
  });
}

void Container::remove_network() {
  if (network_id_.empty()) return finished_removing();
  ApiCall call = api("DELETE", "/networks/" + network_id_, "removing the network");
  call.repeatable = true;
  client_.loop().post([self = shared_from_this(), call = std::move(call)]() mutable {
    self->call_ = self->client_.call(std::move(call), [raw = self.get()](io::Result<Reply> result) {
      warn_unless_gone("the network of " + raw->name_, result);
      raw->finished_removing();
    });
  });
}

void Container::finished_removing() {
  enter(State::done);
  client_.loop().post([self = shared_from_this()] {
    const ContainerEvents events = std::move(self->events_);
    self->events_ = {};
    self->owner_.drained(*self);
    if (!self->let_go_ && events.drained) events.drained();
    if (self->gone_) self->gone_();
  });
}

// ---- stopping it

// Nothing runs yet, and no answer is awaited that could leave something behind.
bool Container::can_end_at_once() const { return state_ == State::created || state_ == State::attaching; }

void Container::stop(StopReason reason) {
  if (result_.stop || finished_told_) return;
  result_.stop = reason;
  if (can_end_at_once()) return finish();
  if (state_ == State::running) deliver_stop();
}

void Container::deliver_stop() {
  if (stop_sent_at_) return;
  if (let_go_) return force_end();
  stop_sent_at_ = std::chrono::system_clock::now();
  send_kill("TERM");
  backstop_ =
      client_.loop().call_after(request_.execution.limits.grace + seconds(3), [this] { force_end(); });
}

void Container::kill() {
  if (!result_.stop) result_.stop = StopReason::cancelled;
  if (can_end_at_once()) return finish();
  if (state_ == State::running) force_end();
}

// An engine that does not tell even then that it ended is not waited for.
void Container::force_end() {
  if (!stop_sent_at_) stop_sent_at_ = std::chrono::system_clock::now();
  send_kill("KILL");
  backstop_ = client_.loop().call_after(kKilledTime, [this] {
    fail("the engine was lost while " + name_ + " ran",
         io::failure(EngineError("it did not tell the end of what was killed", 0)));
  });
}

// 409 means that it has ended already; a 500 was seen although it died. Either way the wait tells.
void Container::send_kill(const char* signal) {
  ApiCall call =
      api("POST", fmt::format("/containers/{}/kill?signal={}", id_, signal), "stopping the container");
  client_.call_detached(std::move(call), [name = name_](io::Result<Reply> result) {
    if (!result.ok()) spdlog::debug("stopping {}: {}", name, io::describe(result.error()));
  });
}

void Container::let_go(std::function<void()> gone) {
  if (let_go_) return;
  let_go_ = true;
  gone_ = std::move(gone);
  switch (state_) {
    case State::kept:
      remove();
      break;
    case State::idle:
      finished_removing();
      break;
    default:
      kill();
  }
}

// ---- its terminal

void Container::send(std::string_view bytes) {
  if (finished_told_) return;
  if (terminal_call_)
    terminal_call_->send(bytes);
  else
    early_typing_.append(bytes);
}

std::size_t Container::unsent() const {
  return terminal_call_ ? terminal_call_->unsent() : early_typing_.size();
}

// ---- what it has written

void Container::sample_disk(std::int64_t limit_bytes, milliseconds interval) {
  disk_timer_ = client_.loop().call_after(
      interval, [this, limit_bytes, interval] { ask_disk_usage(limit_bytes, interval); });
}

void Container::ask_disk_usage(std::int64_t limit_bytes, milliseconds interval) {
  // The supervisor may be heard before the engine has answered the start.
  if (state_ == State::starting) return sample_disk(limit_bytes, interval);
  if (state_ != State::running) return;
  ApiCall call = api("GET", fmt::format("/containers/{}/json?size=1", id_), "reading the disk use");
  disk_call_ = client_.call(std::move(call), [this, limit_bytes, interval](io::Result<Reply> result) {
    if (state_ != State::running) return;
    if (result.ok() && result.value().status == 200) {
      const Json answer = Json::parse(result.value().text, nullptr, false);
      const auto size = answer.find("SizeRw");
      if (size != answer.end() && size->is_number() && size->get<std::int64_t>() > limit_bytes)
        return stop(StopReason::disk_limit);
    }
    sample_disk(limit_bytes, interval);
  });
}

// ---- what it says

AttemptReader::Events Container::reader_events() {
  AttemptReader::Events events;
  events.started = [this] {
    if (!let_go_ && events_.started) events_.started();
  };
  events.output = [this](Stream stream, std::string_view bytes) {
    if (!let_go_ && events_.output) events_.output(stream, bytes);
  };
  events.record = [this](std::string_view record) {
    if (!let_go_ && events_.record) events_.record(record);
  };
  events.result_file = [this](std::string_view path, std::string_view bytes) {
    if (!let_go_ && events_.result_file) events_.result_file(path, bytes);
  };
  events.too_much_output = [this] { stop(StopReason::output_limit); };
  return events;
}

}  // namespace sandbox::docker
