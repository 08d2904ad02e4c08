#include "orchestrator/job/quarantine.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "errors_of.h"

namespace orchestrator {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using Adapter = valijson::adapters::NlohmannJsonAdapter;

Quarantine parsed(const std::string& text) { return parse_quarantine(text, "known-flaky.json"); }
std::string mistakes(const std::string& text) {
  return testing::errors_of([&] { parsed(text); });
}
std::string with(const std::string& entries) { return R"({"version": 1, "tests": [)" + entries + "]}"; }

const char* const kEntry =
    R"({"test": "a.py::t", "max_rate": 0.2, "expires": "2027-01-31", "reason": "slow"})";

TEST(Quarantine, HoldsTestsWithBoundDayAndReason) {
  const Quarantine quarantine = parsed(with(
      std::string(kEntry) +
      R"(, {"test": "b.py::u", "max_rate": "2.5 %", "expires": "2028-02-29", "issue": "https://e.org/7"})"));
  ASSERT_EQ(quarantine.tests.size(), 2u);
  const KnownFlake* first = quarantine.find("a.py::t");
  ASSERT_NE(first, nullptr);
  EXPECT_DOUBLE_EQ(first->max_rate, 0.2);
  EXPECT_EQ(first->reason, "slow");
  EXPECT_DOUBLE_EQ(quarantine.tests[1].max_rate, 0.025);
  EXPECT_EQ(iso_day(quarantine.tests[1].expires), "2028-02-29");
  EXPECT_EQ(quarantine.find("a.py"), nullptr);
}

TEST(Quarantine, CountsThroughItsLastDay) {
  const KnownFlake entry = parsed(with(kEntry)).tests[0];
  EXPECT_FALSE(entry.expired(std::chrono::sys_days(2027y / 1 / 31)));
  EXPECT_TRUE(entry.expired(std::chrono::sys_days(2027y / 2 / 1)));
}

TEST(Quarantine, TellsAllMistakesAtOnceEachWithItsPlace) {
  EXPECT_EQ(mistakes(R"({"version": 2, "test": [], "tests": [
      {"test": "", "max_rate": 1, "expires": "2027-02-29", "reason": 5},
      {"test": "x", "max_rate": "0%", "expires": 20270101, "why": "y", "issue": "z"},
      {"max_rate": 0.1, "expires": "2027-1-1"},
      "x"]})"),
            "/test: unknown field 'test' (did you mean 'tests'?)\n"
            "/version: must be 1: this program knows no other\n"
            "/tests/0/test: is empty\n"
            "/tests/0/max_rate: must be more than 0 and less than 1, as in 0.2 or \"20%\"\n"
            "/tests/0/expires: must be a day as in \"2027-01-31\"\n"
            "/tests/0/reason: must be a string, not a number\n"
            "/tests/1/why: unknown field 'why'\n"
            "/tests/1/max_rate: must be more than 0 and less than 1, as in 0.2 or \"20%\"\n"
            "/tests/1/expires: must be a day as in \"2027-01-31\"\n"
            "/tests/2/test: is missing\n"
            "/tests/2/expires: must be a day as in \"2027-01-31\"\n"
            "/tests/2: needs a reason or an issue: why this test is put up with\n"
            "/tests/3: must be an object, not a string\n");
}

TEST(Quarantine, RefusesATestThatStandsThereTwice) {
  EXPECT_EQ(mistakes(with(std::string(kEntry) + "," + kEntry)),
            "/tests/1/test: 'a.py::t' stands at /tests/0 already\n");
}

TEST(Quarantine, RefusesWhatIsNoListOfTests) {
  EXPECT_EQ(mistakes("[]"), ": must be an object with version and tests, not a list\n");
  EXPECT_EQ(mistakes(R"({"tests": {}})"),
            "/version: is missing; it is 1\n/tests: must be a list, not an object\n");
  EXPECT_NE(mistakes("{").find("not valid JSON"), std::string::npos);
  EXPECT_EQ(mistakes(std::string((1 << 20) + 1, ' ')), ": is larger than 1 MiB\n");
  EXPECT_EQ(testing::text_of([] { parsed("[]"); }).substr(0, 16), "known-flaky.json");
}

// The schema that editors use and the reader agree, but for what no schema can say.
TEST(Quarantine, AgreesWithItsSchema) {
  std::ifstream file(std::string(SOURCE_FOLDER) + "/orchestrator/job/known_flaky.schema.json");
  const json text = json::parse(file);
  valijson::Schema schema;
  valijson::SchemaParser(valijson::SchemaParser::kDraft7).populateSchema(Adapter(text), schema);
  const auto valid = [&](const std::string& document) {
    const json parsed_document = json::parse(document);
    return valijson::Validator().validate(schema, Adapter(parsed_document), nullptr);
  };
  for (const std::string& document :
       {with(kEntry), with(""), std::string(R"({"version": 1})"),
        std::string(R"({"version": 2, "tests": []})"),
        with(R"({"test": "t", "max_rate": 0.1, "expires": "2027-01-01"})"),
        with(R"({"test": "t", "max_rate": true, "expires": "2027-01-01", "issue": "i"})"),
        with(R"({"test": "t", "max_rate": "3%", "expires": "soon", "issue": "i"})"),
        with(R"({"test": "", "max_rate": "3%", "expires": "2027-01-01", "issue": "i"})"),
        with(R"({"test": "t", "max_rate": "3%", "expires": "2027-01-01", "issue": "i", "x": 1})")})
    EXPECT_EQ(valid(document), mistakes(document).empty()) << document << "\n" << mistakes(document);
}

}  // namespace
}  // namespace orchestrator
