#include <gtest/gtest.h>

#include "orchestrator/job/job.h"

namespace orchestrator {
namespace {

TEST(Sizes, AreReadWithUnits) {
  const std::pair<const char*, std::int64_t> sizes[] = {
      {"4096", 4096},
      {"0", 0},
      {"1b", 1},
      {"1k", 1024},
      {"512m", 512LL << 20},
      {"512M", 512LL << 20},
      {"2g", 2LL << 30},
      {"2GB", 2LL << 30},
      {"1.5GiB", 3LL << 29},
      {"1t", 1LL << 40},
      {"1p", 1LL << 50},
      {" 2 g ", 2LL << 30},
      {".5k", 512},
  };
  for (const auto& [text, bytes] : sizes) EXPECT_EQ(parse_size(text), bytes) << text;
}

TEST(Sizes, RefuseWhatIsNone) {
  for (const char* text : {"", " ", "g", "-1", "+1", "1x", "1gg", "1.5", "1e3", "2g2", "0x10", "nan", "inf",
                           "1 2", "1..5k", "9223372036854775808", "9999999p", "."}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
}

TEST(Durations, AreReadWithUnits) {
  const std::pair<const char*, double> times[] = {
      {"300", 300},    {"0.5", 0.5},   {"90s", 90},     {"5m", 300},    {"1h", 3600}, {"1d", 86400},
      {"1h30m", 5400}, {"1.5h", 5400}, {"250ms", 0.25}, {" 5 m ", 300}, {"2min", 120}};
  for (const auto& [text, seconds] : times) EXPECT_EQ(parse_duration_s(text), seconds) << text;
}

TEST(Durations, RefuseWhatIsNone) {
  for (const char* text : {"", "m", "-5", "5x", "5m3", "1h-5m", "1e3", "five", "5 5", "nan", "inf"}) {
    EXPECT_EQ(parse_duration_s(text), std::nullopt) << text;
  }
}

TEST(Nearest, FindsASlipOfTheFinger) {
  const std::vector<std::string> known = {"runs", "repo", "parallelism", "test_command", "timeout"};
  EXPECT_EQ(nearest("run", known), "runs");
  EXPECT_EQ(nearest("rnus", known), "runs");
  EXPECT_EQ(nearest("RUNS", known), "runs");
  EXPECT_EQ(nearest("paralelism", known), "parallelism");
  EXPECT_EQ(nearest("testcomand", known), "test_command");
  EXPECT_EQ(nearest("time_out", known), "timeout");
}

TEST(Nearest, IsSilentWhenNothingIsNear) {
  const std::vector<std::string> known = {"runs", "repo"};
  for (const char* word : {"", "x", "xy", "colour", "webhook"}) EXPECT_EQ(nearest(word, known), "") << word;
  EXPECT_EQ(nearest(std::string(100'000, 'r'), known), "");
  EXPECT_EQ(nearest("runs", {}), "");
}

}  // namespace
}  // namespace orchestrator
