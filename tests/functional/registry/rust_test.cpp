// Rust, with crates of the real registry: what is compiled when, and that tests are told apart without a word
// of the command or of its output changed.
#include <algorithm>
#include <regex>

#include "tests/support/repositories.h"

namespace {

using namespace testing_support;
using nlohmann::json;
using Words = std::vector<std::string>;

RunResult run_rust(const Repository& repository, const Words& command, Words more = {}) {
  Words flags{"--repo", repository.path(), "--runs", "1", "--vary", "none"};
  flags.insert(flags.end(), more.begin(), more.end());
  return repository.remember(run_job(flags, command));
}

// "passed", "failed", … by test, of the one attempt: the letters of the report's grid.
std::string outcome_of(const RunResult& run, const std::string& id) {
  for (const auto& test : run.report.value("tests", json::array()))
    if (test.at("id") == id) return test.at("outcomes");
  return "none";
}

std::string stderr_of(const RunResult& run) { return run.report.at("results").at(0).at("stderr"); }

std::string without_times(const std::string& text) {
  return std::regex_replace(text, std::regex("[0-9.]+s\\b"), "0s");
}

// A package without dependencies, with tests in one file.
class Package {
 public:
  explicit Package(const std::string& tests) {
    repository_.write("Cargo.toml", "[package]\nname = \"small\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    repository_.write("src/lib.rs", "");
    repository_.write("tests/all.rs", tests);
  }
  RunResult run(const Words& command, Words more = {}) const {
    return run_rust(repository_, command, std::move(more));
  }
  const Repository& repository() const { return repository_; }

 private:
  Repository repository_;
};

constexpr const char* kFourTests = R"rs(
#[test]
fn adds() { println!("a word"); }
#[test]
fn breaks() { print!("no line"); assert_eq!(1, 2, "not equal"); }
#[test]
#[ignore]
fn waits() {}
#[test]
fn zips() -> Result<(), String> { Err("torn".into()) }
)rs";

TEST(Rust, KeepsCompiledCratesByTheirManifestsAlone) {
  const Repository repository;
  repository.copy_sample("rust_depot");
  // Of a package with such a program cargo compares the times of all files, to the nanosecond.
  repository.write("shelf/build.rs", "fn main() { println!(\"cargo:rustc-env=SHELF=1\"); }\n");
  const auto first = run_rust(repository, {"cargo", "test", "--workspace", "weighs"});
  ASSERT_EQ(first.exit_code, 0) << told(first);
  EXPECT_EQ(first.report.at("framework"), "rust");
  const std::string packages = first.report.at("environment").at("packages").dump();
  EXPECT_NE(packages.find("itoa==1.0.15"), std::string::npos) << packages;
  EXPECT_NE(packages.find("libtest==told apart"), std::string::npos) << packages;
  repository.write("src/more.rs", "pub const MORE: u32 = 1;\n");
  repository.write("tests/more.rs", "#[test]\nfn is_there() {}\n");
  const auto second = run_rust(repository, {"cargo", "test", "--workspace", "-v"});
  EXPECT_EQ(built_layers(second), (Words{"sources", "seal"})) << told(second);
  EXPECT_EQ(outcome_of(second, "src/lib.rs::tests::weighs"), ".") << told(second);
  // Compiled when the image was built: the times of all files say so in every attempt.
  EXPECT_NE(stderr_of(second).find("Fresh itoa"), std::string::npos) << stderr_of(second);
  EXPECT_NE(stderr_of(second).find("Fresh depot"), std::string::npos) << stderr_of(second);
  EXPECT_NE(stderr_of(second).find("Fresh shelf"), std::string::npos) << stderr_of(second);
  EXPECT_EQ(stderr_of(second).find("Compiling"), std::string::npos) << stderr_of(second);
}

// What stood in for a source when crates were installed is never what is tested.
TEST(Rust, TestsTheSourcesThatAreThere) {
  const Package package("#[test]\nfn is_one() { assert_eq!(small::number(), 1); }\n");
  package.repository().write("src/lib.rs", "pub fn number() -> u32 { 1 }\n");
  const auto one = package.run({"cargo", "test", "--test", "all"});
  EXPECT_EQ(one.exit_code, 0) << told(one);
  package.repository().write("src/lib.rs", "pub fn number() -> u32 { 2 }\n");
  const auto two = package.run({"cargo", "test", "--test", "all"});
  EXPECT_EQ(outcome_of(two, "tests/all.rs::is_one"), "F") << told(two);
}

// home 0.5.12 is for a newer Rust than Debian has; the project's own rust-version is for an older one.
TEST(Rust, TakesVersionsThatAreForTheRustThatIsThere) {
  const Package package("#[test]\nfn is_there() { assert!(home::home_dir().is_some()); }\n");
  package.repository().write(
      "Cargo.toml",
      "[package]\nname = \"small\"\nversion = \"0.1.0\"\nedition = \"2021\"\nrust-version = \"1.56\"\n"
      "[dependencies]\nhome = \"0.5.9\"\n");
  const auto run = package.run({"cargo", "test", "--test", "all"});
  EXPECT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(outcome_of(run, "tests/all.rs::is_there"), ".") << told(run);
  const std::string packages = run.report.at("environment").at("packages").dump();
  EXPECT_NE(packages.find("home==0.5.11"), std::string::npos) << packages;
}

TEST(Rust, PrintsWhatItPrintsWithoutUs) {
  const Package package(kFourTests);
  const auto run = package.run({"cargo", "test", "--test", "all"});
  EXPECT_EQ(
      without_times(stdout_of(run)),
      "\nrunning 4 tests\ntest adds ... ok\ntest breaks ... FAILED\ntest waits ... ignored\n"
      "test zips ... FAILED\n\nfailures:\n\n---- breaks stdout ----\nno line\n"
      "thread 'breaks' panicked at tests/all.rs:5:34:\nassertion `left == right` failed: not equal\n"
      "  left: 1\n right: 2\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n"
      "\n---- zips stdout ----\nError: \"torn\"\n\n\nfailures:\n    breaks\n    zips\n\n"
      "test result: FAILED. 1 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0s\n\n")
      << told(run);
  EXPECT_EQ(outcome_of(run, "tests/all.rs::adds"), ".");
  EXPECT_EQ(outcome_of(run, "tests/all.rs::breaks"), "F");
  EXPECT_EQ(outcome_of(run, "tests/all.rs::zips"), "F");
}

// Neither dots nor what tests print between the lines hide a test.
TEST(Rust, TellsTestsApartHoweverTheyAreShown) {
  const Package package(kFourTests);
  for (const Words& command : {Words{"cargo", "test", "-q", "--test", "all"},
                               Words{"cargo", "test", "--test", "all", "--", "--nocapture"},
                               Words{"cargo", "test", "--test", "all", "--", "--test-threads=4"}}) {
    const auto run = package.run(command);
    EXPECT_EQ(outcome_of(run, "tests/all.rs::adds"), ".") << told(run);
    EXPECT_EQ(outcome_of(run, "tests/all.rs::breaks"), "F") << told(run);
    EXPECT_EQ(outcome_of(run, "tests/all.rs::zips"), "F") << told(run);
  }
}

TEST(Rust, NamesTheTestThatCrashedOrElseItsProgram) {
  const Package package(
      "#[test]\nfn early() {}\n#[test]\nfn falls() { std::process::abort(); }\n"
      "#[test]\nfn sleeps() { std::thread::sleep(std::time::Duration::from_secs(9)); }\n");
  const auto alone = package.run({"cargo", "test", "--test", "all", "--", "--test-threads=1"});
  EXPECT_EQ(outcome_of(alone, "tests/all.rs::early"), ".") << told(alone);
  EXPECT_EQ(outcome_of(alone, "tests/all.rs::falls"), "C") << told(alone);
  // Its command line is its own.
  EXPECT_NE(
      std::regex_search(stderr_of(alone), std::regex("successfully: `/work/target/debug/deps/all-[0-9a-f]+ "
                                                     "--test-threads=1` \\(signal: 6")),
      false)
      << stderr_of(alone);
  const auto together = package.run({"cargo", "test", "--test", "all", "--", "--test-threads=3"});
  EXPECT_EQ(outcome_of(together, "tests/all.rs"), "E") << told(together);
}

TEST(Rust, ShufflesWithoutSayingSo) {
  const Package package(kFourTests);
  const auto run = run_rust(package.repository(), {"cargo", "test", "--test", "all"},
                            {"--order", "shuffled", "--seed", "5"});
  EXPECT_EQ(stdout_of(run).find("seed"), std::string::npos) << stdout_of(run);
  EXPECT_NE(stdout_of(run).find("\nrunning 4 tests\n"), std::string::npos) << stdout_of(run);
}

TEST(Rust, LeavesOutWhatIsIgnored) {
  const Package package(kFourTests);
  package.repository().write(".flaky-detector.yml", "ignore_patterns: ['*breaks', 'zips']\n");
  const auto run = package.run({"cargo", "test", "--test", "all"});
  EXPECT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(outcome_of(run, "tests/all.rs::adds"), ".");
  EXPECT_EQ(outcome_of(run, "tests/all.rs::breaks"), "none");
}

// Nothing of ours is in what a test sees or starts.
TEST(Rust, LeavesTheTestsEnvironmentAsItIs) {
  const Package package(R"rs(
#[test]
fn is_clean() {
    for name in ["LD_PRELOAD", "RUSTC_BOOTSTRAP", "ORCHESTRATOR_PROBE", "ORCHESTRATOR_COPY", "ORCHESTRATOR_RESULT_PATH"] {
        assert!(std::env::var_os(name).is_none(), "{}", name);
    }
    let started = std::process::Command::new("env").output().unwrap();
    let said = String::from_utf8_lossy(&started.stdout).into_owned();
    assert!(!said.contains("ORCHESTRATOR_") && !said.contains("LD_PRELOAD"), "{}", said);
    assert_eq!(std::env::args().count(), 1);
}
)rs");
  const auto run = package.run({"cargo", "test", "--test", "all"});
  EXPECT_EQ(run.exit_code, 0) << told(run);
}

}  // namespace
