// The records of a probe, over the pipe that the command inherits.
#include <gtest/gtest.h>

#include <csignal>

#include "supervised.h"

namespace {

constexpr const char* kLongest = "head -c 65536 /dev/zero | tr '\\0' x >&8; echo >&8; ";

TEST(Records, ComeLineByLine) {
  Supervised attempt(sh("printf 'one\\ntwo\\n\\n' >&$ORCHESTRATOR_RESULT_FD; echo out; echo three >&8"));
  attempt.finish();
  EXPECT_EQ(attempt.records, (std::vector<std::string>{"one", "two", "", "three"}));
  EXPECT_EQ(attempt.out, "out\n");
  EXPECT_TRUE(attempt.notes.empty());
}

TEST(Records, ComeByThePathOfThePipeFromWhereItsDescriptorIsClosed) {
  Supervised attempt(sh("(exec 8>&-; echo one >$ORCHESTRATOR_RESULT_PATH); echo two >&8"));
  attempt.finish();
  EXPECT_EQ(attempt.records, (std::vector<std::string>{"one", "two"}));
  EXPECT_TRUE(attempt.notes.empty());
}

TEST(Records, AreWholeWhenWrittenInPieces) {
  Supervised attempt(sh("printf on >&8; printf 'e\\ntw' >&8; printf 'o\\n' >&8"));
  attempt.finish();
  EXPECT_EQ(attempt.records, (std::vector<std::string>{"one", "two"}));
}

TEST(Records, MayBeAsLongAsAFrame) {
  Supervised attempt(sh(kLongest));
  attempt.finish();
  ASSERT_EQ(attempt.records.size(), 1u);
  EXPECT_EQ(attempt.records[0], std::string(65536, 'x'));
  EXPECT_TRUE(attempt.notes.empty());
}

TEST(Records, ThatAreTooLongAreDroppedAndCounted) {
  Supervised attempt(sh("printf 'before\\nx' >&8; " + std::string(kLongest) +
                        "head -c 300000 /dev/zero >&8; echo >&8; echo after >&8"));
  attempt.finish();
  EXPECT_EQ(attempt.records, (std::vector<std::string>{"before", "after"}));
  EXPECT_EQ(attempt.notes, std::vector<std::string>{"2 probe records of more than 64 KiB were dropped"});
}

TEST(Records, ThatWereNotFinishedAreDroppedWithANote) {
  Supervised attempt(sh("printf 'whole\\nhal' >&8"));
  attempt.finish();
  EXPECT_EQ(attempt.records, std::vector<std::string>{"whole"});
  EXPECT_EQ(attempt.notes,
            std::vector<std::string>{"the last probe record was not finished and was dropped"});
}

TEST(Records, SurviveAKill) {
  Supervised attempt(sh("echo record >&8; kill -KILL $$"));
  attempt.finish();
  EXPECT_EQ(attempt.records, std::vector<std::string>{"record"});
}

// Nothing else happens that would wake the supervisor after the second.
TEST(Records, ArriveWhileTheCommandGoesOn) {
  Supervised attempt(sh("echo one >&8; echo two >&8; sleep 0.003; echo three >&8; exec sleep 60"));
  EXPECT_TRUE(attempt.read_until([&] { return attempt.records.size() == 3; }));
  EXPECT_FALSE(attempt.ended());
  attempt.signal(SIGTERM);
  attempt.finish();
}

TEST(Records, AllArriveHoweverManyThereAre) {
  Supervised attempt(sh("seq 1 200000 >&8 & seq 1 200000; wait"));
  attempt.finish();
  ASSERT_EQ(attempt.records.size(), 200'000u);
  for (std::size_t i = 0; i < attempt.records.size(); ++i)
    ASSERT_EQ(attempt.records[i], std::to_string(i + 1));
}

}  // namespace
