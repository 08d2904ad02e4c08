// The files that a command leaves behind for --results: found by globs, fresh, regular, bounded.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "sandbox/frames/frame.h"
#include "supervised.h"
#include "tests/support/temporary_folder.h"

namespace {

using Paths = std::vector<std::string>;

class ResultFiles : public ::testing::Test {
 protected:
  ResultFiles() { ::chmod(folder_.c_str(), 0777); }

  // Files that are there before the command starts, and look like it.
  void write(const std::string& name, const std::string& content) const {
    std::filesystem::create_directories(std::filesystem::path(folder_ + "/" + name).parent_path());
    std::ofstream(folder_ + "/" + name) << content;
  }
  // The kernel stamps files by a clock that ticks, or (since 6.13, files that somebody looked at) by the exact
  // one: only when the ticking clock is past this moment does all that was written before look older.
  static void let_the_clock_tick() {
    const auto now_by = [](clockid_t clock) {
      timespec now{};
      ::clock_gettime(clock, &now);
      return std::pair{now.tv_sec, now.tv_nsec};
    };
    const auto written = now_by(CLOCK_REALTIME);
    while (now_by(CLOCK_REALTIME_COARSE) <= written) ::usleep(100);
  }

  std::unique_ptr<Supervised> run(const std::string& line, const Paths& globs,
                                  SupervisorOptions options = {}) {
    let_the_clock_tick();
    for (const auto& glob : globs) options.more.insert(options.more.end(), {"--results", glob});
    options.folder = folder_;
    auto attempt = std::make_unique<Supervised>(sh(line), options);
    attempt->finish();
    EXPECT_TRUE(attempt->ended());
    return attempt;
  }
  static Paths paths(const Supervised& attempt) {
    Paths found;
    for (const auto& [path, content] : attempt.result_files) found.push_back(path);
    return found;
  }

  const testing_support::TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path();
};

TEST_F(ResultFiles, ComeWholeAndInOrderWithTheCommandsExit) {
  const auto attempt =
      run("mkdir -p b; printf two > b/2.xml; printf one > b/1.xml; : > b/no.txt; exit 3", {"b/*.xml"});
  using Files = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(attempt->result_files, (Files{{"b/1.xml", "one"}, {"b/2.xml", "two"}}));
  EXPECT_EQ(attempt->exit_code, 3);
  EXPECT_TRUE(attempt->notes.empty()) << attempt->notes[0];
}

TEST_F(ResultFiles, AreFoundByEveryKindOfGlob) {
  const std::string line =
      "mkdir -p a/target/surefire-reports a/b/c/target/surefire-reports .hidden node_modules/x .git; "
      "for f in a/target/surefire-reports/TEST-1.xml a/b/c/target/surefire-reports/TEST-2.xml "
      "a/target/surefire-reports/other.xml r1.xml r2.xml rx.xml .hidden/r.xml node_modules/x/TEST-3.xml "
      ".git/TEST-4.xml; do echo $f > $f; done";
  const std::vector<std::pair<Paths, Paths>> expected = {
      {{"**/target/surefire-reports/TEST-*.xml"},
       {"a/b/c/target/surefire-reports/TEST-2.xml", "a/target/surefire-reports/TEST-1.xml"}},
      {{"**/TEST-*.xml"},
       {"a/b/c/target/surefire-reports/TEST-2.xml", "a/target/surefire-reports/TEST-1.xml"}},
      {{"./r[0-9].xml"}, {"r1.xml", "r2.xml"}},
      {{"r[!0-9].xml"}, {"rx.xml"}},
      {{"r?.xml", "r1.xml"}, {"r1.xml", "r2.xml", "rx.xml"}},
      {{"*/r.xml"}, {".hidden/r.xml"}},
      {{"node_modules/**"}, {"node_modules/x/TEST-3.xml"}},
      {{"a/../r1.xml"}, {"a/../r1.xml"}},
      {{"**/a/**/TEST-2.xml"}, {"a/b/c/target/surefire-reports/TEST-2.xml"}},
      {{"none/*.xml", "r", "r1.xml/x"}, {}},
  };
  for (const auto& [globs, found] : expected) EXPECT_EQ(paths(*run(line, globs)), found) << globs[0];
  EXPECT_EQ(paths(*run("echo x > abs.xml", {folder_ + "/*.xml"})).at(0), folder_ + "/abs.xml");
}

TEST_F(ResultFiles, ThatWereThereBeforeAreLeftOutUnlessTheCommandWritesThemAnew) {
  write("old/committed.xml", "committed");
  write("old/rewritten.xml", "committed");
  // A clock that a test sets reaches the modification time only.
  const auto attempt = run(
      "echo new > old/rewritten.xml; echo new > old/new.xml; touch -d 2001-01-01 old/new.xml", {"**/*.xml"});
  EXPECT_EQ(paths(*attempt), (Paths{"old/new.xml", "old/rewritten.xml"}));
  ASSERT_EQ(attempt->notes.size(), 1u);
  EXPECT_EQ(attempt->notes[0],
            "results: 1 path left out: there before the command started (old/committed.xml)");
}

TEST_F(ResultFiles, ThatClaimToBeOfTheFutureAreLeftOutAllTheSame) {
  write("committed.xml", "committed");
  std::filesystem::last_write_time(folder_ + "/committed.xml",
                                   std::filesystem::file_time_type::clock::now() + std::chrono::hours(24));
  EXPECT_TRUE(run("true", {"*.xml"})->result_files.empty());
}

TEST_F(ResultFiles, AreRegularOrLeftOut) {
  const auto attempt = run(
      "mkfifo pipe.xml; ln -s /etc/shadow link.xml; ln -s nowhere dead.xml; mkdir folder.xml; echo x > a.xml",
      {"*.xml", "pipe.xml", "folder.xml"});
  EXPECT_EQ(paths(*attempt), Paths{"a.xml"});
  ASSERT_EQ(attempt->notes.size(), 1u);
  EXPECT_TRUE(attempt->notes[0].starts_with("results: 4 paths left out: no regular file ("))
      << attempt->notes[0];
}

TEST_F(ResultFiles, AreNotSoughtThroughLinksButThroughWhatIsSpelledOut) {
  const std::string line = "mkdir -p real; echo x > real/a.xml; ln -s real link; ln -s .. real/up";
  EXPECT_EQ(paths(*run(line, {"**/a.xml"})), Paths{"real/a.xml"});
  std::filesystem::remove_all(folder_ + "/link");
  std::filesystem::remove_all(folder_ + "/real");
  EXPECT_EQ(paths(*run(line, {"link/*.xml"})), Paths{"link/a.xml"});
}

TEST_F(ResultFiles, OfTheKernelAreLeftOut) {
  const auto attempt = run("true", {"/proc/self/status", "/proc/version"});
  EXPECT_TRUE(attempt->result_files.empty());
  EXPECT_FALSE(attempt->notes.empty());
}

TEST_F(ResultFiles, ThatCannotBeReadAreSaid) {
  SupervisorOptions options;
  options.as_nobody = true;
  const auto attempt = run("echo x > a.xml; chmod 0 a.xml", {"*.xml"}, options);
  EXPECT_TRUE(attempt->result_files.empty());
  EXPECT_EQ(attempt->notes, Paths{"results: 1 path left out: not readable (a.xml)"});
}

TEST_F(ResultFiles, ThatAreTooLongAreCut) {
  const auto attempt = run("truncate -s 9000000 big.xml; head -c 8388608 /dev/zero > fits.xml", {"*.xml"});
  ASSERT_EQ(paths(*attempt), (Paths{"big.xml", "fits.xml"}));
  EXPECT_EQ(attempt->result_files[0].second.size(), sandbox::kMaxResultFile);
  EXPECT_EQ(attempt->result_files[1].second.size(), sandbox::kMaxResultFile);
  EXPECT_EQ(attempt->notes, Paths{"results: 1 path cut: more than 8 MiB, or than 64 MiB in sum (big.xml)"});
}

TEST_F(ResultFiles, AreBoundedInSum) {
  const auto attempt = run("for i in 0 1 2 3 4 5 6 7 8 9; do truncate -s 7000000 $i.xml; done", {"*.xml"});
  std::size_t sum = 0;
  for (const auto& [path, content] : attempt->result_files) sum += content.size();
  EXPECT_EQ(sum, sandbox::kMaxResultBytes);
  EXPECT_EQ(attempt->notes.size(), 1u);
}

TEST_F(ResultFiles, AreBoundedInNumber) {
  const auto attempt = run("for i in $(seq 1100); do echo $i > $i.xml; done", {"*.xml"});
  EXPECT_EQ(attempt->result_files.size(), sandbox::kMaxResultFiles);
  ASSERT_EQ(attempt->notes.size(), 1u);
  EXPECT_TRUE(attempt->notes[0].starts_with("results: 100 paths left out: more than 1000 files ("))
      << attempt->notes[0];
}

TEST_F(ResultFiles, OfAFolderTooDeepAreNotFoundAndThatIsSaid) {
  const auto attempt =
      run("p=d; for i in $(seq 40); do p=$p/d; done; mkdir -p $p; echo x > $p/a.xml; echo y > d/a.xml",
          {"**/a.xml"});
  EXPECT_EQ(paths(*attempt), Paths{"d/a.xml"});
  ASSERT_EQ(attempt->notes.size(), 1u);
  EXPECT_TRUE(attempt->notes[0].starts_with("results: not every folder was looked into"))
      << attempt->notes[0];
}

TEST_F(ResultFiles, ComeOnceHoweverOftenTheyMatch) {
  EXPECT_EQ(paths(*run("echo x > a.xml; ln a.xml b.xml", {"a.xml", "*.xml", folder_ + "/a.xml"})),
            Paths{"a.xml"});
}

TEST_F(ResultFiles, OfACommandThatWasKilledOrStoppedCome) {
  EXPECT_EQ(paths(*run("echo half > a.xml; kill -KILL $$", {"*.xml"})), Paths{"a.xml"});
  SupervisorOptions options;
  options.timeout = std::chrono::seconds(2);
  const auto stopped = run("echo half > b.xml; sleep 60", {"b.xml"}, options);
  EXPECT_EQ(paths(*stopped), Paths{"b.xml"});
  EXPECT_EQ(stopped->end["stop"], "timeout");
}

TEST_F(ResultFiles, NamesAreMadeHarmlessInNotes) {
  const auto attempt = run("ln -s x \"$(printf 'a\\n\\033[31m.xml')\"", {"*.xml"});
  EXPECT_EQ(attempt->notes, Paths{"results: 1 path left out: no regular file (a??[31m.xml)"});
}

TEST_F(ResultFiles, NeedAReaderButDoNotWaitForOneThatIsGone) {
  SupervisorOptions options;
  options.more = {"--results", "*.xml"};
  options.folder = folder_;
  Supervised attempt(sh("truncate -s 8000000 a.xml b.xml; exit 4"), options);
  attempt.close_reader();
  attempt.wait_unread();
  EXPECT_EQ(attempt.exit_code, 4);
}

TEST_F(ResultFiles, AreNotAskedForWithoutAGlobOrWithTooMany) {
  SupervisorOptions options;
  for (int i = 0; i < 17; ++i) options.more.insert(options.more.end(), {"--results", "*.xml"});
  Supervised attempt(sh("true"), options);
  attempt.finish();
  EXPECT_EQ(attempt.exit_code, 125);
}

}  // namespace
