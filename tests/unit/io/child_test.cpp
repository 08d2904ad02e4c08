#include "sandbox/io/child.h"

#include <gtest/gtest.h>

#include <csignal>
#include <optional>
#include <system_error>

#include "tests/support/skipping_loop.h"

namespace io {
namespace {

using namespace std::chrono_literals;
using testing_support::SkippingLoop;

ChildSpec shell(const std::string& line) {
  ChildSpec spec;
  spec.argv = {"sh", "-c", line};
  spec.env = {"PATH=/usr/bin:/bin"};
  return spec;
}

class AChild : public ::testing::Test {
 protected:
  std::function<void(ChildResult)> end() {
    return [this](ChildResult value) { result_ = std::move(value); };
  }
  std::function<void(std::string_view)> line() {
    return [this](std::string_view text) { lines_.emplace_back(text); };
  }
  ChildResult run(ChildSpec spec) {
    const auto child = spawn(loop_, std::move(spec), end(), line());
    loop_.until([this] { return result_.has_value(); });
    return *result_;
  }

  SkippingLoop loop_;
  std::optional<ChildResult> result_;
  std::vector<std::string> lines_;
};

using Lines = std::vector<std::string>;

TEST_F(AChild, GivesItsOutputErrorsAndExitCode) {
  const ChildResult result = run(shell("echo out; echo err >&2; exit 3"));
  EXPECT_EQ(result.output, "out\n");
  EXPECT_EQ(result.errors, "err\n");
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.signal, 0);
}

TEST_F(AChild, TellsASignalFromAnExit) {
  const ChildResult result = run(shell("kill -TERM $$"));
  EXPECT_EQ(result.exit_code, -1);
  EXPECT_EQ(result.signal, SIGTERM);
}

TEST_F(AChild, ReadsItsInputToTheEnd) {
  ChildSpec spec = shell("cat");
  spec.stdin_text = std::string(60'000, 'i') + "end";
  EXPECT_EQ(run(std::move(spec)).output, std::string(60'000, 'i') + "end");
}

TEST_F(AChild, HasItsInputClosedWhenThereIsNone) { EXPECT_EQ(run(shell("cat; echo end")).output, "end\n"); }

TEST_F(AChild, SeesNothingOfOurEnvironment) {
  setenv("OF_THE_PARENT", "seen", 1);
  EXPECT_EQ(run(shell("echo \"[$OF_THE_PARENT]\"")).output, "[]\n");
}

TEST_F(AChild, StartsWithNoSignalBlocked) {
  sigset_t set, before;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, &before);
  const ChildResult result = run(shell("kill -TERM $$; echo alive"));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(result.signal, SIGTERM);
}

TEST_F(AChild, ThatDoesNotExistIsAnErrorThatNamesIt) {
  ChildSpec spec = shell("");
  spec.argv = {"/no/such/program"};
  try {
    spawn(loop_, std::move(spec), end());
    FAIL() << "started what is not there";
  } catch (const std::system_error& error) {
    EXPECT_NE(std::string(error.what()).find("/no/such/program"), std::string::npos);
    EXPECT_EQ(error.code().value(), ENOENT);
  }
}

TEST_F(AChild, TellsItsLinesOfErrorsAsTheyCome) {
  // A carriage return ends a line too: that is how a progress line is drawn again.
  run(shell("printf 'one\\rtwo\\r\\n\\nthree\\nrest' >&2"));
  EXPECT_EQ(lines_, (Lines{"one", "two", "three"}));
}

TEST_F(AChild, IsKilledAtItsDeadlineWithAllOfItsGroup) {
  ChildSpec spec = shell("echo started >&2; sleep 1000 & sleep 1000");
  spec.deadline = 60s;
  const auto child = spawn(loop_, std::move(spec), end(), line());
  loop_.until([this] { return !lines_.empty(); });
  EXPECT_FALSE(result_);
  loop_.skip(60s);
  loop_.until([this] { return result_.has_value(); });
  EXPECT_TRUE(result_->deadline_passed);
  EXPECT_EQ(result_->signal, SIGKILL);
}

TEST_F(AChild, WhoseOwnChildLivesOnHasEndedAllTheSame) {
  const ChildResult result = run(shell("sleep 1000 & echo $!"));
  EXPECT_EQ(result.exit_code, 0);
  // The rest of its group was killed; a zombie may still stand until somebody reaps it.
  const pid_t left = std::stoi(result.output);
  EXPECT_NE(getpgid(left), getpgid(0));
}

TEST_F(AChild, IsKilledAndSilentWhenLetGo) {
  auto child = spawn(loop_, shell("echo $$ >&2; sleep 1000"), end(), line());
  loop_.until([this] { return !lines_.empty(); });
  child.reset();
  EXPECT_EQ(kill(std::stoi(lines_.front()), 0), -1);
  loop_.settle();
  EXPECT_FALSE(result_);
}

TEST_F(AChild, MayBeLetGoInsideItsOwnEnd) {
  std::unique_ptr<Child> child;
  child = spawn(loop_, shell("exit 4"), [&](ChildResult value) {
    child.reset();
    result_ = std::move(value);
  });
  loop_.until([this] { return result_.has_value(); });
  EXPECT_EQ(result_->exit_code, 4);
}

TEST_F(AChild, MayBeLetGoInsideOneOfItsLines) {
  std::unique_ptr<Child> child;
  child = spawn(loop_, shell("echo one >&2; echo two >&2; sleep 1000"), end(), [&](std::string_view text) {
    const std::string kept(text);
    child.reset();
    lines_.push_back(kept);
  });
  loop_.until([this] { return !lines_.empty(); });
  loop_.settle();
  EXPECT_EQ(lines_, Lines{"one"});
  EXPECT_FALSE(result_);
}

TEST_F(AChild, ThatFloodsItsErrorsStarvesNobody) {
  bool had_its_turn = false;
  bool asked = false;
  const auto child = spawn(loop_, shell("yes x >&2"), end(), [&](std::string_view) {
    if (!std::exchange(asked, true)) loop_.post([&] { had_its_turn = true; });
  });
  loop_.until([&] { return had_its_turn; });
}

TEST_F(AChild, ThatFloodsIsKeptWithinBounds) {
  const ChildResult result =
      run(shell("head -c 20000000 /dev/zero; head -c 300000 /dev/zero >&2; echo end >&2"));
  EXPECT_EQ(result.output.size(), 16u << 20);
  EXPECT_EQ(result.errors.size(), 64u << 10);
  EXPECT_TRUE(result.errors.ends_with("end\n"));
}

TEST_F(AChild, IsGivenNoMoreInputThanAPipeTakes) {
  ChildSpec spec = shell("cat");
  spec.stdin_text = std::string((64 << 10) + 1, 'i');
  EXPECT_THROW(spawn(loop_, std::move(spec), end()), std::length_error);
}

}  // namespace
}  // namespace io
