// JUnit XML as many write it: what is read of each, of files that break off, and within which bounds. The
// samples are the fuzzer's seeds.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "orchestrator/analysis/failure_signature.h"
#include "orchestrator/analysis/result_format.h"

namespace orchestrator {
namespace {

std::string junit_sample(const std::string& name) {
  std::ifstream file(SOURCE_FOLDER "/tests/fuzz/seeds/junit_reader_fuzz/" + name + ".xml", std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return text.str();
}

struct Reading {
  std::vector<ResultCase> cases;
  std::string problem;

  const ResultCase& of(const std::string& id) const {
    for (const auto& one : cases)
      if (one.id == id) return one;
    ADD_FAILURE() << "no " << id << " in\n" << ids();
    static const ResultCase none;
    return none;
  }
  // "passed Cart::adds\n"
  std::string ids() const {
    std::string text;
    for (const auto& one : cases)
      text += std::string(name(one.outcome)) + (one.again ? " again " : " ") + one.id + "\n";
    return text;
  }
};

Reading read(const std::string& bytes) {
  Reading reading;
  reading.problem =
      read_results("results.xml", bytes, [&](ResultCase one) { reading.cases.push_back(std::move(one)); });
  return reading;
}

Reading read_whole(const std::string& sample_name) {
  Reading reading = read(junit_sample(sample_name));
  EXPECT_EQ(reading.problem, "") << sample_name;
  return reading;
}

TEST(JUnitXml, OfPytest) {
  const Reading all = read_whole("pytest");
  EXPECT_EQ(all.ids(),
            "passed tests.test_cart.TestCart::test_total\n"
            "failed tests.test_cart.TestCart::test_rounds[0.5-EUR]\n"
            "error tests.test_cart::test_needs_database\n"
            "skipped tests.test_cart::test_later\n"
            "error pytest::tests.test_broken\n"
            "passed tests/test_cart.py::test_legacy\n");
  const ResultCase& failed = all.cases[1];
  EXPECT_EQ(failed.facts.exception, "AssertionError");
  EXPECT_EQ(failed.facts.location, "tests/test_cart.py:14");
  EXPECT_EQ(failed.facts.phase, TestPhase::call);
  EXPECT_TRUE(failed.facts.message.starts_with("AssertionError: assert 1 == 2\n"));
  EXPECT_NE(failed.text.find("assert round(amount) == 2"), std::string::npos);
  EXPECT_NE(failed.log.find("rounding 0.5"), std::string::npos);
  EXPECT_DOUBLE_EQ(failed.seconds, 0.002);
  EXPECT_EQ(all.cases[2].facts.phase, TestPhase::setup);
  EXPECT_EQ(all.cases[2].facts.location, "tests/conftest.py:8");
  EXPECT_EQ(all.cases[4].facts.phase, TestPhase::collect);
}

TEST(JUnitXml, OfSurefireTellsWhatItRanAgain) {
  const Reading all = read_whole("surefire");
  EXPECT_EQ(all.ids(),
            "passed com.shop.CartTest::adds\n"
            "failed com.shop.CartTest::total\n"
            "failed again com.shop.CartTest::total\n"
            "failed com.shop.CartTest::reserves\n"
            "error again com.shop.CartTest::reserves\n"
            "passed again com.shop.CartTest::reserves\n"
            "error com.shop.CartTest::pays\n"
            "skipped com.shop.CartTest::ships\n");
  EXPECT_DOUBLE_EQ(all.cases[0].seconds, 1000.25);
  const FailureFacts& facts = all.cases[1].facts;
  EXPECT_EQ(facts.exception, "org.opentest4j.AssertionFailedError");
  EXPECT_EQ(facts.message, "expected: <3> but was: <2>");
  EXPECT_EQ(facts.location, "CartTest.java:42");
  EXPECT_EQ(facts.function, "com.shop.CartTest.total");
  EXPECT_EQ(failure_signature(facts), failure_signature(all.cases[2].facts)) << "one failure, twice";
  EXPECT_EQ(all.cases[3].log, "waiting for the warehouse\n");
  EXPECT_EQ(all.cases[4].facts.location, "Warehouse.java:12");
  EXPECT_EQ(all.cases[6].log, "paying\n");
}

TEST(JUnitXml, OfJestVitestAndMocha) {
  const Reading jest = read_whole("jest-junit");
  EXPECT_EQ(jest.ids(),
            "passed cart::cart adds an item\n"
            "failed cart::cart keeps its order\n"
            "skipped cart::cart pays\n");
  EXPECT_EQ(jest.cases[1].facts.location, "src/cart.test.ts:21");
  EXPECT_EQ(jest.cases[1].facts.exception, "Error");
  const Reading vitest = read_whole("vitest");
  EXPECT_EQ(vitest.ids(),
            "passed src/cart.test.ts::cart > adds an item\n"
            "failed src/cart.test.ts::cart > keeps its order\n");
  EXPECT_EQ(vitest.cases[1].facts.location, "src/cart.test.ts:9");
  const Reading mocha = read_whole("mocha");
  EXPECT_EQ(mocha.ids(),
            "passed test/cart.js::cart adds an item\n"
            "failed test/cart.js::cart keeps its order\n");
  EXPECT_EQ(mocha.cases[1].facts.location, "test/cart.js:12");
}

TEST(JUnitXml, OfGoPhpAndGoogleTest) {
  const Reading go = read_whole("gotestsum");
  EXPECT_EQ(go.ids(),
            "passed example.org/shop/cart::TestAdd\n"
            "failed example.org/shop/cart::TestOrder/two_items\n"
            "skipped example.org/shop/cart::TestPay\n");
  EXPECT_EQ(go.cases[1].facts.location, "cart_test.go:17");
  const Reading php = read_whole("phpunit");
  EXPECT_EQ(php.ids(),
            "passed tests/CartTest.php::Shop.CartTest::testAdd\n"
            "passed tests/CartTest.php::Shop.CartTest::testTotal with data set \"none\"\n"
            "failed tests/CartTest.php::Shop.CartTest::testTotal with data set #1\n");
  EXPECT_EQ(php.cases[2].facts.location, "tests/CartTest.php:24");
  EXPECT_EQ(php.cases[2].facts.exception, "PHPUnit\\Framework\\ExpectationFailedException");
  const Reading google = read_whole("googletest");
  EXPECT_EQ(google.ids(),
            "passed tests/cart_test.cpp::Cart::Adds\n"
            "failed tests/cart_test.cpp::Cart::Orders\n"
            "skipped tests/cart_test.cpp::Cart::DISABLED_Pays\n"
            "skipped tests/cart_test.cpp::Cart::Ships\n");
  EXPECT_EQ(google.cases[1].facts.location, "tests/cart_test.cpp:11");
}

TEST(JUnitXml, ThatBreaksOffIsReadUpToThere) {
  const Reading broken = read(junit_sample("broken_off"));
  EXPECT_EQ(broken.ids(), "passed C::done\n") << "of the last one it is not known how it ended";
  EXPECT_TRUE(broken.problem.starts_with("is not well-formed XML at byte ")) << broken.problem;
  EXPECT_TRUE(broken.problem.ends_with("; 1 test before it was read")) << broken.problem;
}

// Wherever it is cut: no test that failed is read as one that passed.
TEST(JUnitXml, ThatIsCutAnywhereNeverTurnsAFailureIntoAPass) {
  for (const char* name : {"pytest", "surefire", "jest-junit", "googletest"}) {
    const std::string whole = junit_sample(name);
    const std::string all = read(whole).ids();
    for (std::size_t length = 1; length < whole.size(); length += 3) {
      const std::string part = read(whole.substr(0, length)).ids();
      EXPECT_EQ(all.substr(0, part.size()), part) << name << " cut at " << length;
    }
  }
}

TEST(JUnitXml, ThatIsMalformedInTheMiddleIsReadUpToThere) {
  const Reading reading =
      read(R"(<testsuite><testcase name="a"/><testcase name="b"></testsuite><testcase name="c"/>)");
  EXPECT_EQ(reading.ids(), "passed a\n");
  EXPECT_NE(reading.problem, "");
}

TEST(JUnitXml, EntitiesOfItsOwnAreNotExpanded) {
  const Reading reading = read(junit_sample("entities"));
  EXPECT_EQ(reading.ids(), "failed &b;::&b;\n");
  EXPECT_EQ(reading.cases[0].facts.message, "&b; A");
}

TEST(JUnitXml, ComesInOtherEncodings) {
  for (const char* name : {"utf16", "latin1"})
    EXPECT_EQ(read_whole(name).ids(), "passed s::gr\u00fcn\n") << name;
}

TEST(JUnitXml, NestsNoDeeperThanItsBound) {
  const Reading reading = read(junit_sample("nested"));
  EXPECT_EQ(reading.ids(), "");
  EXPECT_EQ(reading.problem, "nests suites deeper than 64; what is below was left out");
  // Far deeper ones of anything else do no harm either.
  std::string deep = "<testsuite>";
  for (int i = 0; i < 300'000; ++i) deep += "<a>";
  EXPECT_TRUE(read(deep).cases.empty());
}

TEST(JUnitXml, IsReadUpToItsMostTags) {
  std::string many = "<testsuite><testcase name='first'/>";
  for (int i = 0; i < 399'996; ++i) many += "<p/>";
  const Reading fits = read(many + "<testcase name='last'/></testsuite>");
  EXPECT_EQ(fits.ids(), "passed first\npassed last\n");
  const Reading cut = read(many + "<p/><p/><testcase name='last'/></testsuite>");
  EXPECT_EQ(cut.ids(), "passed first\n");
  EXPECT_EQ(cut.problem, "has more than 400000 tags or 1000000 attributes; the rest was left out");
}

TEST(JUnitXml, IdsAreMadeOfWhatThereIs) {
  const auto id = [](const std::string& suite, const std::string& test) {
    return read("<testsuite " + suite + "><testcase " + test + "/></testsuite>").ids();
  };
  EXPECT_EQ(id("name='s'", "name='n'"), "passed s::n\n");
  EXPECT_EQ(id("name='s'", "name='n' classname='c'"), "passed c::n\n");
  EXPECT_EQ(id("name='s' file='f.js'", "name='n'"), "passed f.js::n\n");
  EXPECT_EQ(id("name='s'", "classname='c'"), "passed c\n");
  EXPECT_EQ(id("", "file='./t/test_a.py' classname='t.test_a.TestA' name='n'"),
            "passed t/test_a.py::TestA::n\n");
  EXPECT_EQ(id("", "file='t/test_a.py' classname='t.test_ab' name='n'"),
            "passed t/test_a.py::t.test_ab::n\n");
  EXPECT_EQ(id("", "time='1'"), "") << "nothing to call it by";
}

TEST(JUnitXml, TimesThatAreNoneAreZero) {
  for (const char* time : {"nan", "inf", "-1", "", "1e999", "x"})
    EXPECT_EQ(read("<testsuite><testcase name='n' time='" + std::string(time) + "'/></testsuite>")
                  .cases.at(0)
                  .seconds,
              0)
        << time;
}

TEST(JUnitXml, OfOtherThingsIsSaidInASentence) {
  EXPECT_EQ(read("").problem, "is empty");
  EXPECT_EQ(read("<html/>").problem, "holds no results in a format that is known");
  EXPECT_EQ(read("<testsuites/>").problem, "names no test");
  EXPECT_EQ(read("<testsuite name=\"shop.CartTest\" tests=\"0\"/>").problem, "");
}

}  // namespace
}  // namespace orchestrator
