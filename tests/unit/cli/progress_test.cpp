#include "orchestrator/cli/progress.h"

#include <gtest/gtest.h>

#include "orchestrator/report/utf8.h"
#include "tests/support/fake_loop.h"

namespace orchestrator {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

// What a terminal would show of what was written to it: lines that stay, and the line that is being painted.
class Screen {
 public:
  void write(std::string_view text) {
    ++writes;
    all += text;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\r') {
        pending_.clear();
      } else if (text[i] == '\n') {
        lines.push_back(pending_);
        pending_.clear();
      } else if (text.substr(i, 3) == "\x1b[K") {
        i += 2;
      } else {
        pending_ += text[i];
      }
    }
    live = pending_;
  }
  std::vector<std::string> lines;
  std::string live;
  std::string all;
  int writes = 0;

 private:
  std::string pending_;
};

struct Shown {
  explicit Shown(ProgressMode mode, bool terminal = false, bool colour = false) {
    ProgressOptions options;
    options.mode = mode;
    options.terminal = terminal;
    options.colour = colour;
    options.width = [this] { return width; };
    progress = make_progress(loop, options, [this](std::string_view text) { screen.write(text); });
  }
  void say(const std::string& type, json data = json::object()) {
    progress->on_event({++sequence, {}, type, std::move(data)});
  }
  void attempt(int index, int done, int not_passed, const std::string& outcome = "passed", int runs = 30) {
    say("attempt_finished", {{"attempt", index},
                             {"seed", 100 + index},
                             {"outcome", outcome},
                             {"exit_code", outcome == "failed" ? json(1) : json()},
                             {"duration_ms", 1200},
                             {"done", done},
                             {"runs", runs},
                             {"running", 4},
                             {"not_passed", not_passed}});
  }
  std::uint64_t sequence = 0;
  int width = 80;
  testing_support::FakeLoop loop;
  Screen screen;
  std::unique_ptr<Progress> progress;
};

void prepare_run(Shown& shown) {
  shown.say("checkout_started");
  shown.say("checkout_finished", {{"commit", "5f3a2c1d9e8b"}, {"files", 12}, {"seconds", 1.2}});
  shown.say("layer_started", {{"kind", "dependencies"}, {"title", "pip install -r requirements.txt"}});
  shown.say("layer_finished", {{"kind", "dependencies"}, {"cached", true}, {"seconds", 0.0}});
  shown.say("image_finished", {{"found", "requirements.txt"}, {"seconds", 0.4}});
}

const std::vector<std::string> kStageLines{"checked out 5f3a2c1 in 1.2 s", "dependencies: cached",
                                           "image ready in 400 ms (requirements.txt)"};

TEST(PlainProgress, SaysWhereALayerCameFromThatWasNotBuilt) {
  Shown shown(ProgressMode::plain);
  shown.say(
      "layer_finished",
      {{"kind", "tools"}, {"cached", true}, {"how", "taken from /volume/tools-a1.tar"}, {"seconds", 1.2}});
  EXPECT_EQ(shown.screen.lines, std::vector<std::string>{"tools: taken from /volume/tools-a1.tar in 1.2 s"});
}

TEST(TtyProgress, KeepsALineForEachStage) {
  Shown shown(ProgressMode::tty);
  prepare_run(shown);
  EXPECT_EQ(shown.screen.lines, kStageLines);
  EXPECT_EQ(shown.screen.live, "");
}

TEST(TtyProgress, ShowsHowFarTheAttemptsAre) {
  Shown shown(ProgressMode::tty);
  shown.say("run_started", {{"runs", 30}});
  shown.loop.advance(seconds(41));
  shown.attempt(7, 12, 3);
  shown.loop.advance(milliseconds(200));
  EXPECT_EQ(shown.screen.live, "attempts 12/30 · 4 running · 3 not passed · 0:41 · about 1:01 left");
  EXPECT_TRUE(shown.screen.lines.empty());
}

TEST(TtyProgress, PaintsAtMostTenTimesASecondAndShowsTheLastStateThen) {
  Shown shown(ProgressMode::tty);
  shown.say("run_started", {{"runs", 1000}});
  const int before = shown.screen.writes;
  for (int i = 1; i <= 500; ++i) {
    shown.attempt(i, i, 0, "passed", 1000);
    shown.loop.advance(milliseconds(2));
  }
  EXPECT_LE(shown.screen.writes - before, 11);
  shown.loop.advance(milliseconds(100));
  EXPECT_EQ(shown.screen.live.rfind("attempts 500/1000", 0), 0u) << shown.screen.live;
}

TEST(TtyProgress, MovesTheClockOnceASecondWhileNothingHappens) {
  Shown shown(ProgressMode::tty);
  shown.say("checkout_started");
  const int before = shown.screen.writes;
  shown.loop.advance(seconds(5));
  EXPECT_EQ(shown.screen.writes - before, 5);
  EXPECT_EQ(shown.screen.live, "checking out · 0:05");
}

TEST(TtyProgress, HasNoTimerWithoutALiveLine) {
  Shown shown(ProgressMode::tty);
  prepare_run(shown);
  const int before = shown.screen.writes;
  shown.loop.advance(seconds(60));
  EXPECT_EQ(shown.screen.writes, before);
}

TEST(TtyProgress, NeverFillsTheLineWhateverTheWidth) {
  Shown shown(ProgressMode::tty, true, false);
  shown.say("layer_started", {{"kind", "dependencies"}, {"title", "日本語 " + std::string(200, 'x')}});
  for (const int width : {200, 80, 40, 20, 5, 1, 0}) {
    shown.width = width;
    shown.loop.advance(seconds(1));
    EXPECT_LT(columns(shown.screen.live), std::max(width, 2)) << width;
  }
}

TEST(TtyProgress, ShowsTheLastLineOfAnInstallStepHarmlessly) {
  Shown shown(ProgressMode::tty, true, true);
  shown.say("layer_started", {{"kind", "dependencies"}, {"title", "pip"}});
  shown.say("layer_output", {{"text", "Collecting a\nCollecting \x1b]0;evil\x07 b\n"}});
  shown.loop.advance(milliseconds(100));
  EXPECT_EQ(shown.screen.live, "dependencies: pip · 0:00\x1b[2m · Collecting \\u{1b}]0;evil\\u{7} b\x1b[0m");
  shown.say("layer_finished", {{"kind", "dependencies"}, {"cached", false}, {"seconds", 12.34}});
  EXPECT_EQ(shown.screen.lines, std::vector<std::string>{"dependencies: built in 12.3 s"});
}

TEST(TtyProgress, PrintsWarningsAboveTheLiveLine) {
  Shown shown(ProgressMode::tty);
  shown.say("run_started", {{"runs", 30}});
  shown.say("warning", {{"text", "disk is nearly full"}});
  shown.loop.advance(seconds(1));
  EXPECT_EQ(shown.screen.lines, std::vector<std::string>{"warning: disk is nearly full"});
  EXPECT_NE(shown.screen.live, "");
}

TEST(TtyProgress, ErasesItsLineAtTheEnd) {
  for (const bool politely : {true, false}) {
    Shown shown(ProgressMode::tty);
    shown.say("run_started", {{"runs", 30}});
    EXPECT_NE(shown.screen.live, "");
    politely ? shown.progress->finish() : shown.progress.reset();
    EXPECT_EQ(shown.screen.live, "");
    const int before = shown.screen.writes;
    if (politely) shown.attempt(1, 1, 0);
    shown.loop.advance(seconds(60));
    EXPECT_EQ(shown.screen.writes, before);
  }
}

TEST(PlainProgress, WritesALineForEachStageAndLessAndLessOftenForAttempts) {
  Shown shown(ProgressMode::plain);
  prepare_run(shown);
  EXPECT_EQ(shown.screen.lines, kStageLines);
  shown.screen.lines.clear();
  shown.say("run_started", {{"runs", 30}});
  for (int i = 1; i <= 30; ++i) {
    shown.loop.advance(seconds(2));
    shown.attempt(i, i, 0);
  }
  shown.say("run_finished");
  EXPECT_EQ(shown.screen.lines,
            (std::vector<std::string>{
                "attempts 1/30 · 0 not passed · 0:02", "attempts 2/30 · 0 not passed · 0:04",
                "attempts 5/30 · 0 not passed · 0:10", "attempts 10/30 · 0 not passed · 0:20",
                "attempts 20/30 · 0 not passed · 0:40", "attempts 30/30 · 0 not passed · 1:00"}));
  EXPECT_EQ(shown.screen.all.find('\x1b'), std::string::npos);
}

TEST(PlainProgress, NamesEachAttemptThatDidNotPass) {
  Shown shown(ProgressMode::plain);
  shown.say("run_started", {{"runs", 30}});
  shown.attempt(7, 3, 1, "failed");
  shown.attempt(8, 4, 2, "timed_out");
  EXPECT_EQ(shown.screen.lines, (std::vector<std::string>{"attempt 7: failed (exit code 1, seed 107, 1.2 s)",
                                                          "attempt 8: timed out (seed 108, 1.2 s)"}));
}

TEST(PlainProgress, DoesNotCountWhatWasCancelled) {
  Shown shown(ProgressMode::plain);
  shown.say("run_started", {{"runs", 6}});
  shown.attempt(0, 1, 0, "passed", 6);
  shown.say("stopping", {{"reason", "stopped by SIGINT"}});
  shown.attempt(1, 1, 0, "cancelled", 6);
  shown.attempt(2, 1, 0, "cancelled", 6);
  shown.say("run_finished");
  EXPECT_EQ(shown.screen.lines,
            (std::vector<std::string>{"attempts 1/6 · 0 not passed · 0:00", "stopping: stopped by SIGINT"}));
}

TEST(PlainProgress, OnlyCountsThemAfterTwenty) {
  Shown shown(ProgressMode::plain);
  shown.say("run_started", {{"runs", 1000}});
  for (int i = 1; i <= 900; ++i) shown.attempt(i, i, i, "failed", 1000);
  EXPECT_EQ(shown.screen.lines.size(), 20u + 1 + 9);
}

TEST(JsonProgress, WritesEachEventAsALine) {
  Shown shown(ProgressMode::json, true);
  shown.say("warning", {{"text", "\xff two\nlines"}});
  ASSERT_EQ(shown.screen.lines.size(), 1u);
  const json line = json::parse(shown.screen.lines[0]);
  EXPECT_EQ(line["seq"], 1);
  EXPECT_EQ(line["data"]["text"], "\uFFFD two\nlines");
}

TEST(QuietProgress, SaysNothing) {
  Shown shown(ProgressMode::quiet, true);
  prepare_run(shown);
  shown.say("warning", {{"text", "x"}});
  EXPECT_EQ(shown.screen.all, "");
}

TEST(AutomaticProgress, IsLiveOnATerminalOnly) {
  Shown live(ProgressMode::automatic, true);
  live.say("checkout_started");
  EXPECT_NE(live.screen.live, "");
  Shown plain(ProgressMode::automatic, false);
  plain.say("checkout_started");
  EXPECT_EQ(plain.screen.all, "");
}

TEST(Progress, TakesEventsOfAnyShape) {
  for (const ProgressMode mode : {ProgressMode::tty, ProgressMode::plain, ProgressMode::json}) {
    Shown shown(mode);
    for (const char* type :
         {"job_started", "checkout_started", "checkout_progress", "checkout_finished", "layer_started",
          "layer_output", "layer_finished", "image_finished", "run_started", "attempt_started",
          "attempt_finished", "stopping", "run_finished", "warning", "unheard of"})
      for (const json& data : {json::object(), json(), json({{"seconds", "x"}, {"text", 1}, {"done", -1}})})
        EXPECT_NO_THROW(shown.say(type, data));
  }
}

}  // namespace
}  // namespace orchestrator
