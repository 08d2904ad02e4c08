#include "orchestrator/cli/progress.h"

#include "orchestrator/cli/progress_modes.h"

namespace orchestrator {
namespace {

class JsonProgress : public Progress {
 public:
  explicit JsonProgress(ProgressWriter write) : write_(std::move(write)) {}
  void on_event(const Event& event) override { write_(event.to_json_line() + "\n"); }
  void finish() override {}

 private:
  ProgressWriter write_;
};

class QuietProgress : public Progress {
 public:
  void on_event(const Event&) override {}
  void finish() override {}
};

}  // namespace

std::unique_ptr<Progress> make_json_progress(ProgressWriter write) {
  return std::make_unique<JsonProgress>(std::move(write));
}

std::unique_ptr<Progress> make_progress(io::Loop& loop, ProgressOptions options,
                                        std::function<void(std::string_view)> write) {
  switch (options.mode) {
    case ProgressMode::automatic:
      if (!options.terminal) return make_plain_progress(loop, std::move(write));
      return make_tty_progress(loop, std::move(options), std::move(write));
    case ProgressMode::tty:
      return make_tty_progress(loop, std::move(options), std::move(write));
    case ProgressMode::plain:
      return make_plain_progress(loop, std::move(write));
    case ProgressMode::json:
      return make_json_progress(std::move(write));
    case ProgressMode::quiet:
      return std::make_unique<QuietProgress>();
  }
  return std::make_unique<QuietProgress>();
}

}  // namespace orchestrator
