// One thread that does in order what the loop's thread must not wait for: commits, report files. Made and
// posted to by the loop's thread; its destructor waits until everything posted is done.
#pragma once

#include <spdlog/spdlog.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "sandbox/io/loop.h"

namespace orchestrator {

class Background {
 public:
  Background() : thread_([this] { run(); }) {}
  ~Background() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  Background(const Background&) = delete;

  void post(std::function<void()> fn) {
    {
      const std::lock_guard lock(mutex_);
      posted_.push_back(std::move(fn));
    }
    changed_.notify_one();
  }

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> posted_;  // guarded by mutex_
  bool ending_ = false;                       // same
  std::thread thread_;
};

// Calls `answer(owner, what question() has returned)` on the loop's thread, unless the owner is gone by then.
// A question that throws is answered, too: with an empty value, once the log has `complaint` and why.
template <class Owner, class Question, class Answer>
void ask(Background& background, io::Loop& loop, std::shared_ptr<Owner*> owner, const char* complaint,
         Question question, Answer answer) {
  background.post([&loop, owner = std::move(owner), complaint, question = std::move(question),
                   answer = std::move(answer)] {
    decltype(question()) said{};
    try {
      said = question();
    } catch (const std::exception& error) {
      spdlog::error("{}: {}", complaint, error.what());
    }
    loop.post([owner, answer, said = std::move(said)] {
      if (*owner) answer(**owner, said);
    });
  });
}

}  // namespace orchestrator
