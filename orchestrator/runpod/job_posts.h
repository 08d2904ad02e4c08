// Everything that is posted about one job, one thing after the other: pieces of its stream, how far it is, at
// last its result. What is said about its progress never comes after the result, and a result is posted until
// somebody has it or nobody can want it. Loop's thread only; what it was made with must outlive it.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "orchestrator/runpod/policy.h"
#include "orchestrator/runpod/queue_client.h"

namespace orchestrator::runpod {

class JobPosts {
 public:
  struct Handlers {
    std::function<void()> gone;  // job-done does not know the job any more; nothing more is posted. May let
                                 // go of this
    std::function<void(const std::string& sentence)> trouble;  // for the log
  };
  struct Final {
    std::string body;
    std::function<std::string(std::size_t most_bytes)> smaller;  // the body once more, where it was too large
    bool streamed = false;
  };

  JobPosts(io::Loop& loop, QueueClient& queue, std::string job, Handlers handlers);

  void progress(const nlohmann::json& progress);  // the latest wins
  void chunk(const nlohmann::json& chunk);
  // `done` once, later; false: it was given up. It may let go of this.
  void finish(Final final, std::function<void(bool delivered)> done);
  // This process ends: what is not delivered some seconds after this and finish() never will be.
  void hurry();

 private:
  void next();
  void post(std::string url, std::string body, std::chrono::milliseconds timeout,
            std::function<void(PostAnswer)> done);
  void shorten();
  bool says_gone(const PostAnswer& answer);
  void post_chunk();
  void chunk_answered(const std::string& body, const PostAnswer& answer);
  void post_progress();
  void post_final();
  void final_answered(const PostAnswer& answer);
  void end(bool delivered);
  void again_after(Span wait);

  io::Loop& loop_;
  QueueClient& queue_;
  const std::string job_;
  Handlers handlers_;
  std::unique_ptr<io::HttpCall> call_;
  std::unique_ptr<io::Timer> timer_;
  std::deque<std::string> chunks_;
  std::optional<std::string> progress_;
  io::TimePoint next_progress_{};
  std::optional<Final> final_;
  std::function<void(bool)> done_;
  io::TimePoint until_{};         // the result is worth a try
  io::TimePoint chunks_until_{};  // it waits for chunks
  Backoff backoff_{Span(1'000), Span(30'000)};
  bool chunk_again_ = false;  // the first in line was tried before
  bool streams_ = true;       // the queue takes chunks, as far as is known
  bool shrunk_ = false, hurried_ = false, gone_ = false;
};

}  // namespace orchestrator::runpod
