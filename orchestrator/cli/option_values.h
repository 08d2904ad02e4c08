// The texts of flags into a CommandLine's values.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "orchestrator/cli/options.h"
#include "orchestrator/job/field_table.h"

namespace orchestrator {

inline constexpr const char* kYes = "yes";  // of a field that is true or false

using FieldTexts = std::map<const Field*, std::vector<std::string>>;

// Reads what was given to the job's own flags.
void read_field_flags(const FieldTexts& given, const GetEnv& getenv, JobReading& reading);
// Reads the words after `--`: exact words, but a single one with a blank is a line.
void read_command_words(const std::vector<std::string>& words, JobReading& reading);

// Adds a mistake when `text` is none of `known`.
void expect_choice(const std::string& flag, const std::string& text, const std::vector<std::string>& known,
                   std::vector<FieldError>& errors);

// One of several words; an empty text changes nothing.
template <typename Value>
void read_choice(const std::string& flag, const std::string& text,
                 const std::vector<std::pair<std::string, Value>>& choices, Value& value,
                 std::vector<FieldError>& errors) {
  std::vector<std::string> known;
  for (const auto& [word, meaning] : choices) {
    known.push_back(word);
    if (word == text) value = meaning;
  }
  if (!text.empty()) expect_choice(flag, text, known, errors);
}

}  // namespace orchestrator
