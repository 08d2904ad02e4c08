// Reports of tests that were told apart, and the golden ones, read by what others have made for such files:
// Jenkins' and Surefire's own schemas, junitparser, GitHub's Markdown renderer and the validator of CTRF.
#include "tests/support/repositories.h"

namespace {

using namespace testing_support;
using nlohmann::json;

// What tests/support/strangers has put there.
class Strangers {
 public:
  static const Strangers& get() {
    static const Strangers all;
    return all;
  }
  std::string folder() const { return folder_; }
  // To read_by_strangers.py.
  std::vector<std::string> words(std::vector<std::string> more) const {
    std::vector<std::string> all{folder_ + "/venv/bin/python",
                                 source_path("tests/support/read_by_strangers.py")};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  std::vector<std::string> junit_words(const std::string& file) const {
    return words({"junit", file, jenkins_schema(), surefire_schema()});
  }
  std::string jenkins_schema() const { return folder_ + "/schemas/jenkins.xsd"; }
  std::string surefire_schema() const { return folder_ + "/schemas/surefire.xsd"; }

 private:
  Strangers() {
    const Finished run = run_command({source_path("tests/support/strangers"), folder_});
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  }
  const std::string folder_ = std::string(TOOLS_FOLDER) + "/strangers";
};

std::string read_by(std::vector<std::string> words) {
  const auto run = run_command(std::move(words));
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  return run.out;
}

TEST(FormsOfAReport, AreReadByStrangers) {
  const Repository repository;
  repository.copy_sample("known_truth");
  repository.write(
      "test_names.py",
      "import os, pytest\n"
      "@pytest.mark.parametrize('name', ['a|b', '`x` @octocat #12', '</details><b>', ']]>&\"', "
      "'https://evil.example.com www.evil.example.com', '![i](x) [l](y)', '\\x1b[31m%0A::error::x'])\n"
      "def test_name(name):\n"
      "    assert int(os.environ['TEST_SEED']) % 2, name + '\\n```\\n@octocat #12 </details>'\n");
  const TemporaryFolder folder;
  const auto run = repository.remember(
      run_job({"--repo", repository.path(), "--runs", "12", "--seed", "1", "--timeout", "60", "--memory",
               "256m", "--junit", folder / "junit.xml", "--ctrf", folder / "ctrf.json", "--markdown",
               folder / "report.md", "--step-summary", folder / "summary.md"},
              {"pytest", "--deselect", "test_truth.py::test_hangs"}));
  ASSERT_EQ(run.exit_code, 3) << told(run);
  const Strangers& strangers = Strangers::get();
  const std::string cases = read_by(strangers.junit_words(folder / "junit.xml"));
  EXPECT_NE(cases.find("test_broken\ttest_broken\tFailure"), std::string::npos) << cases;
  EXPECT_NE(cases.find("test_truth\ttest_flaky\t"), std::string::npos) << cases;
  EXPECT_NE(cases.find("test_truth\ttest_fine\tpassed"), std::string::npos) << cases;
  read_by(strangers.words({"markdown", folder / "report.md"}));
  read_by(strangers.words({"markdown", folder / "summary.md"}));
  const std::string tests =
      read_by({"node", source_path("tests/support/read_ctrf.mjs"), strangers.folder(), folder / "ctrf.json"});
  EXPECT_EQ(std::stoul(tests), run.report.at("tests").size());
}

TEST(GoldenReports, AreValidByBothSchemas) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(source_path("tests/unit/report/golden")))
    if (const std::string file = entry.path(); file.ends_with(".junit.xml")) {
      ++files;
      EXPECT_NE(read_by(Strangers::get().junit_words(file)), "") << file << " names no test";
    }
  EXPECT_GE(files, 3);
}

TEST(Schemas, RefuseWhatBreaksThem) {
  const TemporaryFolder folder;
  const Strangers& strangers = Strangers::get();
  // Without the number of skipped tests, and with a result that neither knows.
  write_file(folder / "broken.xml",
             "<testsuite name='a' tests='1' errors='0' failures='0'>"
             "<testcase name='b' time='0.001'><unheard/></testcase></testsuite>");
  for (const auto& schema : {strangers.jenkins_schema(), strangers.surefire_schema()}) {
    const Finished run = run_command(strangers.words({"junit", folder / "broken.xml", schema}));
    EXPECT_NE(run.exit_code, 0) << schema;
    EXPECT_NE(run.err.find("XMLSchema"), std::string::npos) << schema << run.err;
  }
}

}  // namespace
