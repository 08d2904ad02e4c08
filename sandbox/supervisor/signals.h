// The signals that the supervisor listens to, read one at a time.
//
// As PID 1 a request to stop counts only when it came from outside: the test can send us any signal, even one
// with an invented sender, but only kill() from another PID namespace shows SI_USER without a sender.
#pragma once

#include "sandbox/io/fd.h"

namespace supervisor {

enum class Signal { none, child, stop, ignored };

class Signals {
 public:
  // Blocks them, so that they wait to be read here.
  Signals();
  bool ready() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }
  // `none` when there is none now.
  Signal next();

 private:
  io::Fd fd_;
};

}  // namespace supervisor
