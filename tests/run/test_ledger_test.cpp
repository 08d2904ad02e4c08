#include "orchestrator/run/test_ledger.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace orchestrator {
namespace {

class Ledger : public ::testing::Test {
 protected:
  Ledger() {
    char path[] = "/tmp/ledger-test-XXXXXX";
    folder_ = ::mkdtemp(path);
    spool_ = std::make_unique<Spool>(folder_, "");
  }
  ~Ledger() override { std::filesystem::remove_all(folder_); }

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

  std::string folder_;
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
  TestLedger ledger(*spool_, {"hunter2", "p\u00e4ss\"word"}, std::nullopt);
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

}  // namespace
}  // namespace orchestrator
