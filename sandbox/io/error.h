// Errors gather context on their way up: io::context("while creating the container of attempt 7", [&]{ … }).
#pragma once

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace io {

// An error of a person's request (exit code 2), or of the host or a peer (exit code 5). Everything else that
// is thrown is a defect or an infrastructure error.
class RequestError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
class HostError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
// … that stays until somebody does something about it: a password that is refused, a certificate that is not
// trusted. Whoever would try again later need not.
class LastingError : public HostError {
 public:
  using HostError::HostError;
};
// The image cannot be built or the command cannot be run (exit code 4).
class SetupError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The errno of a failed system call, captured first.
inline std::system_error system_failure(const std::string& what, int error_number = errno) {
  return std::system_error(error_number, std::generic_category(), what);
}

// Text of an exception_ptr; never throws.
std::string describe(const std::exception_ptr& error);

// Runs `fn`; an error of a known kind leaves with `what` before its message and its kind kept.
template <class Fn>
auto context(const std::string& what, Fn&& fn) -> decltype(fn()) {
  try {
    return std::forward<Fn>(fn)();
  } catch (const RequestError& e) {
    throw RequestError(what + ": " + e.what());
  } catch (const LastingError& e) {
    throw LastingError(what + ": " + e.what());
  } catch (const HostError& e) {
    throw HostError(what + ": " + e.what());
  } catch (const SetupError& e) {
    throw SetupError(what + ": " + e.what());
  } catch (const std::exception& e) {
    throw std::runtime_error(what + ": " + e.what());
  }
}

}  // namespace io
