#include "orchestrator/runpod/local_test.h"

#include <algorithm>

#include "orchestrator/job/field_table.h"
#include "orchestrator/job/parse_json.h"
#include "sandbox/io/json_text.h"

namespace orchestrator::runpod {
namespace {

using nlohmann::json;

// It is meant as a job when it has a field of one; which are wrong is said later.
bool is_bare_input(const json& document) {
  const auto items = document.items();
  return std::any_of(items.begin(), items.end(),
                     [](const auto& item) { return find_field(item.key()) != nullptr; });
}

}  // namespace

LocalTest read_local_test(std::string_view text) {
  LocalTest test;
  std::vector<FieldError> errors;
  const auto document = parse_json(text, errors);
  if (!document) {
    test.problem = "the test input: " + errors.front().message;
    return test;
  }
  const auto input = document->is_object() ? document->find("input") : document->end();
  const bool wrapped = document->is_object() && input != document->end();
  if (wrapped ? input->is_null() : !document->is_object() || !is_bare_input(*document)) {
    test.problem = "Job has no input parameter. Unable to run.";
    return test;
  }
  test.job.id = "local_test";
  test.job.input = io::json_text(wrapped ? *input : *document);
  if (wrapped)
    if (const auto id = document->find("id"); id != document->end() && id->is_string() && *id != "")
      test.job.id = id->get<std::string>();
  return test;
}

}  // namespace orchestrator::runpod
