#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/cli/progress_lines.h"
#include "orchestrator/cli/progress_modes.h"
#include "orchestrator/report/words.h"

namespace orchestrator {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

// 1, 2, 5, 10, 20, 50, 100, …: often at first, when one waits to see that it works.
bool is_milestone(std::int64_t count) {
  while (count >= 10 && count % 10 == 0) count /= 10;
  return count == 1 || count == 2 || count == 5;
}

class PlainProgress : public Progress {
 public:
  PlainProgress(io::Loop& loop, ProgressWriter write) : loop_(loop), write_(std::move(write)) {}

  void on_event(const Event& event) override {
    if (finished_) return;
    counts_.update(event);
    if (const auto text = lasting_line(event)) line(*text);
    if (event.type == "run_started") started_ = loop_.now();
    if (event.type == "attempt_finished") attempt_finished(event);
    if (event.type == "elsewhere" && event.data.contains("attempts") && is_milestone(counts_.done))
      say_counts();
    if (event.type == "run_finished" && said_ != counts_.done) say_counts();
  }

  void finish() override { finished_ = true; }

 private:
  static constexpr int kMostNotPassed = 20;

  void line(const std::string& text) { write_(text + "\n"); }

  void attempt_finished(const Event& event) {
    const std::string outcome = text_of(event, "outcome");
    if (outcome == "cancelled") return;  // it says nothing, and is not counted
    if (outcome != "passed") not_passed(event, outcome);
    if (is_milestone(counts_.done)) say_counts();
  }

  void not_passed(const Event& event, std::string outcome) {
    if (++not_passed_ > kMostNotPassed + 1) return;
    if (not_passed_ > kMostNotPassed) return line("further attempts that do not pass are only counted");
    std::replace(outcome.begin(), outcome.end(), '_', ' ');
    const auto code = event.data.find("exit_code");
    const std::string exit = code != event.data.end() && code->is_number_integer()
                                 ? fmt::format("exit code {}, ", code->get<std::int64_t>())
                                 : "";
    line(fmt::format("attempt {}: {} ({}seed {}, {})", number_of(event, "attempt"), outcome, exit,
                     number_of(event, "seed"), duration_text(milliseconds(number_of(event, "duration_ms")))));
  }

  void say_counts() {
    said_ = counts_.done;
    line(fmt::format("attempts {}/{} · {} not passed · {}", counts_.done, counts_.runs, counts_.not_passed,
                     clock_text(duration_cast<milliseconds>(loop_.now() - started_))));
  }

  io::Loop& loop_;
  ProgressWriter write_;
  AttemptCounts counts_;
  io::TimePoint started_{};
  std::int64_t said_ = -1;  // the count that was printed last
  int not_passed_ = 0;
  bool finished_ = false;
};

}  // namespace

std::unique_ptr<Progress> make_plain_progress(io::Loop& loop, ProgressWriter write) {
  return std::make_unique<PlainProgress>(loop, std::move(write));
}

}  // namespace orchestrator
