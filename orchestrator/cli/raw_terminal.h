// The terminal that this program was started from, handed over to a program elsewhere: each key as it is
// typed, Ctrl-C among them. However its owner ends, an exception or a deadly signal included, the terminal is
// put back as it was. Loop's thread.
//
// It is opened once more, so that reading and writing without waiting changes nothing for the programs that
// share it with us.
#pragma once

#include <termios.h>

#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/cli/terminal_rescue.h"
#include "sandbox/execution.h"
#include "sandbox/io/fd.h"

namespace orchestrator {

class RawTerminal {
 public:
  // Throws io::RequestError unless stdin and stdout are a terminal.
  static void check();

  // Throws std::system_error.
  RawTerminal();
  ~RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

  void make_raw();
  void put_back();  // as it was at the start; does nothing when it is

  int fd() const { return fd_.get(); }
  sandbox::TerminalSize size() const;
  // What was typed; nothing when there is nothing now. nullopt: the terminal is gone.
  std::optional<std::string> read_some();
  // Kept until the terminal takes it. Waits only for one that lets very much pile up, and then as long as no
  // signal asks us to end.
  void write(std::string_view bytes);
  bool flush();  // false when some of it is still kept

 private:
  io::Fd fd_;
  termios before_{};
  std::optional<TerminalRescue> rescue_;  // while it is raw
  std::string pending_;
};

}  // namespace orchestrator
