#include "sandbox/io/error.h"

#include <exception>

namespace io {

std::string describe(const std::exception_ptr& error) {
  if (!error) return "no error";
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "an error that is no std::exception";
  }
}

}  // namespace io
