// What every mode that needs an engine shares, and a serve without one: the loop, the engine, the sweep of
// what dead runs left, the state folder and a scratch folder of this process that is removed at the end. Made
// by a mode's entry.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "orchestrator/cli/options.h"
#include "orchestrator/run/job_execution.h"
#include "sandbox/engine.h"
#include "sandbox/io/curl_loop.h"
#include "sandbox/io/fd.h"

namespace orchestrator {

// What the composition root knows and the modes do not.
struct Program {
  std::string version;
  std::function<std::unique_ptr<sandbox::Engine>(io::CurlLoop&, const sandbox::EngineOptions&)> connect;
  std::string_view supervisor;  // the binary
};

// Makes it, with those above it, for nobody else to read; returns it. Throws io::HostError.
std::string make_folder(const std::string& path);

class Session {
 public:
  // Throws io::HostError when the state folder cannot be made.
  Session(const Program& program, const CommandLine& options);
  ~Session();

  // Connects and probes; throws io::HostError with what to do. Sweeps what dead runs left.
  const sandbox::Capabilities& open_engine();
  // What dead processes left goes, in the background.
  void sweep_in_background();
  // The same, and the engine's part again for as long as this process lives: what a dead one was still making
  // may appear after the first time.
  void keep_swept();
  sandbox::Engine& engine() { return *engine_; }  // after open_engine()
  io::CurlLoop& loop() { return loop_; }
  const std::string& state_folder() const { return state_; }
  const std::string& scratch() const { return scratch_; }
  const std::string& run_id() const { return run_id_; }
  JobHost job_host() const;  // after open_engine()
  // With other processes of this host, after open_engine(); nullptr where the state folder cannot be used for
  // it.
  HostSharing* sharing() { return sharing_.get(); }
  void keep_scratch() { keep_ = true; }
  // Handles events until nothing of ours is left at the engine, then sweeps what is left all the same.
  void close_engine();

 private:
  void share_host();
  void sweep_engine();
  void sweep_later(std::chrono::seconds pause);

  const Program& program_;
  const CommandLine& options_;
  io::CurlLoop loop_;
  std::string state_;
  std::string run_id_;
  std::string scratch_;
  io::Fd in_use_;  // a lock on a file in the scratch folder, which tells others that we live
  bool keep_ = false;
  std::unique_ptr<io::Timer> next_sweep_;
  std::unique_ptr<sandbox::Engine> engine_;
  sandbox::Capabilities capabilities_;
  std::unique_ptr<HostSharing> sharing_;
};

// $ORCHESTRATOR_STATE, $XDG_STATE_HOME/orchestrator or ~/.local/state/orchestrator.
std::string default_state_folder();
// Scratch folders of processes that are gone; returns how many were removed.
int remove_dead_scratch(const std::string& state_folder);

}  // namespace orchestrator
