// A command at a terminal of its own.
#include <gtest/gtest.h>
#include <signal.h>

#include "sandbox/frames/gift.h"
#include "sandbox/frames/typing.h"
#include "tests/unit/supervisor/supervised.h"

namespace {

using sandbox::encode_keys;
using sandbox::encode_size;

SupervisorOptions at_terminal(const std::string& typed = "") {
  SupervisorOptions options;
  options.more = {"--terminal", "31x101"};
  options.stdin_bytes = typed;
  options.stdin_stays_open = true;
  return options;
}

bool says(const Supervised& supervised, const std::string& words) {
  return supervised.out.find(words) != std::string::npos;
}

TEST(Terminal, ControlsTheCommandAndHasTheSizeThatWasAskedFor) {
  Supervised supervised(sh("tty -s && stty size && echo error >&2 && echo > /dev/tty && exit 7"),
                        at_terminal());
  supervised.finish();
  EXPECT_TRUE(says(supervised, "31 101\r\nerror\r\n\r\n")) << supervised.out;
  EXPECT_EQ(supervised.err, "");
  EXPECT_EQ(supervised.exit_code, 7);
  EXPECT_EQ(supervised.end.at("stop"), "");
}

TEST(Terminal, GivesTheCommandWhatIsTypedAndTheNewSizeInOrder) {
  Supervised supervised(sh("read a; stty size; read b; stty size; echo \"<$a $b>\""),
                        at_terminal(encode_keys("one\n") + encode_size({5, 6}) + encode_keys("two\n")));
  supervised.finish();
  EXPECT_TRUE(says(supervised, "5 6")) << supervised.out;
  EXPECT_TRUE(says(supervised, "<one two>")) << supervised.out;
}

TEST(Terminal, HasTypingBehindGiftsInOneStream) {
  SupervisorOptions options =
      at_terminal(sandbox::encode_gifts({{"WORD", "given"}}, {}) + encode_keys("typed\n"));
  options.more.push_back("--gifts");
  Supervised supervised(sh("read line; echo \"<$WORD $line>\""), options);
  supervised.finish();
  EXPECT_TRUE(says(supervised, "<given typed>")) << supervised.out;
}

TEST(Terminal, TurnsCtrlCIntoASignalForTheCommand) {
  // Not `read`: a signal that comes just before a shell sits down to read is heard after the next line only.
  Supervised supervised(sh("trap 'echo interrupted; exit 3' INT; stty size; while :; do sleep 0.05; done"),
                        at_terminal());
  ASSERT_TRUE(supervised.read_until([&] { return says(supervised, "31 101"); })) << supervised.out;
  supervised.type(encode_keys("\x03"));
  supervised.finish();
  EXPECT_TRUE(says(supervised, "interrupted")) << supervised.out;
  EXPECT_EQ(supervised.exit_code, 3);
}

TEST(Terminal, EndsAReaderAtCtrlD) {
  Supervised supervised(sh("cat > /dev/null; echo over"), at_terminal(encode_keys("\x04")));
  supervised.finish();
  EXPECT_TRUE(says(supervised, "over")) << supervised.out;
}

// A shell that somebody sits at ignores TERM.
TEST(Terminal, IsHungUpWhenWhoeverTypesIsGone) {
  SupervisorOptions options = at_terminal();
  options.stdin_stays_open = false;
  options.grace = std::chrono::milliseconds(15'000);
  Supervised supervised(sh("trap '' TERM; echo ready; while true; do sleep 1; done"), options);
  supervised.finish();
  EXPECT_EQ(supervised.end.at("stop"), "signal");
  EXPECT_EQ(supervised.exit_code, 128 + SIGHUP);
}

TEST(Terminal, IsHungUpAtAStop) {
  SupervisorOptions options = at_terminal();
  options.grace = std::chrono::milliseconds(15'000);
  Supervised supervised(sh("trap '' TERM; echo ready; while true; do sleep 1; done"), options);
  ASSERT_TRUE(supervised.read_until([&] { return says(supervised, "ready"); }));
  supervised.signal(SIGTERM);
  supervised.finish();
  EXPECT_EQ(supervised.exit_code, 128 + SIGHUP);
}

TEST(Terminal, KeepsTheDeadline) {
  SupervisorOptions options = at_terminal();
  options.timeout = std::chrono::milliseconds(300);
  Supervised supervised(sh("cat"), options);
  supervised.finish();
  EXPECT_EQ(supervised.end.at("stop"), "timeout");
}

TEST(Terminal, HoldsBackWhatTheCommandDoesNotRead) {
  Supervised supervised(sh("stty raw -echo; echo ready; head -c 300000 | wc -c"), at_terminal());
  ASSERT_TRUE(supervised.read_until([&] { return says(supervised, "ready"); }));
  // More than the terminal and the supervisor's own buffer hold.
  supervised.type(encode_keys(std::string(300'000, 'k')));
  supervised.finish();
  EXPECT_TRUE(says(supervised, "300000")) << supervised.out;
}

TEST(Terminal, NeedsASize) {
  for (const char* size : {"", "24", "24x", "x80", "24x80x", "70000x1", "-1x3"}) {
    SupervisorOptions options;
    options.more = {"--terminal", size};
    Supervised supervised(sh("true"), options);
    supervised.wait_unread();
    EXPECT_EQ(supervised.exit_code, 125) << size;
  }
}

}  // namespace
