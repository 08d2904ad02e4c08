// The parts of report.json that are small: everything but outputs. Keys keep the order in which they are
// written.
#pragma once

#include <nlohmann/json.hpp>

#include "orchestrator/report/cut.h"
#include "orchestrator/report/report.h"

namespace orchestrator {

using OrderedJson = nlohmann::ordered_json;

std::string_view name(sandbox::Network network);

struct ShownStreams {
  ShownText out, err;
};

// One entry of results[], with its outputs as shown.
OrderedJson attempt_json(const Report& report, const AttemptRecord& attempt, ShownStreams shown);
// The same without outputs, as large as it can get by what is said about cuts.
OrderedJson attempt_json_without_output(const Report& report, const AttemptRecord& attempt);

// Before results[]: the predecessor's keys. After it: everything else.
OrderedJson head_json(const Report& report);
struct ShownTests;
OrderedJson tail_json(const Report& report, const Spool& spool, ShownTests tests);

// Engine, image, source, limits with how each is enforced, isolation, packages.
OrderedJson environment_json(const Report& report);

// The conditions that attempts ran under, and the verdict on each test. Which attempt each letter of a test's
// `outcomes` is of, in their order.
OrderedJson conditions_json(const Report& report);
// At most about `max_bytes`, a line each.
struct ShownTests {
  OrderedJson list;      // worst first; null where no attempt told its tests apart
  OrderedJson left_out;  // how many with which verdict; null: none
  std::string cut;       // a sentence without its end, of what was shortened or left out; empty: nothing
};
ShownTests shown_tests(const Report& report, const Spool& spool, std::uint64_t max_bytes);
OrderedJson outcome_attempts_json(const Report& report);
// Groups of failures with an example and the first difference, tests that fail together, factors.
OrderedJson findings_json(const Report& report, const Spool& spool);

// What a pipeline makes of it, and which files have changed; null where nobody asked.
OrderedJson ci_json(const Report& report);
OrderedJson changed_json(const Report& report);

// Bytes of any other list that a suite can make long: the sum of them must leave room in 8 MB. Takes what the
// entry needs as it is written from `room`; false: there is not so much.
inline constexpr std::uint64_t kMostListed = 1u << 20;
bool takes_from(std::uint64_t& room, const OrderedJson& entry);

// To 6 decimals: as precise as any number of a report is.
double rounded(double value);

// Bytes of any kind become UTF-8.
std::string dump(const OrderedJson& json, int indent = -1);

}  // namespace orchestrator
