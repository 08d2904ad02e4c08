#include "orchestrator/report/spool.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <fstream>
#include <system_error>

#include "made_report.h"

namespace orchestrator {
namespace {

using sandbox::Stream;

std::string letters(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += static_cast<char>('a' + i % 26);
  return text;
}

// While it lives, files cannot grow beyond a size: what a full disk does, without one.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : old_handler_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &old_);
    rlimit limit = old_;
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    ::signal(SIGXFSZ, old_handler_);
  }

 private:
  rlimit old_{};
  sighandler_t old_handler_;
};

TEST(Spool, CutsNothingThatFits) {
  TemporaryFolder folder;
  Spool spool(folder.path(), "", 100);
  auto log = spool.open_attempt(0);
  log->append(Stream::out, letters(100));
  const auto kept = log->finish();
  EXPECT_FALSE(kept.out.truncated());
  const auto text = spool.read(kept.out);
  EXPECT_EQ(text.head + text.tail, letters(100));
  EXPECT_EQ(text.head.size(), 50u);
}

TEST(Spool, KeepsHeadAndTailOfWhatDoesNotFitWhateverThePieces) {
  const std::string all = letters(1234);
  for (const std::size_t piece : {1u, 3u, 49u, 50u, 51u, 100u, 101u, 1234u}) {
    TemporaryFolder folder;
    Spool spool(folder.path(), "", 100);
    auto log = spool.open_attempt(0);
    for (std::size_t at = 0; at < all.size(); at += piece)
      log->append(Stream::err, std::string_view(all).substr(at, piece));
    const auto kept = log->finish();
    const auto text = spool.read(kept.err);
    EXPECT_EQ(text.head, all.substr(0, 50)) << piece;
    EXPECT_EQ(text.tail, all.substr(all.size() - 50)) << piece;
    EXPECT_EQ(kept.err.total_bytes, all.size());
    EXPECT_TRUE(kept.err.truncated());
    EXPECT_EQ(kept.out.total_bytes, 0u);
  }
}

TEST(Spool, KeepsInterleavedAttemptsApart) {
  TemporaryFolder folder;
  Spool spool(folder.path(), "", 100);
  auto first = spool.open_attempt(0);
  auto second = spool.open_attempt(1);
  first->append(Stream::out, "first ");
  second->append(Stream::out, "second");
  first->append(Stream::out, "again");
  const auto kept_second = second->finish();
  const auto kept_first = first->finish();
  EXPECT_EQ(spool.read(kept_first.out).head, "first again");
  EXPECT_EQ(spool.read(kept_second.out).head, "second");
}

TEST(Spool, WritesEveryByteToTheLogFolder) {
  TemporaryFolder folder;
  const std::string logs = folder.path() + "/logs/deep";
  Spool spool(folder.path(), logs, 10);
  auto log = spool.open_attempt(17);
  std::string all;
  for (int i = 0; i < 300; ++i) {
    const std::string piece = letters(static_cast<std::size_t>(i * 7 % 400)) + std::string(1, '\0');
    log->append(Stream::out, piece);
    all += piece;
  }
  log->append(Stream::out, letters(20'000));
  all += letters(20'000);
  log->finish();
  EXPECT_EQ(read_file(logs + "/attempt-0017.stdout"), all);
}

TEST(Spool, GivesASilentStreamAnEmptyFile) {
  TemporaryFolder folder;
  Spool spool(folder.path(), folder.path() + "/logs");
  auto log = spool.open_attempt(3);
  EXPECT_FALSE(std::filesystem::exists(folder.path() + "/logs/attempt-0003.stderr"));
  log->finish();
  EXPECT_EQ(read_file(folder.path() + "/logs/attempt-0003.stderr"), "");
  EXPECT_EQ(read_file(folder.path() + "/logs/attempt-0003.stdout"), "");
}

TEST(Spool, ReplacesTheLogsOfAnEarlierTry) {
  TemporaryFolder folder;
  Spool spool(folder.path(), folder.path() + "/logs");
  auto first = spool.open_attempt(0);
  first->append(Stream::out, "a long first try");
  first->finish();
  auto second = spool.open_attempt(0);
  second->append(Stream::out, "short");
  second->finish();
  EXPECT_EQ(read_file(folder.path() + "/logs/attempt-0000.stdout"), "short");
}

TEST(Spool, NeverWritesThroughALinkInTheLogFolder) {
  TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() + "/logs");
  std::ofstream(folder.path() + "/precious") << "untouched";
  std::filesystem::create_symlink(folder.path() + "/precious", folder.path() + "/logs/attempt-0000.stdout");
  Spool spool(folder.path(), folder.path() + "/logs");
  auto log = spool.open_attempt(0);
  log->append(Stream::out, "new");
  log->finish();
  EXPECT_EQ(read_file(folder.path() + "/precious"), "untouched");
  EXPECT_EQ(read_file(folder.path() + "/logs/attempt-0000.stdout"), "new");
}

TEST(Spool, BringsLogsUpToWhatWasPrinted) {
  TemporaryFolder folder;
  Spool spool(folder.path(), folder.path() + "/logs");
  const auto log = spool.open_attempt(0), ended = spool.open_attempt(1);
  ended->append(Stream::out, "all");
  ended->finish();
  for (const char* expected : {"a", "aa", "aaa"}) {
    log->append(Stream::out, "a");
    spool.flush_logs();
    EXPECT_EQ(read_file(folder.path() + "/logs/attempt-0000.stdout"), expected);
  }
  EXPECT_EQ(read_file(folder.path() + "/logs/attempt-0001.stdout"), "all");
}

TEST(Spool, LeavesTheLogsOfAnAttemptThatIsLetGo) {
  TemporaryFolder folder;
  Spool spool(folder.path(), folder.path() + "/logs");
  auto log = spool.open_attempt(0);
  log->append(Stream::err, "so far");
  log.reset();
  EXPECT_EQ(read_file(folder.path() + "/logs/attempt-0000.stderr"), "so far");
}

TEST(Spool, SaysWhichFileCouldNotBeWritten) {
  TemporaryFolder folder;
  Spool spool(folder.path(), "", 64 * 1024);
  auto log = spool.open_attempt(0);
  log->append(Stream::out, letters(60'000));
  const FileSizeLimit full(4096);
  try {
    log->finish();
    FAIL() << "the write went through";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), EFBIG);
    EXPECT_NE(std::string(error.what()).find(folder.path() + "/outputs.spool"), std::string::npos);
  }
}

TEST(Spool, SaysThatTheLogFolderIsNoFolder) {
  TemporaryFolder folder;
  std::ofstream(folder.path() + "/file") << "x";
  EXPECT_THROW(Spool(folder.path(), folder.path() + "/file"), std::system_error);
}

TEST(Spool, RefusesToReadPastItsEnd) {
  TemporaryFolder folder;
  Spool spool(folder.path(), "");
  EXPECT_THROW(spool.read({10, 10, 0, 0}), std::system_error);
}

}  // namespace
}  // namespace orchestrator
