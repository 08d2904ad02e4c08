// The command line of `replay`, and what its shell is made of.
#include <gtest/gtest.h>

#include "orchestrator/cli/options.h"
#include "orchestrator/cli/terminal_session.h"

namespace orchestrator {
namespace {

using Words = std::vector<std::string>;

CommandLine parse_replay(const Words& words) {
  std::vector<const char*> argv = {"orchestrator", "replay"};
  for (const auto& word : words) argv.push_back(word.c_str());
  return parse_command_line(static_cast<int>(argv.size()), argv.data(),
                            [](const char*) { return std::optional<std::string>(); });
}

std::string complaint_about(const Words& words) {
  try {
    parse_replay(words);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(ReplayOptions, NameTheReportAndTheAttempt) {
  const CommandLine line = parse_replay({"old.json", "--attempt", "17", "--times", "5", "--json", "new.json",
                                         "--logs", "l", "--keep", "--git-token-env", "TOKEN"});
  EXPECT_EQ(line.mode, CommandLine::Mode::replay);
  EXPECT_EQ(line.saved_report, "old.json");
  EXPECT_EQ(line.attempt, 17);
  EXPECT_EQ(line.times, 5);
  EXPECT_EQ(line.json_file, "new.json");
  EXPECT_EQ(line.logs_dir, "l");
  EXPECT_TRUE(line.keep);
  EXPECT_FALSE(line.shell);
}

TEST(ReplayOptions, HaveTheirDefaults) {
  const CommandLine line = parse_replay({"old.json"});
  EXPECT_FALSE(line.attempt);
  EXPECT_EQ(line.test, "");
  EXPECT_EQ(line.times, 1);
  EXPECT_EQ(parse_replay({"old.json", "--test", "t::a"}).test, "t::a");
  EXPECT_TRUE(parse_replay({"old.json", "--shell"}).shell);
}

TEST(ReplayOptions, AreRefusedInASentenceWhenWrong) {
  for (const char* number : {"x", "-1", "1.5", "99999999999", "1 "})
    EXPECT_NE(complaint_about({"r.json", "--attempt", number}), "") << number;
  EXPECT_EQ(complaint_about({"r.json", "--times", "0"}),
            "--times: must be a whole number between 1 and 1000, not '0'");
  EXPECT_NE(complaint_about({"r.json", "--times", "1001"}), "");
  EXPECT_EQ(complaint_about({"r.json", "--attempt", "1", "--test", "a"}),
            "--test: --test and --attempt exclude each other");
  EXPECT_EQ(complaint_about({"r.json", "--shell", "--times", "3"}),
            "--shell: --shell and --times exclude each other");
  EXPECT_NE(complaint_about({"r.json", "--shell", "--json", "x"}).find("no report"), std::string::npos);
  EXPECT_NE(complaint_about({}).find("orchestrator replay report.json"), std::string::npos);
  EXPECT_EQ(complaint_about({"r.json", "--", "pytest"}), "--: replay takes no test command");
  EXPECT_NE(complaint_about({"r.json", "--runs", "3"}), "") << "the report says all about the job";
  EXPECT_NE(complaint_about({"r.json", "other.json"}), "");
}

// ---- the shell

sandbox::AttemptSpec spec() {
  sandbox::AttemptSpec made;
  made.image = "sha256:1";
  made.name = "attempt 17";
  made.execution.argv = {"pytest"};
  made.execution.env = {{"TEST_SEED", "4711"}, {"TERM", "dumb"}};
  made.execution.secret_env = {{"TOKEN", "s3cr3t"}};
  made.execution.secret_files = {{"probe", "x"}};
  made.execution.workdir = "/work/web";
  made.execution.network = sandbox::Network::internal;
  made.execution.limits.memory_bytes = 77;
  return made;
}

TEST(Shell, StandsInThePlaceOfTheTest) {
  const auto shell = with_shell(spec(), {"", {"pytest", "it's", "-k", "a b"}}, "xterm-256color").execution;
  const auto was = spec().execution;
  EXPECT_EQ(shell.env, (sandbox::EnvList{{"TEST_SEED", "4711"}, {"TERM", "xterm-256color"}}));
  EXPECT_EQ(shell.secret_env, was.secret_env);
  EXPECT_EQ(shell.workdir, was.workdir);
  EXPECT_EQ(shell.network, was.network);
  EXPECT_EQ(shell.privilege, was.privilege);
  EXPECT_EQ(shell.limits.memory_bytes, was.limits.memory_bytes);
  EXPECT_GT(shell.limits.timeout, was.limits.timeout);
  ASSERT_EQ(shell.secret_files.size(), 2u);
  EXPECT_EQ(shell.secret_files[0].content, "x");
  EXPECT_EQ(shell.secret_files[1].content, "unset ENV\nagain() {\npytest 'it'\\''s' -k 'a b'\n}\n");
}

TEST(Shell, RunsALineAsTheAttemptDid) {
  const auto shell = with_shell(spec(), {"cd x && y; }", {}}, "xterm").execution;
  EXPECT_NE(shell.secret_files.at(1).content.find("/bin/sh -c 'cd x && y; }'\n"), std::string::npos)
      << shell.secret_files.at(1).content;
}

TEST(Shell, TakesOnlyAPlainKindOfTerminal) {
  for (const char* kind : {"", "../../etc/passwd", "a b", "x\n", ".hidden"})
    EXPECT_EQ(with_shell(spec(), {"true", {}}, kind).execution.env.back().second, "xterm") << kind;
}

}  // namespace
}  // namespace orchestrator
