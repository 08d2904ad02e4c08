#include "orchestrator/run/test_ledger.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "orchestrator/run/secret_mask.h"
#include "tests/support/temporary_folder.h"

namespace orchestrator {
namespace {

class Ledger : public ::testing::Test {
 protected:
  Ledger() { spool_ = std::make_unique<Spool>(folder_, ""); }

  // One attempt with one test, which passes or fails with that message.
  static void attempt(TestLedger& ledger, int index, const std::string& message = "",
                      const std::string& log = "") {
    TestLedger::Page page(ledger);
    page.record(R"({"t":"session","framework":"pytest","version":"8"})");
    page.record(R"({"t":"test","i":0,"id":"test_a.py::test_x","r":1})");
    page.record(R"({"t":"start","i":0})");
    page.record(R"({"t":"phase","i":0,"p":"setup","o":"passed","s":0.1})");
    page.record(message.empty()
                    ? R"({"t":"phase","i":0,"p":"call","o":"passed","s":0.1})"
                    : R"({"t":"phase","i":0,"p":"call","o":"failed","s":0.1,"e":"ValueError","m":")" +
                          message + R"(","x":"text: )" + message + "\"}");
    page.record(R"({"t":"phase","i":0,"p":"teardown","o":"passed","s":0.1,"l":")" + log + "\"}");
    page.record(R"({"t":"finish","exit":0})");
    page.close(index, 0, message.empty() ? sandbox::Outcome::passed : sandbox::Outcome::failed);
  }

  std::string text_of(const TestLedger& ledger, std::size_t failure) const {
    const FailureText text = ledger.results().failures().at(failure).text;
    return spool_->read(Spool::Piece{text.spool_offset, text.bytes});
  }

  const testing_support::TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path();
  std::unique_ptr<Spool> spool_;
};

TEST_F(Ledger, KeepsTheTextOfAFailureOnDisk) {
  TestLedger ledger(*spool_, {}, std::nullopt);
  attempt(ledger, 0, "boom");
  EXPECT_EQ(text_of(ledger, 0), "text: boom");
  EXPECT_EQ(ledger.results().attempts().at(0).runs.at(0).outcome, TestOutcome::failed);
}

TEST_F(Ledger, KeepsWhatATestPrintedOfSomePassesAndOfFailures) {
  TestLedger ledger(*spool_, {}, std::nullopt);
  for (int i = 0; i < 5; ++i) attempt(ledger, i, "", "pass " + std::to_string(i));
  attempt(ledger, 5, "boom", "fail 5");
  const auto& logs = ledger.results().passing_logs();
  ASSERT_EQ(logs.size(), 3u);
  EXPECT_EQ(logs[2].attempt, 2);
  EXPECT_EQ(spool_->read(Spool::Piece{logs[2].text.spool_offset, logs[2].text.bytes}), "pass 2");
  const FailureText log = ledger.results().failures().at(0).log;
  EXPECT_EQ(spool_->read(Spool::Piece{log.spool_offset, log.bytes}), "fail 5");
}

TEST_F(Ledger, HidesSecretsHoweverJsonWritesThem) {
  TestLedger ledger(*spool_, secret_forms({"hunter2", "p\u00e4ss\"word"}), std::nullopt);
  attempt(ledger, 0, R"(hunter2 and p\u00e4ss\"word)");
  EXPECT_EQ(text_of(ledger, 0), "text: *** and ***");
  EXPECT_EQ(ledger.results().failures().at(0).message, "*** and ***");
}

TEST_F(Ledger, IsSettledWhenATestHasPassedAndFailed) {
  TestLedger ledger(*spool_, {}, 0.05);
  attempt(ledger, 0);
  EXPECT_FALSE(ledger.settled());
  attempt(ledger, 1, "boom");
  EXPECT_TRUE(ledger.settled());
}

TEST_F(Ledger, IsSettledWhenSoManyPassesShowASmallRate) {
  TestLedger ledger(*spool_, {}, 0.05);
  int attempts = 0;
  while (!ledger.settled() && attempts < 200) attempt(ledger, attempts++);
  EXPECT_EQ(attempts, 67) << "so many clean attempts bring the anytime-valid bound below 5 %";
}

TEST_F(Ledger, JudgesTheWholeCommandWhereTestsAreNotToldApart) {
  TestLedger ledger(*spool_, {}, 0.05);
  TestLedger::Page(ledger).close(0, 0, sandbox::Outcome::passed);
  EXPECT_FALSE(ledger.settled());
  TestLedger::Page(ledger).close(1, 0, sandbox::Outcome::timed_out);
  EXPECT_TRUE(ledger.settled());
  EXPECT_TRUE(ledger.results().empty());
}

TEST_F(Ledger, IsNeverSettledWhenNobodyAskedForIt) {
  TestLedger ledger(*spool_, {}, std::nullopt);
  attempt(ledger, 0);
  attempt(ledger, 1, "boom");
  EXPECT_FALSE(ledger.settled());
}

// ---- result files

std::string junit(const std::string& cases) { return "<testsuite name='s'>" + cases + "</testsuite>"; }

void attempt_with_file(TestLedger& ledger, int index, const std::string& bytes,
                       sandbox::Outcome outcome = sandbox::Outcome::passed) {
  TestLedger::Page page(ledger);
  page.result_file("r.xml", bytes);
  page.close(index, 3, outcome);
}

TEST_F(Ledger, TellsTestsApartByResultFiles) {
  TestLedger ledger(*spool_, {}, std::nullopt);
  attempt_with_file(ledger, 0, junit("<testcase name='a'><failure message='m'>trace</failure></testcase>"));
  ASSERT_TRUE(ledger.told_by_files());
  EXPECT_EQ(ledger.results().tests(), std::vector<std::string>{"s::a"});
  EXPECT_EQ(ledger.results().attempts().at(0).condition, 0) << "nobody was there who could keep an order";
  EXPECT_EQ(text_of(ledger, 0), "trace");
}

TEST_F(Ledger, NeverMixesTheNamesOfResultFilesWithThoseOfAProbe) {
  TestLedger ledger(*spool_, {}, std::nullopt);
  attempt_with_file(ledger, 0, junit("<testcase name='a'/>"));
  attempt(ledger, 1);
  attempt_with_file(ledger, 2, junit("<testcase name='b'/>"));
  EXPECT_FALSE(ledger.told_by_files());
  EXPECT_EQ(ledger.results().tests(), std::vector<std::string>{"test_a.py::test_x"});
  EXPECT_EQ(ledger.result_files(), 2);
}

TEST_F(Ledger, PassesOverResultFilesWhereItsProbeTellsInTheSameAttempt) {
  TestLedger ledger(*spool_, {}, std::nullopt);
  TestLedger::Page page(ledger);
  page.record(R"({"t":"session","framework":"pytest","version":"8"})");
  page.record(R"({"t":"test","i":0,"id":"test_a.py::test_x","r":1})");
  page.result_file("r.xml", "no XML at all");
  page.close(0, 0, sandbox::Outcome::passed);
  EXPECT_TRUE(page.notes().empty());
  EXPECT_EQ(ledger.results().tests(), std::vector<std::string>{"test_a.py::test_x"});
}

TEST_F(Ledger, HidesSecretsInResultFilesHoweverXmlWritesThem) {
  TestLedger ledger(*spool_, {"p&ss<wörd"}, std::nullopt);
  const std::string secret = "p&amp;ss&#60;w&#xf6;rd";
  // Far enough in that what is kept of the text ends inside of it.
  const std::string text = std::string(kMaxFailureText - 4, 'x') + secret;
  attempt_with_file(ledger, 0,
                    junit("<testcase name='" + secret + "'><failure message='" + secret + "'>" + text +
                          "</failure><system-out>" + secret + "</system-out></testcase>"));
  const TestResults& results = ledger.results();
  EXPECT_EQ(results.tests(), std::vector<std::string>{"s::***"});
  EXPECT_EQ(results.failures().at(0).message, "***");
  EXPECT_TRUE(text_of(ledger, 0).ends_with("xxx***"));
  const FailureText log = results.failures().at(0).log;
  EXPECT_EQ(spool_->read(Spool::Piece{log.spool_offset, log.bytes}), "***");
}

TEST_F(Ledger, SaysWhatOfResultFilesCouldNotBeRead) {
  TestLedger ledger(*spool_, {"hunter2"}, std::nullopt);
  TestLedger::Page page(ledger);
  page.result_file("hunter2\n.xml", "");
  for (int i = 0; i < 50; ++i) page.result_file("more.xml", "<html/>");
  ASSERT_EQ(page.notes().size(), 10u);
  EXPECT_TRUE(page.notes()[0].starts_with("results: ***")) << page.notes()[0];
  EXPECT_TRUE(page.notes()[0].ends_with(".xml is empty")) << page.notes()[0];
  EXPECT_EQ(page.notes()[0].find('\n'), std::string::npos);
}

TEST_F(Ledger, IsSettledByTestsOfResultFilesToo) {
  TestLedger ledger(*spool_, {}, 0.05);
  attempt_with_file(ledger, 0, junit("<testcase name='a'/><testcase name='b'/>"));
  attempt_with_file(ledger, 1, junit("<testcase name='a'><failure/></testcase><testcase name='b'/>"),
                    sandbox::Outcome::failed);
  EXPECT_FALSE(ledger.settled()) << "b is not";
  int attempts = 2;
  while (!ledger.settled() && attempts < 200)
    attempt_with_file(ledger, attempts++, junit("<testcase name='a'/><testcase name='b'/>"));
  EXPECT_EQ(attempts, 67);
}

TEST_F(Ledger, KeepsEveryTestOfEveryAttempt) {
  std::string cases;
  for (int i = 0; i < 2000; ++i)
    cases += "<testcase classname='com.shop.Test" + std::to_string(i / 50) + "' name='test" +
             std::to_string(i) + "' time='0.01'/>";
  const std::string file = junit(cases);
  TestLedger ledger(*spool_, {}, std::nullopt);
  for (int i = 0; i < 20; ++i) attempt_with_file(ledger, i, file);
  EXPECT_EQ(ledger.results().tests().size(), 2000u);
  EXPECT_EQ(ledger.results().attempts().size(), 20u);
}

}  // namespace
}  // namespace orchestrator
