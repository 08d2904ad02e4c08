// A live line at the bottom that is painted over and over, and lines above it that stay. At most ten
// paintings a second; between events one a second for the clock, by a timer that exists only while there is a
// live line. The width is asked for at each painting, so that a resized window needs no signal.
#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/cli/progress_lines.h"
#include "orchestrator/cli/progress_modes.h"
#include "orchestrator/report/utf8.h"
#include "orchestrator/report/words.h"

namespace orchestrator {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

constexpr milliseconds kBetweenPaintings{100};
constexpr milliseconds kClockStep{1000};
constexpr std::string_view kErase = "\r\x1b[K";

class TtyProgress : public Progress {
 public:
  TtyProgress(io::Loop& loop, ProgressOptions options, ProgressWriter write)
      : loop_(loop), options_(std::move(options)), write_(std::move(write)) {}
  ~TtyProgress() override { erase(); }

  void on_event(const Event& event) override {
    if (finished_) return;
    counts_.update(event);
    if (const auto text = lasting_line(event)) print_above(*text);
    follow_stage(event);
    if (shows_ == Shows::nothing) {
      timer_.reset();
      erase();
    } else {
      want_painting();
    }
  }

  void finish() override {
    finished_ = true;
    timer_.reset();
    erase();
  }

 private:
  enum class Shows { nothing, stage, attempts };

  void follow_stage(const Event& event) {
    if (const auto stage = stage_begun(event)) {
      show(Shows::stage);
      stage_ = *stage;
    } else if (event.type == "run_started" || (tells_attempts(event) && shows_ != Shows::attempts)) {
      show(Shows::attempts);
    } else if (event.type == "checkout_finished" || event.type == "layer_finished" ||
               event.type == "image_finished" || event.type == "run_finished") {
      show(Shows::nothing);
    } else if (event.type == "layer_output" || event.type == "checkout_progress") {
      take_detail(event);
    }
  }

  // Of a job elsewhere, whose beginning nobody may have told.
  static bool tells_attempts(const Event& event) {
    return event.type == "attempt_finished" || (event.type == "elsewhere" && event.data.contains("attempts"));
  }

  void show(Shows what) {
    shows_ = what;
    since_ = loop_.now();
    detail_.clear();
  }

  // The last line of it that says something.
  void take_detail(const Event& event) {
    const auto found = event.data.find("text");
    if (found == event.data.end() || !found->is_string()) return;
    std::string_view text = found->get_ref<const std::string&>();
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    const std::size_t start = text.find_last_of("\r\n");
    if (start != std::string_view::npos) text.remove_prefix(start + 1);
    if (!text.empty()) detail_ = one_line(text.substr(0, kLongestDetail));
  }

  std::string attempts_text(milliseconds elapsed) const {
    const std::string running =
        counts_.running == AttemptCounts::kNotKnown ? "" : fmt::format("{} running · ", counts_.running);
    std::string text = fmt::format("attempts {}/{} · {}{} not passed · {}", counts_.done, counts_.runs,
                                   running, counts_.not_passed, clock_text(elapsed));
    const std::int64_t left = counts_.runs - counts_.done;
    if (counts_.done >= kEnoughToGuess && left > 0)
      text += fmt::format(" · about {} left", clock_text(elapsed * left / counts_.done));
    return text;
  }

  std::string live_line(int room) const {
    const auto elapsed = duration_cast<milliseconds>(loop_.now() - since_);
    const std::string text =
        shows_ == Shows::attempts ? attempts_text(elapsed) : stage_ + " · " + clock_text(elapsed);
    const int left = room - columns(text) - 3;
    if (detail_.empty() || left < kShortestDetail) return fit(text, room);
    const std::string detail = " · " + fit(detail_, left);
    return text + (options_.colour ? "\x1b[2m" + detail + "\x1b[0m" : detail);
  }

  void want_painting() {
    const io::TimePoint now = loop_.now();
    if (!painted_before_ || now >= last_painting_ + kBetweenPaintings) {
      paint();
    } else {
      wake_at(last_painting_ + kBetweenPaintings);
    }
  }

  void paint() {
    // One column stays free: a full line makes some terminals wrap.
    write_(fmt::format("\r{}\x1b[K", live_line(std::max(1, options_.width() - 1))));
    drawn_ = true;
    painted_before_ = true;
    last_painting_ = loop_.now();
    wake_at(last_painting_ + kClockStep);
  }

  void wake_at(io::TimePoint when) {
    if (timer_ && timer_at_ <= when && timer_at_ > loop_.now()) return;
    timer_at_ = when;
    timer_ = loop_.call_at(when, [this] {
      if (shows_ != Shows::nothing && !finished_) paint();
    });
  }

  void print_above(const std::string& text) {
    erase();
    write_(text + "\n");
  }

  void erase() {
    if (drawn_) write_(kErase);
    drawn_ = false;
  }

  static constexpr std::size_t kLongestDetail = 2000;
  static constexpr int kShortestDetail = 10;
  static constexpr std::int64_t kEnoughToGuess = 2;

  io::Loop& loop_;
  ProgressOptions options_;
  ProgressWriter write_;
  Shows shows_ = Shows::nothing;
  std::string stage_;
  std::string detail_;
  AttemptCounts counts_;
  io::TimePoint since_{};
  io::TimePoint last_painting_{};
  io::TimePoint timer_at_{};
  std::unique_ptr<io::Timer> timer_;
  bool painted_before_ = false;
  bool drawn_ = false;
  bool finished_ = false;
};

}  // namespace

std::unique_ptr<Progress> make_tty_progress(io::Loop& loop, ProgressOptions options, ProgressWriter write) {
  return std::make_unique<TtyProgress>(loop, std::move(options), std::move(write));
}

}  // namespace orchestrator
