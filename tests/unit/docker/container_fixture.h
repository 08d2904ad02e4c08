// One Container against a scripted engine, and the bytes that an engine and its supervisor would write. A
// test scripts what is special to it; the rest of an ordinary life is answered as a sound engine answers it.
#pragma once

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <optional>
#include <sstream>

#include "sandbox/docker/container.h"
#include "tests/support/scripted_engine.h"
#include "tests/support/skipping_loop.h"

namespace sandbox::docker {

using namespace std::chrono_literals;
using namespace testing_support;

inline constexpr const char* kCreate = "POST /containers/create";
inline constexpr const char* kAttach = "POST /containers/c1/attach";
inline constexpr const char* kStart = "POST /containers/c1/start";
inline constexpr const char* kWait = "POST /containers/c1/wait";
inline constexpr const char* kInspect = "GET /containers/c1/json";
inline constexpr const char* kKill = "POST /containers/c1/kill";
inline constexpr const char* kRemove = "DELETE /containers/c1";
inline constexpr const char* kMakeNetwork = "POST /networks/create";
inline constexpr const char* kRemoveNetwork = "DELETE /networks/n1";

inline constexpr const char* kLongAgo = "2020-01-01T00:00:01.5Z";  // before any stop of a test
inline constexpr const char* kInFuture = "2099-01-01T00:00:01.5Z";

inline bool says(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

// What the supervisor writes.
inline std::string frame(FrameType type, const std::string& payload = "") {
  std::string bytes(1, static_cast<char>(type));
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(payload.size() >> shift & 0xff);
  return bytes + payload;
}
inline std::string beginning() { return std::string(kFrameMagic, 4) + frame(FrameType::started); }
inline std::string ending(int code, const std::string& stop = "") {
  return frame(FrameType::end, "code=" + std::to_string(code) + "\nsignal=0\nstop=" + stop + "\n");
}

// What the engine makes of it.
inline std::string attached(const std::string& bytes, int stream = 1) {
  std::string head{static_cast<char>(stream), 0, 0, 0};
  for (int shift = 24; shift >= 0; shift -= 8) head += static_cast<char>(bytes.size() >> shift & 0xff);
  return head + bytes;
}
inline Answer inspection(int code, const std::string& finished, bool out_of_memory = false) {
  const Json state = {{"StartedAt", finished.substr(0, 4) + "-01-01T00:00:00Z"},
                      {"FinishedAt", finished},
                      {"ExitCode", code},
                      {"OOMKilled", out_of_memory}};
  return answer(200, Json{{"State", state}}.dump());
}
inline Answer exited_with(int code) { return answer(200, Json{{"StatusCode", code}}.dump()); }
inline Answer created_as_c1() { return answer(201, R"({"Id":"c1"})"); }
inline Answer made_network() { return answer(201, R"({"Id":"n1"})"); }

class TheContainer : public ::testing::Test {
 protected:
  TheContainer() {
    request_.image = "sha256:1";
    request_.execution.argv = {"true"};
    request_.labels[kProcessLabel] = "12:34";
    spdlog::set_default_logger(
        std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(log_)));
  }
  ~TheContainer() override { spdlog::set_default_logger(std::move(logger_before_)); }

  // Asks for it, without a start.
  void create() {
    script_what_is_ordinary();
    container_ = containers_.add(client_, traits_, request_, "attempt 7");
    container_->create(events());
  }
  void create_and_start() {
    create();
    container_->start();
  }
  void run_until_it_is_waited_for() {
    create_and_start();
    until_asked(kWait);
  }
  // Lets an ordinary life come to its end.
  void let_it_end() { engine_.open("end"); }
  void run_to_the_end() {
    run_until_it_is_waited_for();
    let_it_end();
    until_drained();
  }

  void until_asked(const std::string& line, int times = 1) {
    loop_.until([&] { return engine_.asked(line) >= times; });
  }
  void until_finished() {
    loop_.until([&] { return result_.has_value(); });
  }
  void until_drained() {
    loop_.until([&] { return containers_.size() == 0; });
  }
  // Waits until so many timers were made in all, and lets that time pass.
  void let_time_pass(int timers, io::Clock::duration time) {
    loop_.until([&] { return loop_.timers_made() >= timers; });
    loop_.skip(time);
  }
  // Until the engine has seen what was on its way; the engine is asked one thing more for that.
  void until_heard() {
    std::optional<io::Result<Reply>> heard;
    ApiCall call;
    call.path = "/marker";
    const auto running =
        client_.call(std::move(call), [&](io::Result<Reply> reply) { heard = std::move(reply); });
    loop_.until([&] { return heard.has_value(); });
  }
  std::vector<std::string> asked() const {
    auto lines = engine_.asked();
    std::erase(lines, "GET /marker");
    return lines;
  }
  std::string signal(int which) const {  // of the which-th kill
    for (const auto& request : engine_.requests())
      if (request.line == kKill && which-- == 0) return request.query;
    return "none";
  }
  std::string infrastructure() const { return result_ ? result_->infrastructure.value_or("") : "not told"; }

  SkippingLoop loop_;
  ScriptedEngine engine_{loop_};
  DockerClient client_{loop_, {engine_.socket()}};
  EngineTraits traits_;
  ContainerRequest request_;
  Containers containers_;
  std::shared_ptr<Container> container_;

  // What was told.
  std::vector<std::string> told_;
  std::string output_;
  std::vector<std::pair<std::string, std::string>> result_files_;
  std::optional<ExecutionResult> result_;
  std::ostringstream log_;

 private:
  void script_what_is_ordinary() {
    engine_.on(kMakeNetwork, made_network());
    engine_.on(kCreate, created_as_c1());
    engine_.on(kAttach, raw_stream()
                            .then(attached(beginning()))
                            .wait("end")
                            .then(attached(frame(FrameType::out, "hello") + ending(0)))
                            .close());
    engine_.on(kStart, answer(204));
    engine_.on(kWait, exited_with(0).held("end"));
    engine_.on(kInspect, inspection(0, kInFuture));
    engine_.always(kKill, answer(204));
    engine_.on(kRemove, answer(204));
    engine_.on(kRemoveNetwork, answer(204));
  }

  ContainerEvents events() {
    ContainerEvents events;
    events.created = [this] { told_.push_back("created"); };
    events.started = [this] { told_.push_back("started"); };
    events.output = [this](Stream, std::string_view bytes) { output_ += bytes; };
    events.result_file = [this](std::string_view path, std::string_view bytes) {
      told_.push_back("result file");
      result_files_.emplace_back(path, bytes);
    };
    events.finished = [this](const ExecutionResult& result) {
      told_.push_back("finished");
      result_ = result;
    };
    events.drained = [this] { told_.push_back("drained"); };
    return events;
  }

  std::shared_ptr<spdlog::logger> logger_before_ = spdlog::default_logger();
};

using Lines = std::vector<std::string>;

}  // namespace sandbox::docker
