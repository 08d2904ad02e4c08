#include "orchestrator/report/saved_report.h"

#include <gtest/gtest.h>

#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

std::string complaint(const std::string& text) {
  try {
    parse_saved_report(text, "old.json");
  } catch (const io::RequestError& error) {
    return error.what();
  }
  return "";
}

TEST(SavedReport, IsReadBack) {
  EXPECT_EQ(parse_saved_report(R"({"schema_version":1,"results":[],"job_seed":7})", "old.json")["job_seed"],
            7);
}

TEST(SavedReport, WhatIsNoneIsRefusedInASentence) {
  EXPECT_EQ(complaint("{"), "old.json is no JSON");
  EXPECT_EQ(complaint("[]"), "old.json is no report of orchestrator");
  EXPECT_EQ(complaint(R"({"total_runs":3})"), "old.json is no report of orchestrator");
  EXPECT_EQ(complaint(R"({"schema_version":2,"results":[]})"),
            "old.json has schema_version 2; this program reads 1");
  EXPECT_EQ(complaint(R"({"schema_version":1,"end":"error"})"),
            "old.json is of a run that ended before its first attempt: it has no results");
  EXPECT_EQ(complaint(R"({"schema_version":1,"results":{}})"),
            "old.json is no report of orchestrator: results is no list");
}

TEST(SavedReport, AFileThatIsNotThereIsNamed) {
  EXPECT_THROW(
      {
        try {
          read_saved_report("/nowhere/report.json");
        } catch (const io::RequestError& error) {
          EXPECT_STREQ(error.what(), "/nowhere/report.json cannot be read: No such file or directory");
          throw;
        }
      },
      io::RequestError);
}

}  // namespace
}  // namespace orchestrator
