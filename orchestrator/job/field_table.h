// The one table of what can be said about a job: every field's name, type, bounds, flag and the places where
// it may be said. JSON, environment, YAML, flags, merging and writing all read it, so that they cannot drift
// apart; the JSON Schema beside it is compared with it by a test.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "orchestrator/job/job.h"

namespace orchestrator {

enum class FieldKind {
  text,
  whole,    // a whole number within min … max
  seed,     // any 64-bit whole number without sign
  number,   // within min … max
  seconds,  // a number, or text as in "5m"
  size,     // bytes, or text as in "2g"
  boolean,
  negated,  // a boolean that is kept turned round
  command,  // text: a line; a list: exact words
  texts,
  globs,      // texts; one alone may stand without its list
  names,      // of environment variables
  variables,  // names and values
  thresholds,
  range,
  suites,
};

// Where a field may be said. Or'ed.
enum Place : unsigned {
  in_job = 1,          // JSON
  in_environment = 2,  // ORCHESTRATOR_…
  in_repository = 4,   // .flaky-detector.yml
  in_user = 8,         // the user's config
  on_command_line = 16,
};

using FieldMember =
    std::variant<std::optional<std::string> JobRequest::*, std::optional<std::int64_t> JobRequest::*,
                 std::optional<std::uint64_t> JobRequest::*, std::optional<double> JobRequest::*,
                 std::optional<bool> JobRequest::*, std::optional<TestCommand> JobRequest::*,
                 std::optional<std::vector<std::string>> JobRequest::*,
                 std::vector<std::string> JobRequest::*, std::map<std::string, std::string> JobRequest::*,
                 std::optional<SeverityThresholds> JobRequest::*, std::optional<SeedRange> JobRequest::*,
                 std::vector<TestSuite> JobRequest::*>;

// What is wrong with the text, as a sentence; empty when nothing is.
using TextCheck = std::string (*)(const std::string&);

struct Field {
  const char* name;
  const char* group = "";  // the object that holds it: "limits" or none
  const char* flag = "";   // "" when there is none
  FieldKind kind;
  unsigned places;
  FieldMember member;
  double min = 0, max = 0;
  const char* rule = "";         // the sentence when it is not within min … max
  TextCheck check = nullptr;     // of text, of each text of a list, or of each variable's name
  bool alias = false;            // another name of a member that is in the table already
  const char* alone = "";        // what the flag means without a value; "": it needs one
  const char* value = "";        // what stands for the value in the help
  const char* about = "";        // for the help
  const char* about_in_ci = "";  // for that of `ci`, where its default is another
};

const std::vector<Field>& job_fields();
// Whatever the group; nullptr when there is none.
const Field* find_field(std::string_view name);
// Names of the fields of `group` that may be said at `place`, the group "limits" itself included.
std::vector<std::string> field_names(unsigned place, std::string_view group = "");
// "/runs", "/limits/memory".
std::string field_pointer(const Field& field);
// "ORCHESTRATOR_RUNS".
std::string field_variable(const Field& field);

inline constexpr const char* kLimits = "limits";

// What is wrong with what was said about this field; empty when nothing is, or when nothing was said.
std::string violation(const Field& field, const JobRequest& request);
// Leaves a field unsaid.
void forget(const Field& field, JobRequest& request);

}  // namespace orchestrator
