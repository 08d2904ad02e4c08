// Java by Maven, from the real registry: what is downloaded by the manifests alone, that attempts run the
// command as it is and offline, and how the tests of each framework are told apart.
#include <algorithm>
#include <filesystem>
#include <map>

#include "tests/support/repositories.h"

namespace {

using namespace testing_support;
using nlohmann::json;
using Words = std::vector<std::string>;

RunResult run_java(const Repository& repository, const Words& command, Words more = {"--runs", "1"}) {
  Words flags{"--repo", repository.path()};
  flags.insert(flags.end(), more.begin(), more.end());
  return repository.remember(run_job(flags, command));
}

// Test → its outcomes, one character each.
std::map<std::string, std::string> outcomes_of(const RunResult& run) {
  std::map<std::string, std::string> outcomes;
  for (const auto& test : run.report.value("tests", json::array()))
    outcomes[test.at("id")] = test.at("outcomes");
  return outcomes;
}
using Outcomes = std::map<std::string, std::string>;

std::string dumped(const json& list) { return list.dump(); }

// A pom.xml with these elements inside.
std::string pom(const std::string& artifact, const std::string& inside) {
  return "<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n<modelVersion>4.0.0</modelVersion>\n"
         "<groupId>com.example</groupId><artifactId>" +
         artifact +
         "</artifactId><version>1.0</version>\n<properties><maven.compiler.release>17</"
         "maven.compiler.release>"
         "<project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>\n" +
         inside + "\n</project>\n";
}

std::string dependency(const std::string& group, const std::string& artifact, const std::string& version,
                       const std::string& scope = "test") {
  return "<dependency><groupId>" + group + "</groupId><artifactId>" + artifact + "</artifactId><version>" +
         version + "</version><scope>" + scope + "</scope></dependency>";
}

std::string dependencies(const std::string& inside) { return "<dependencies>" + inside + "</dependencies>"; }

std::string plugin(const std::string& artifact, const std::string& version, const std::string& inside) {
  return "<plugin><artifactId>" + artifact + "</artifactId><version>" + version + "</version>" + inside +
         "</plugin>";
}

void write_in_folder(const Repository& repository, const std::string& path, const std::string& content) {
  std::filesystem::create_directories(std::filesystem::path(repository.path() + "/" + path).parent_path());
  repository.write(path, content);
}

const std::string kJUnit4 = dependency("junit", "junit", "4.13.2");
const std::string kTestNg = dependency("org.testng", "testng", "7.10.2");
const std::string kSurefire = plugin("maven-surefire-plugin", "3.5.2", "");

TEST(Java, TellsTestsOfJUnit4ApartAndWhatSurefireRepeats) {
  const Repository repository;
  repository.write("pom.xml",
                   pom("four", dependencies(kJUnit4) + "<build><plugins>" +
                                   plugin("maven-surefire-plugin", "3.5.2",
                                          "<configuration><rerunFailingTestsCount>1</rerunFailingTestsCount>"
                                          "</configuration>") +
                                   "</plugins></build>"));
  write_in_folder(repository, "src/test/java/FourTest.java", R"java(
import org.junit.*;

public class FourTest {
  static int tries;
  @Test public void passes() {}
  @Test public void fails() { Assert.fail("always"); }
  @Test public void passesTheSecondTime() { Assert.assertTrue(tries++ > 0); }
  @Ignore @Test public void waits() {}
}
)java");
  const auto run = run_java(repository, {"mvn", "test"}, {"--runs", "2"});
  EXPECT_EQ(run.exit_code, 3) << told(run);
  const auto outcomes = outcomes_of(run);
  ASSERT_EQ(outcomes.size(), 4u) << told(run);
  EXPECT_EQ(outcomes.at("FourTest::passes"), "..");
  EXPECT_EQ(outcomes.at("FourTest::fails"), "FF");
  EXPECT_EQ(outcomes.at("FourTest::waits"), "ss");
  for (const auto& test : run.report.at("tests")) {
    if (test.at("id") == "FourTest::passesTheSecondTime") {
      EXPECT_EQ(test.at("verdict"), "flaky") << test;
    }
  }
}

TEST(Java, TellsTestsOfTestNgApart) {
  const Repository repository;
  repository.write("pom.xml",
                   pom("ng", dependencies(kTestNg) + "<build><plugins>" + kSurefire + "</plugins></build>"));
  write_in_folder(repository, "src/test/java/NgTest.java", R"java(
import org.testng.*;
import org.testng.annotations.*;

public class NgTest {
  @DataProvider Object[][] numbers() { return new Object[][] {{1}, {2}}; }
  @Test(dataProvider = "numbers") public void isSmall(int number) { Assert.assertTrue(number < 2); }
  @Test public void fails() { Assert.fail("always"); }
  @Test(dependsOnMethods = "fails") public void waits() {}
}
)java");
  const auto run = run_java(repository, {"mvn", "test"});
  EXPECT_EQ(run.exit_code, 3) << told(run);
  EXPECT_EQ(outcomes_of(run), (Outcomes{{"NgTest::isSmall[1](1)", "."},
                                        {"NgTest::isSmall[2](2)", "F"},
                                        {"NgTest::fails", "F"},
                                        {"NgTest::waits", "s"}}))
      << told(run);
}

// Modules that need each other; integration tests; and a check that stops at once where there are no sources,
// so that the manifests alone do not tell all that has to be downloaded.
class Modules : public testing::Test {
 protected:
  Modules() {
    repository_.write("pom.xml", pom("all",
                                     "<packaging>pom</packaging><modules><module>core</module>"
                                     "<module>app</module></modules>"));
    const std::string parent =
        "<parent><groupId>com.example</groupId><artifactId>all</artifactId><version>1.0</version></parent>";
    write_in_folder(
        repository_, "core/pom.xml",
        pom("core", parent + dependencies(kJUnit4) + "<build><plugins>" + kSurefire + "</plugins></build>"));
    write_in_folder(
        repository_, "app/pom.xml",
        pom("app",
            parent + dependencies(dependency("com.example", "core", "1.0", "compile") + kTestNg) +
                "<build><plugins>" + kSurefire +
                plugin("maven-failsafe-plugin", "3.5.2",
                       "<executions><execution><goals><goal>integration-test</goal><goal>verify</goal>"
                       "</goals></execution></executions>") +
                plugin("maven-antrun-plugin", "3.1.0",
                       "<executions><execution><phase>validate</phase><goals><goal>run</goal></goals>"
                       "<configuration><target><fail message=\"no sources\"><condition><not><available "
                       "file=\"${basedir}/src\"/></not></condition></fail></target></configuration>"
                       "</execution></executions>") +
                "</plugins></build>"));
    write_in_folder(repository_, "core/src/main/java/core/Core.java",
                    "package core;\npublic class Core { public static int two() { return 2; } }\n");
    write_in_folder(repository_, "core/src/test/java/core/CoreTest.java",
                    "package core;\npublic class CoreTest {\n  @org.junit.Test public void counts() { "
                    "org.junit.Assert.assertEquals(2, Core.two()); }\n}\n");
    for (const char* name : {"AppTest", "AppIT"})
      write_in_folder(repository_, std::string("app/src/test/java/app/") + name + ".java",
                      std::string("package app;\npublic class ") + name +
                          " {\n  @org.testng.annotations.Test public void counts() { "
                          "org.testng.Assert.assertEquals(core.Core.two(), 2); }\n}\n");
  }
  Repository repository_;
};

TEST_F(Modules, AreTestedOfflineWithAllThatTheyNeed) {
  const auto first = run_java(repository_, {"mvn", "verify"});
  ASSERT_EQ(first.exit_code, 0) << told(first);
  EXPECT_EQ(first.report.at("framework"), "java-maven");
  EXPECT_EQ(
      outcomes_of(first),
      (Outcomes{{"core.CoreTest::counts", "."}, {"app.AppTest::counts", "."}, {"app.AppIT::counts", "."}}))
      << told(first);
  EXPECT_NE(stdout_of(first).find("Nothing to compile"), std::string::npos) << stdout_of(first);
  EXPECT_EQ(stdout_of(first).find("Placeholder"), std::string::npos) << stdout_of(first);
  const auto& packages = first.report.at("environment").at("packages");
  EXPECT_NE(dumped(packages).find("junit:junit==4.13.2"), std::string::npos) << packages;
  // Other sources, the same manifests, another choice of tests.
  repository_.write("README.md", "more\n");
  const auto second = run_java(
      repository_, {"mvn", "-q", "-Dtest=CoreTest", "-Dsurefire.failIfNoSpecifiedTests=false", "verify"});
  ASSERT_EQ(second.exit_code, 0) << told(second);
  EXPECT_TRUE(outcomes_of(second).contains("core.CoreTest::counts")) << told(second);
}

TEST_F(Modules, KeepWhatWasDownloadedByTheirManifestsAlone) {
  ASSERT_EQ(run_java(repository_, {"mvn", "test"}).exit_code, 0);
  repository_.write("README.md", "more\n");
  const auto second = run_java(repository_, {"mvn", "-q", "-Dtest=AppTest,CoreTest", "test"});
  ASSERT_EQ(second.exit_code, 0) << told(second);
  EXPECT_EQ(built_layers(second), (Words{"sources", "seal"})) << told(second);
}

// -fn lets every build of ours succeed: what is nowhere to be had must still not become an image.
TEST(Java, IsNoImageWithoutWhatIsNowhereToBeHad) {
  const Repository repository;
  write_in_folder(repository, "src/test/java/OneTest.java",
                  "public class OneTest { @org.junit.Test public void one() {} }\n");
  const auto with = [&](const std::string& more) {
    repository.write("pom.xml", more);
    return run_java(repository, {"mvn", "-q", "test"});
  };
  const auto missing =
      with(pom("lacks", dependencies(kJUnit4 + dependency("com.example.nowhere", "lost", "9.9"))));
  EXPECT_EQ(missing.exit_code, 4) << told(missing);
  EXPECT_NE(missing.err.find("Maven does not find all that it needs"), std::string::npos) << missing.err;
  EXPECT_NE(missing.err.find("com.example.nowhere:lost"), std::string::npos) << missing.err;
  const auto unreadable = with("<project");
  EXPECT_EQ(unreadable.exit_code, 4) << told(unreadable);
  EXPECT_NE(unreadable.err.find("Maven cannot read the project"), std::string::npos) << unreadable.err;
}

// What attempts in another order print is what they print as written, but for that order.
TEST(Java, PrintsNoWordOfOursInAnyOrder) {
  const Repository repository;
  repository.copy_sample("java_depot");
  const auto lines = [&](const char* order) {
    const auto run = run_java(repository,
                              {"sh", "-c",
                               "mvn -B test | sed 's/[0-9.]* s\\b//; /Finished at/d; "
                               "/^.INFO. Total time/d' | sort"},
                              {"--runs", "1", "--order", order, "--seed", "2"});
    return std::make_pair(stdout_of(run), run.report.at("results").at(0).at("stderr").get<std::string>());
  };
  const auto written = lines("written"), reversed = lines("reversed");
  EXPECT_NE(written.first.find("T E S T S"), std::string::npos) << written.first;
  EXPECT_EQ(written.first, reversed.first);
  EXPECT_EQ(written.second, "");
  EXPECT_EQ(reversed.second, "");
  EXPECT_EQ(lines("shuffled").first.find("andom"), std::string::npos);
}

// Nothing of this host's settings is in the image.
TEST(Java, LeavesNoTruststoreInTheImage) {
  const Repository repository;
  repository.copy_sample("java_depot");
  const auto run =
      run_java(repository, {"sh", "-c",
                            "find / -xdev \\( -name '*.jks' -o -name 'maven-settings*.xml' \\) "
                            "2>/dev/null; env | grep JAVA_TOOL_OPTIONS; cat ~/.m2/settings.xml"});
  EXPECT_EQ(stdout_of(run), "<settings><offline>true</offline></settings>\n") << told(run);
}

}  // namespace
