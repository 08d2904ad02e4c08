#include "orchestrator/cli/option_values.h"

#include <algorithm>

#include "orchestrator/job/quoted.h"
#include "orchestrator/job/read_field.h"

namespace orchestrator {
namespace {

using nlohmann::json;

// "NAME=VALUE", or "NAME" for the caller's own value.
json variables_from(const std::vector<std::string>& texts, const GetEnv& getenv, const Field& field,
                    std::vector<FieldError>& errors) {
  json variables = json::object();
  for (const auto& text : texts) {
    const auto equals = text.find('=');
    const std::string name = text.substr(0, equals);
    std::optional<std::string> value;
    if (equals != std::string::npos) value = text.substr(equals + 1);
    if (!value && !name.empty()) value = getenv(name.c_str());
    if (value) {
      variables[name] = *value;
    } else {
      errors.push_back(
          {field.flag, in_quotes(name) + " is not set here; use NAME=VALUE to give it a value", ""});
    }
  }
  return variables;
}

void read_one(const Field& field, const std::vector<std::string>& texts, const GetEnv& getenv,
              JobReading& reading) {
  switch (field.kind) {
    case FieldKind::texts:
    case FieldKind::globs:
    case FieldKind::names:
      return read_field(field, json(texts), field.flag, UnknownFields::error, reading);
    case FieldKind::variables:
      return read_field(field, variables_from(texts, getenv, field, reading.errors), field.flag,
                        UnknownFields::error, reading);
    case FieldKind::boolean:
      return read_field(field, json(texts.front() == kYes), field.flag, UnknownFields::error, reading);
    default:
      break;
  }
  if (texts.size() > 1) {
    reading.errors.push_back({field.flag, "is given more than once", ""});
  } else {
    read_text(field, texts.front(), field.flag, reading);
  }
}

// A person knows the flag, not the place inside its list.
void name_by_flag(const Field& field, std::size_t first, JobReading& reading) {
  for (std::size_t i = first; i < reading.errors.size(); ++i) reading.errors[i].pointer = field.flag;
}

}  // namespace

void read_field_flags(const FieldTexts& given, const GetEnv& getenv, JobReading& reading) {
  for (const auto& field : job_fields()) {
    const auto found = given.find(&field);
    if (found == given.end() || found->second.empty()) continue;
    const std::size_t before = reading.errors.size();
    read_one(field, found->second, getenv, reading);
    name_by_flag(field, before, reading);
  }
}

void read_command_words(const std::vector<std::string>& words, JobReading& reading) {
  if (words.empty()) return;
  const Field& field = *find_field("test_command");
  const bool line = words.size() == 1 && words[0].find_first_of(" \t\n") != std::string::npos;
  const std::size_t before = reading.errors.size();
  read_field(field, line ? json(words[0]) : json(words), field.flag, UnknownFields::error, reading);
  name_by_flag(field, before, reading);
}

void expect_choice(const std::string& flag, const std::string& text, const std::vector<std::string>& known,
                   std::vector<FieldError>& errors) {
  if (std::find(known.begin(), known.end(), text) != known.end()) return;
  std::string all;
  for (const auto& word : known) all += (all.empty() ? "" : ", ") + word;
  errors.push_back(
      {flag, "must be one of " + all + ", not " + in_quotes(text) + did_you_mean(nearest(text, known)), ""});
}

}  // namespace orchestrator
