// Ties callbacks to the life of the object that waits for them: once it is gone they do nothing, and what
// they throw goes to it instead of into whoever called. A member of its owner; loop's thread only.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <utility>

namespace images {

class Lifeline {
 public:
  explicit Lifeline(std::function<void(std::exception_ptr)> on_error)
      : on_error_(std::make_shared<std::function<void(std::exception_ptr)>>(std::move(on_error))) {}

  template <class Fn>
  auto guard(Fn fn) const {
    return [alive = std::weak_ptr(on_error_), fn = std::move(fn)](auto&&... arguments) mutable {
      if (alive.expired()) return;
      try {
        fn(std::forward<decltype(arguments)>(arguments)...);
      } catch (...) {
        // `fn` may have ended its owner before it threw.
        if (const auto on_error = alive.lock()) (*on_error)(std::current_exception());
      }
    };
  }

  void cut() { on_error_.reset(); }

 private:
  std::shared_ptr<std::function<void(std::exception_ptr)>> on_error_;
};

}  // namespace images
