#include <gtest/gtest.h>

#include <algorithm>

#include "images/toolchains/maven_command.h"
#include "images/toolchains/maven_scripts.h"
#include "images/toolchains/toolchain.h"
#include "tests/unit/images/sources.h"

namespace {

using images_test::source_of;
using Words = std::vector<std::string>;

const images::Toolchain& maven() { return *images::find_toolchain("java-maven"); }

// What is rehearsed for this command: "folder: program words".
std::string rehearsed(const Words& words, bool has_wrapper = false) {
  const auto command = images::maven_command(words, has_wrapper);
  std::string text = command.folder + ": " + command.program;
  for (const auto& word : command.words) text += " " + word;
  return text;
}

TEST(MavenCommand, IsRehearsedWithItsGoalsAndWhatDecidesAboutDownloads) {
  EXPECT_EQ(rehearsed({"mvn", "-Pci", "-pl", "core", "-am", "verify"}), ".: mvn -Pci -pl core -am verify");
  EXPECT_EQ(rehearsed({"/opt/m/bin/mvn", "test"}), ".: /opt/m/bin/mvn test");
  EXPECT_EQ(rehearsed({"MAVEN_OPTS=-Xmx1g", "mvn", "clean", "test"}), ".: mvn clean test");
}

TEST(MavenCommand, IsRehearsedWithoutWhatDecidesAboutTestsAndOutput) {
  EXPECT_EQ(rehearsed({"mvn", "-B", "-q", "-o", "-T", "4", "-Dtest='Cart*#total'", "-l", "log", "test"}),
            ".: mvn test");
  EXPECT_EQ(rehearsed({"mvn", "-T2C", "--threads=2", "-Dit.test=A", "verify"}), ".: mvn verify");
}

TEST(MavenCommand, PublishesNothing) { EXPECT_EQ(rehearsed({"mvn", "deploy"}), ".: mvn install"); }

TEST(MavenCommand, EndsWhereTheNextOfTheLineBegins) {
  EXPECT_EQ(rehearsed({"mvn", "test", "&&", "echo", "done"}), ".: mvn test");
  EXPECT_EQ(rehearsed({"mvn", "test;", "echo"}), ".: mvn test");
  EXPECT_EQ(rehearsed({"mvn", "test", "2>&1", "|", "tee", "log"}), ".: mvn test");
}

TEST(MavenCommand, StartsInTheFolderOfTheLine) {
  EXPECT_EQ(rehearsed({"cd", "app", "&&", "mvn", "test"}), "app: mvn test");
  EXPECT_EQ(rehearsed({"cd", "$(id)", "&&", "mvn", "test"}), ".: mvn test");
}

TEST(MavenCommand, IsTheGoalTestWhereItIsNotClear) {
  for (const Words& words : {Words{}, Words{"make", "check"}, Words{"mvn"}, Words{"mvn", "--version"},
                             Words{"mvn", "$GOALS"}, Words{"mvn", "\"verify\""}})
    EXPECT_EQ(rehearsed(words), ".: mvn test");
}

TEST(MavenCommand, RunsTheWrapperThatItNamesOrThatIsThere) {
  EXPECT_EQ(rehearsed({"./mvnw", "verify"}), ".: sh ./mvnw verify");
  EXPECT_EQ(rehearsed({"../mvnw", "test"}), ".: sh ../mvnw test");
  EXPECT_EQ(rehearsed({"./check.sh"}, true), ".: sh ./mvnw test");
  EXPECT_EQ(rehearsed({"mvn", "test"}, true), ".: mvn test");
}

TEST(MavenPlan, CachesByAllModulesAndMavensOwnFiles) {
  const auto plan = maven().plan(source_of({{"pom.xml", ""},
                                            {"core/pom.xml", ""},
                                            {"parent/parent-pom.xml", ""},
                                            {".mvn/extensions.xml", ""},
                                            {"mvnw", ""},
                                            {"package.json", "{}"}}),
                                 {.test_words = {"mvn", "test"}});
  EXPECT_EQ(plan.dependency_files,
            (Words{".mvn/extensions.xml", "core/pom.xml", "mvnw", "parent/parent-pom.xml", "pom.xml"}));
  EXPECT_EQ(plan.needs_sources, "");
}

// The command decides about the layers, but not by what it prints or which tests it runs.
TEST(MavenPlan, RehearsesTheSameForAnotherChoiceOfTests) {
  const auto source = source_of({{"pom.xml", ""}});
  const auto argv = [&](const Words& words) {
    return maven().plan(source, {.test_words = words}).dependency_steps.at(0).execution.argv;
  };
  EXPECT_EQ(argv({"mvn", "test"}), argv({"mvn", "-q", "-Dtest=CartTest", "test"}));
  EXPECT_NE(argv({"mvn", "test"}), argv({"mvn", "verify"}));
}

TEST(MavenPlan, HasNetworkWithTheSourcesOnlyForWhatIsMissing) {
  const auto plan = maven().plan(source_of({{"pom.xml", ""}}), {});
  ASSERT_EQ(plan.source_steps.size(), 2u);
  EXPECT_EQ(plan.source_steps[0].execution.network, sandbox::Network::none);
  EXPECT_EQ(plan.source_steps[1].execution.network, sandbox::Network::bridge);
}

TEST(MavenPlan, DoesNothingBeforehandWhenNothingIsToBeInstalled) {
  const auto plan = maven().plan(source_of({{"pom.xml", ""}}), {.install_dependencies = false});
  EXPECT_TRUE(plan.tool_steps.empty() && plan.dependency_steps.empty() && plan.source_steps.empty());
}

std::string variable(const images::ProbeUse& use, const std::string& name) {
  for (const auto& [key, value] : use.env)
    if (key == name) return value;
  return "absent";
}

TEST(MavenProbe, ReadsTheReportsThatAreWrittenAnyway) {
  EXPECT_EQ(maven().use_probe({}, {}).results,
            (Words{"**/surefire-reports/TEST-*.xml", "**/failsafe-reports/TEST-*.xml"}));
}

TEST(MavenProbe, AsksForAnOrderBehindWhatThePersonSaid) {
  const auto written = variable(maven().use_probe({.seed = 7}, {}), "MAVEN_ARGS");
  EXPECT_EQ(written.find("-Djunit.jupiter.execution.order.random.seed="), 0u);
  EXPECT_EQ(written.find(' '), std::string::npos);
  const auto shuffled =
      variable(maven().use_probe({.order = "shuffled", .seed = 7}, {{"MAVEN_ARGS", "-T2"}}), "MAVEN_ARGS");
  EXPECT_EQ(shuffled.find("-T2 " + written), 0u);
  EXPECT_NE(shuffled.find("MethodOrderer$Random"), std::string::npos);
  const auto reversed = variable(maven().use_probe({.order = "reversed"}, {}), "MAVEN_ARGS");
  EXPECT_NE(reversed.find("-Dsurefire.runOrder=reversealphabetical"), std::string::npos);
}

TEST(MavenProbe, TellsAnOlderWrapperByItsOwnVariable) {
  const auto use = maven().use_probe({.seed = 7}, {}, {"./mvnw", "test"});
  EXPECT_EQ(variable(use, "MAVEN_CONFIG"), variable(use, "MAVEN_ARGS"));
  EXPECT_EQ(variable(maven().use_probe({.seed = 7}, {}, {"mvn", "test"}), "MAVEN_CONFIG"), "absent");
}

// Half of them begin with the other of two tests: java.util.Random would not, of seeds that are close.
TEST(MavenProbe, ScattersSeeds) {
  int above = 0;
  for (int seed = 1; seed <= 1000; ++seed) {
    const auto said = variable(maven().use_probe({.seed = seed}, {}), "MAVEN_ARGS");
    const auto value = static_cast<std::uint64_t>(std::stoll(said.substr(said.find('=') + 1)));
    constexpr std::uint64_t kMask = (1ULL << 48) - 1, kMultiplier = 0x5deece66d;
    const std::uint64_t state = (((value ^ kMultiplier) & kMask) * kMultiplier + 11) & kMask;
    above += static_cast<int>(state >> 47);
  }
  EXPECT_GT(above, 430);
  EXPECT_LT(above, 570);
}

TEST(MavenToolchain, ShufflesWhereJupiterIsThereAndMavenReadsArguments) {
  const std::string reads = images::kMavenReadsArguments;
  const auto abilities = [&](const Words& packages) { return maven().abilities(packages); };
  EXPECT_TRUE(abilities({reads, "org.junit.jupiter:junit-jupiter-api==5.11.4"}).shuffle);
  EXPECT_TRUE(abilities({reads, "org.junit.jupiter:junit-jupiter-api==6.0.0"}).shuffle);
  EXPECT_FALSE(abilities({reads, "org.junit.jupiter:junit-jupiter-api==5.7.2"}).shuffle);
  EXPECT_FALSE(abilities({"org.junit.jupiter:junit-jupiter-api==5.11.4"}).any());
  EXPECT_FALSE(abilities({reads, "junit:junit==4.13.2"}).shuffle);
  EXPECT_TRUE(abilities({reads, "junit:junit==4.13.2"}).reverse);
}

TEST(MavenToolchain, IsRecognisedByItsPomAndChosenByItsPrograms) {
  const auto name_of = [](const std::map<std::string, std::string>& files, const Words& words = {}) {
    return images::detect_toolchain(source_of(files), "", words).toolchain->name();
  };
  EXPECT_EQ(name_of({{"pom.xml", ""}}), "java-maven");
  EXPECT_EQ(name_of({{"pom.xml", ""}, {"package.json", "{}"}}), "java-maven");
  EXPECT_EQ(name_of({{"pom.xml", ""}, {"setup.py", ""}}), "python");
  EXPECT_EQ(name_of({{"pom.xml", ""}, {"setup.py", ""}}, {"./mvnw", "test"}), "java-maven");
  EXPECT_EQ(name_of({{"app/pom.xml", ""}}), "unknown");
}

}  // namespace
