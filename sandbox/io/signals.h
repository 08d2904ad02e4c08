// Signals as events of the loop. The set is blocked in the whole process by the first Signals made, before
// any thread starts; children start with none blocked (posix_spawn resets them).
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>

#include "sandbox/io/fd.h"
#include "sandbox/io/loop.h"

namespace io {

class Signals {
 public:
  // Throws std::system_error.
  Signals(Loop& loop, std::initializer_list<int> signals, std::function<void(int signal)> fn);

 private:
  Fd fd_;
  std::unique_ptr<Watch> watch_;
};

}  // namespace io
