// Something long that the loop must not wait for (hashing or packing a large file), on a thread of its own.
// Loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <thread>
#include <utility>

#include "sandbox/io/loop.h"
#include "sandbox/io/result.h"

namespace io {

// Thrown by `work` of an Aside whose owner wants nothing of it any more.
class GivenUp : public std::exception {
 public:
  const char* what() const noexcept override { return "given up"; }
};

// Letting go asks the work to stop and waits until it has: it looks at its token often.
class Aside {
 public:
  // `work` runs on the thread; `done` gets what it returned or threw, on the loop's.
  template <class T>
  static std::unique_ptr<Aside> run(Loop& loop, std::function<T(std::stop_token)> work,
                                    std::function<void(Result<T>)> done) {
    auto aside = std::unique_ptr<Aside>(new Aside);
    auto finish = [alive = std::weak_ptr(aside->alive_), done = std::move(done)](Result<T> result) {
      if (!alive.expired()) done(std::move(result));
    };
    aside->thread_ =
        std::jthread([&loop, work = std::move(work), finish = std::move(finish)](std::stop_token stop) {
          auto result = [&]() -> Result<T> {
            try {
              return work(stop);
            } catch (...) {
              return std::current_exception();
            }
          }();
          if (stop.stop_requested()) return;  // the loop may be gone
          loop.post([finish, result = std::move(result)]() mutable { finish(std::move(result)); });
        });
    return aside;
  }

 private:
  Aside() = default;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
  std::jthread thread_;  // goes first
};

}  // namespace io
