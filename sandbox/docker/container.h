// One container's life as one explicit state machine; attempts and build steps are both run by it. Loop's
// thread only. It keeps itself alive (through Containers) until nothing is left of it at the engine: whoever
// started it may let go at any time.
//
// The order cannot race: created, attached (its head awaited), started, waited for, read to the end,
// inspected, removed. Output before the attach cannot be lost, since nothing runs yet; an exit cannot be
// missed, since the wait is asked for only once the start was confirmed.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "sandbox/docker/attempt_reader.h"
#include "sandbox/docker/container_config.h"
#include "sandbox/docker/docker_client.h"
#include "sandbox/outcome.h"
#include "sandbox/sandbox.h"

namespace sandbox::docker {

class Containers;

// Told what happens to a container. All optional but `finished`.
struct ContainerEvents {
  std::function<void()> created;  // exists at the engine, not started
  std::function<void()> started;  // the command runs
  std::function<void(Stream, std::string_view)> output;
  std::function<void(std::string_view)> record;
  std::function<void(std::string_view path, std::string_view bytes)> result_file;
  std::function<void(const ExecutionResult&)> finished;  // it has ended (or never came to run)
  std::function<void()> drained;                         // nothing of it is left at the engine
};

class Container : public std::enable_shared_from_this<Container> {
 public:
  Container(Containers& owner, DockerClient& client, const EngineTraits& traits, ContainerRequest request,
            std::string name);
  ~Container();
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;

  // Creates it (with its network where it has one of its own). Errors arrive as `finished` with
  // `infrastructure`.
  void create(ContainerEvents events);
  // Legal once: at once when created, else as soon as it is.
  void start();
  // Legal in each state; the first reason stays. TERM, then KILL after the grace.
  void stop(StopReason reason);
  void kill();
  // Of one with a terminal: bytes for the supervisor's stdin, behind the gifts. Legal in each state; kept
  // until there is a connection.
  void send(std::string_view bytes);
  std::size_t unsent() const;
  // Keep it after it ended (for a commit); then let_go() removes it.
  void keep() { keep_ = true; }
  // Detaches the observer; it is killed and removed. `gone` is called when nothing of it is left.
  void let_go(std::function<void()> gone = {});

  const std::string& id() const { return id_; }
  void sample_disk(std::int64_t limit_bytes, std::chrono::milliseconds interval);

 private:
  // Why each state exists:
  enum class State {
    idle,        // nothing asked of the engine yet
    networking,  // a network of its own is being made
    creating,    // a create in flight is awaited, never abandoned: it could leave a container nobody knows
    created,     // waits for start()
    attaching,   // output must be connected before anything runs
    starting,    // a stop now has to wait for the answer, there may be nothing to kill yet
    running,     // wait and attach are open
    draining,    // the container ended; the stream may still hold its last bytes
    inspecting,  // times and the OOM flag
    kept,        // ended, kept for a commit
    removing,
    done,
  };

  void enter(State state);
  void make_network();
  void create_container();
  void created(io::Result<Reply> result);
  void attach();
  void request_start();
  void start_answered(io::Result<Reply> result);
  void wait_for_exit();
  void exited(io::Result<Reply> result);
  void stream_ended(io::Result<io::HttpResponse> result);
  void drain();
  void inspect();
  void inspected(io::Result<Reply> result);
  void finish();
  bool ended_before_stop() const;
  void remove();
  void remove_network();
  void finished_removing();
  void fail(const std::string& what, std::exception_ptr error);
  void send_kill(const char* signal);
  void deliver_stop();
  void force_end();
  bool can_end_at_once() const;
  void ask_disk_usage(std::int64_t limit_bytes, std::chrono::milliseconds interval);

  AttemptReader::Events reader_events();
  ApiCall api(std::string method, std::string path, std::string doing) const;

  Containers& owner_;
  DockerClient& client_;
  const EngineTraits& traits_;
  ContainerRequest request_;
  std::string name_;
  ContainerEvents events_;
  State state_ = State::idle;
  std::string id_;
  std::string network_id_;
  bool want_start_ = false;
  bool keep_ = false;
  bool let_go_ = false;
  std::function<void()> gone_;
  bool finished_told_ = false;

  ExecutionResult result_;
  AttemptReader reader_;
  bool stream_open_ = false;
  std::string refusal_;  // the body of an attach that was refused
  std::optional<std::chrono::system_clock::time_point> stop_sent_at_;

  std::unique_ptr<io::HttpCall> call_;  // the one step in flight
  std::unique_ptr<io::HttpCall> attach_call_;
  std::unique_ptr<io::HttpDuplex> terminal_call_;  // instead of attach_call_, where there is a terminal
  std::string early_typing_;                       // until it is there
  std::unique_ptr<io::HttpCall> disk_call_;
  std::unique_ptr<io::Timer> backstop_;  // for what should have come long ago: attach, end, KILL
  std::unique_ptr<io::Timer> drain_deadline_;
  std::unique_ptr<io::Timer> disk_timer_;
};

// Keeps containers alive until they are removed.
class Containers {
 public:
  std::shared_ptr<Container> add(DockerClient& client, const EngineTraits& traits, ContainerRequest request,
                                 std::string name);
  void drained(Container& container);  // called by the container
  std::size_t size() const { return live_.size(); }
  void let_go_all();

 private:
  std::set<std::shared_ptr<Container>> live_;
};

}  // namespace sandbox::docker
