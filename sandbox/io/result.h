// The value of an asynchronous call, or the exception that took its place. `value()` throws it again.
#pragma once

#include <exception>
#include <utility>
#include <variant>

namespace io {

template <class T>
class Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit on purpose
  Result(std::exception_ptr error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    if (!ok()) std::rethrow_exception(std::get<1>(state_));
    return std::get<0>(state_);
  }
  const T& value() const& {
    if (!ok()) std::rethrow_exception(std::get<1>(state_));
    return std::get<0>(state_);
  }
  T&& value() && {
    if (!ok()) std::rethrow_exception(std::get<1>(state_));
    return std::get<0>(std::move(state_));
  }
  std::exception_ptr error() const { return ok() ? nullptr : std::get<1>(state_); }

 private:
  std::variant<T, std::exception_ptr> state_;
};

// Turns the exception in flight, or the given one, into a Result's error.
template <class E>
std::exception_ptr failure(E error) {
  return std::make_exception_ptr(std::move(error));
}

}  // namespace io
