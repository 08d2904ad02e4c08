#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "sandbox/io/fd.h"
#include "sandbox/io/signals.h"
#include "tests/support/skipping_loop.h"

namespace io {
namespace {

using namespace std::chrono_literals;
using testing_support::SkippingLoop;

struct Pipe {
  Fd read_end, write_end;
  Pipe() {
    std::array<int, 2> fds{};
    if (pipe(fds.data()) != 0) throw std::runtime_error("pipe");
    read_end = Fd(fds[0]);
    write_end = Fd(fds[1]);
  }
  void put(char c) const { ASSERT_EQ(write(write_end.get(), &c, 1), 1); }
  char take() const {
    char c = '?';
    return read(read_end.get(), &c, 1) == 1 ? c : '?';
  }
};

class TheLoop : public ::testing::Test {
 protected:
  std::function<void()> say(std::string word) {
    return [this, word = std::move(word)] { said_.push_back(word); };
  }

  SkippingLoop loop_;
  std::vector<std::string> said_;
};

using Words = std::vector<std::string>;

TEST_F(TheLoop, FiresTimersInTheOrderOfTheirTimesNotOfTheirMaking) {
  const auto third = loop_.call_after(30s, say("third"));
  const auto first = loop_.call_after(10s, say("first"));
  const auto second = loop_.call_after(20s, say("second"));
  loop_.skip(60s);
  loop_.settle();
  EXPECT_EQ(said_, (Words{"first", "second", "third"}));
}

TEST_F(TheLoop, FiresTimersOfOneTimeInTheOrderOfTheirMaking) {
  const TimePoint when = loop_.now() + 10s;
  const auto first = loop_.call_at(when, say("first"));
  const auto second = loop_.call_at(when, say("second"));
  loop_.skip(10s);
  loop_.settle();
  EXPECT_EQ(said_, (Words{"first", "second"}));
}

TEST_F(TheLoop, FiresNoTimerBeforeItsTimeAndNoneTwice) {
  const auto timer = loop_.call_after(10s, say("now"));
  loop_.skip(9s);
  loop_.settle();
  EXPECT_TRUE(said_.empty());
  loop_.skip(1s);
  loop_.settle();
  loop_.skip(60s);
  loop_.settle();
  EXPECT_EQ(said_, Words{"now"});
}

TEST_F(TheLoop, DoesNotFireATimerThatWasLetGo) {
  auto timer = loop_.call_after(10s, say("never"));
  timer.reset();
  loop_.skip(60s);
  loop_.settle();
  EXPECT_TRUE(said_.empty());
}

TEST_F(TheLoop, DoesNotFireADueTimerThatAnotherHasLetGo) {
  std::unique_ptr<Timer> second;
  const auto first = loop_.call_after(1s, [&] { second.reset(); });
  second = loop_.call_after(1s, say("never"));
  loop_.skip(60s);
  loop_.settle();
  EXPECT_TRUE(said_.empty());
}

TEST_F(TheLoop, LetsATimerReplaceItself) {
  std::unique_ptr<Timer> timer;
  int times = 0;
  std::function<void()> again = [&] {
    if (++times < 3) timer = loop_.call_after(0s, again);
  };
  timer = loop_.call_after(0s, again);
  loop_.until([&] { return times == 3; });
  EXPECT_EQ(times, 3);
}

TEST_F(TheLoop, CallsNobodyBeforeTheAskingHasReturned) {
  const auto timer = loop_.call_after(0s, say("timer"));
  loop_.post(say("posted"));
  EXPECT_TRUE(said_.empty());
  loop_.settle();
  EXPECT_EQ(said_.size(), 2u);
}

TEST_F(TheLoop, RunsWhatWasPostedInOrderAlsoWhatThatPosts) {
  loop_.post([this] {
    say("first")();
    loop_.post(say("third"));
  });
  loop_.post(say("second"));
  loop_.until([this] { return said_.size() == 3; });
  EXPECT_EQ(said_, (Words{"first", "second", "third"}));
}

TEST_F(TheLoop, IsWokenByAPostOfAnotherThread) {
  std::thread other;
  // The thread starts from inside, so that the loop goes to sleep with nothing else to wait for.
  loop_.post([&] { other = std::thread([&] { loop_.post(say("woken")); }); });
  loop_.until([this] { return !said_.empty(); });
  other.join();
  EXPECT_EQ(said_, Words{"woken"});
}

TEST_F(TheLoop, EndsAfterTheEventThatWasWaitedFor) {
  const auto later = loop_.call_after(1h, say("later"));
  bool done = false;
  loop_.post([&] { done = true; });
  loop_.run_until([&] { return done; });
  EXPECT_TRUE(said_.empty());
}

TEST_F(TheLoop, AwaitsAnAnswerThatComesLater) {
  EXPECT_EQ(await<int>(loop_, [this](auto done) { loop_.post([done] { done(42); }); }), 42);
}

TEST_F(TheLoop, TellsOfADescriptorUntilTheWatchIsLetGo) {
  const Pipe pipe;
  std::string read;
  auto watch = loop_.watch_readable(pipe.read_end.get(), [&] { read += pipe.take(); });
  pipe.put('a');
  loop_.until([&] { return read == "a"; });
  pipe.put('b');
  loop_.until([&] { return read == "ab"; });
  watch.reset();
  pipe.put('c');
  loop_.settle();
  EXPECT_EQ(read, "ab");
}

TEST_F(TheLoop, LetsAWatchGoInsideItsOwnCallback) {
  const Pipe pipe;
  std::unique_ptr<Watch> watch;
  watch = loop_.watch_readable(pipe.read_end.get(), [&, alive = std::make_shared<int>(7)] {
    watch.reset();
    said_.push_back(std::to_string(*alive));  // what the callback holds outlives the call
  });
  pipe.put('a');
  loop_.settle();
  EXPECT_EQ(said_, Words{"7"});
}

TEST_F(TheLoop, DoesNotTellAWatchThatAnotherOneLetGoInTheSameTurn) {
  const Pipe one, two;
  std::unique_ptr<Watch> first, second;
  int told = 0;
  first = loop_.watch_readable(one.read_end.get(), [&] {
    ++told;
    first.reset();
    second.reset();
  });
  second = loop_.watch_readable(two.read_end.get(), [&] {
    ++told;
    first.reset();
    second.reset();
  });
  one.put('a');
  two.put('a');
  loop_.settle();
  EXPECT_EQ(told, 1);
}

TEST_F(TheLoop, TellsThatThePeerHasClosed) {
  Pipe pipe;
  const auto watch = loop_.watch_readable(pipe.read_end.get(), say("closed"));
  pipe.write_end.reset();
  loop_.until([this] { return !said_.empty(); });
  EXPECT_EQ(pipe.take(), '?');
}

TEST_F(TheLoop, TurnsSignalsIntoEvents) {
  std::vector<int> seen;
  const Signals signals(loop_, {SIGUSR1, SIGUSR2}, [&](int signal) { seen.push_back(signal); });
  raise(SIGUSR1);
  loop_.until([&] { return seen.size() == 1; });
  raise(SIGUSR2);
  loop_.until([&] { return seen.size() == 2; });
  EXPECT_EQ(seen, (std::vector<int>{SIGUSR1, SIGUSR2}));
}

}  // namespace
}  // namespace io
