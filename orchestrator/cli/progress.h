// Progress on stderr as readings of the event log: a live line on a terminal, plain lines elsewhere, JSON
// lines on request.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "orchestrator/run/event.h"
#include "sandbox/io/loop.h"

namespace orchestrator {

enum class ProgressMode { automatic, tty, plain, json, quiet };

class Progress {
 public:
  virtual ~Progress() = default;  // erases the live line
  virtual void on_event(const Event& event) = 0;
  virtual void finish() = 0;  // erases the live line, prints nothing more
};

struct ProgressOptions {
  ProgressMode mode = ProgressMode::automatic;
  bool colour = false;
  bool terminal = false;                           // stderr is one
  std::function<int()> width = [] { return 80; };  // columns now
};

// `write` gets text for stderr. `loop` is for repainting the elapsed time once a second while a live line is
// shown (and only then); it must outlive the Progress.
std::unique_ptr<Progress> make_progress(io::Loop& loop, ProgressOptions options,
                                        std::function<void(std::string_view)> write);

}  // namespace orchestrator
