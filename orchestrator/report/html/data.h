// What the page's script knows, as JSON: page.js documents how it reads it. Texts in it are readable already
// (controls as numbers), so that the script need not think of them.
#pragma once

#include <cstdint>

#include "orchestrator/report/json_sections.h"
#include "orchestrator/report/report.h"

namespace orchestrator::html {

// Conditions, attempts without outputs, tests (the worst first) with a letter for each attempt. Tests beyond
// `max_bytes` are left out and counted.
OrderedJson page_data(const Report& report, std::uint64_t max_bytes);

// One attempt's outputs, failures, notes and hints: a block of its own, read when somebody opens the attempt.
class AttemptBlocks {
 public:
  // All blocks together stay within `max_bytes`, as far as cutting outputs and failures can do that.
  // `report` and `spool` must outlive this. Throws std::system_error when the spool cannot be read.
  AttemptBlocks(const Report& report, const Spool& spool, std::uint64_t max_bytes);

  // As script_json. Throws like the constructor.
  std::string block(const AttemptRecord& attempt) const;

 private:
  OrderedJson without_output(const AttemptRecord& attempt) const;
  OrderedJson failures(const AttemptRecord& attempt) const;
  std::string shown(const AttemptRecord& attempt, const StreamRecord& stream, std::uint64_t cap) const;

  const Report& report_;
  const Spool& spool_;
  std::vector<std::size_t> row_of_;                 // by TestIndex: where it stands in page_data's tests
  std::uint64_t failures_cap_ = 0;                  // of one attempt
  std::uint64_t passing_cap_ = 0, others_cap_ = 0;  // of one stream
};

}  // namespace orchestrator::html
