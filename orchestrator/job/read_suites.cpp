#include "orchestrator/job/read_suites.h"

#include <algorithm>

#include "orchestrator/job/json_values.h"
#include "orchestrator/job/quoted.h"
#include "orchestrator/job/read_field.h"
#include "orchestrator/job/text_checks.h"

namespace orchestrator {

using nlohmann::json;

std::string check_bytes(std::string_view text, std::string_view name) {
  if (text.find('\0') != std::string_view::npos) return std::string(name) + " must not hold a NUL byte";
  if (text.size() > kLongestText) return std::string(name) + " must be shorter than 128 KiB";
  if (!is_utf8(text))
    return std::string(name) + " must be UTF-8 text: other bytes would not reach an attempt as they are";
  return "";
}

std::string holds_too_many(std::string_view name, std::size_t most) {
  return std::string(name) + " must not hold more than " + std::to_string(most) + " entries";
}

std::optional<TestCommand> read_command(const json& value, const std::string& pointer,
                                        std::vector<FieldError>& errors) {
  const auto fail = [&](const std::string& place, std::string message) {
    add_error(errors, {place, std::move(message), ""});
    return std::optional<TestCommand>();
  };
  TestCommand command;
  if (value.is_string()) {
    command.line = value.get<std::string>();
    if (auto sentence = check_bytes(command.line, "test_command"); !sentence.empty())
      return fail(pointer, sentence);
    return command;
  }
  if (!value.is_array()) {
    return fail(pointer, "test_command must be a string or a list of words, not " + kind_of(value));
  }
  if (value.size() > kMostWords) return fail(pointer, holds_too_many("test_command", kMostWords));
  for (std::size_t i = 0; i < value.size(); ++i) {
    const std::string place = below(pointer, std::to_string(i));
    if (!value[i].is_string()) return fail(place, "must be a string, not " + kind_of(value[i]));
    command.words.push_back(value[i].get<std::string>());
    if (auto sentence = check_bytes(command.words.back(), "test_command"); !sentence.empty()) {
      return fail(place, sentence);
    }
  }
  return command;
}

namespace {

// A suite's `runs` and `parallelism` have the bounds of the job's.
std::optional<int> read_number(const char* name, const json& value, const std::string& pointer,
                               std::vector<FieldError>& errors) {
  JobReading reading;
  read_field(*find_field(name), value, pointer, UnknownFields::error, reading);
  for (auto& error : reading.errors) add_error(errors, std::move(error));
  const auto& number = name == std::string_view("runs") ? reading.request.runs : reading.request.parallelism;
  return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

void read_name(const json& value, const std::string& pointer, TestSuite& suite,
               std::vector<FieldError>& errors) {
  if (!value.is_string()) {
    add_error(errors, {pointer, "must be a string, not " + kind_of(value), ""});
    return;
  }
  suite.name = value.get<std::string>();
  if (auto sentence = check_bytes(suite.name, "name"); !sentence.empty())
    add_error(errors, {pointer, sentence, ""});
}

// What a suite lacks, but for what has been found wrong already.
void require(const TestSuite& suite, const std::string& pointer, std::vector<FieldError>& errors) {
  const auto wrong_at = [&](const std::string& place) {
    return std::any_of(errors.begin(), errors.end(), [&](const FieldError& error) {
      return error.pointer == place || error.pointer.starts_with(place + "/");
    });
  };
  const std::string name = below(pointer, "name"), command = below(pointer, "test_command");
  if (suite.name.empty() && !wrong_at(name)) add_error(errors, {name, "the suite needs a name", ""});
  const std::string sentence = check_command(suite.test_command);
  if (!sentence.empty() && !wrong_at(command)) add_error(errors, {command, sentence, ""});
}

TestSuite read_suite(const json& value, const std::string& pointer, std::vector<FieldError>& errors) {
  TestSuite suite;
  if (!value.is_object()) {
    add_error(errors,
              {pointer, "a suite must be an object with name and test_command, not " + kind_of(value), ""});
    return suite;
  }
  for (const auto& [key, content] : value.items()) {
    const std::string place = below(pointer, key);
    if (key == "name") {
      read_name(content, place, suite, errors);
    } else if (key == "test_command") {
      if (auto command = read_command(content, place, errors)) suite.test_command = std::move(*command);
    } else if (key == "runs") {
      suite.runs = read_number("runs", content, place, errors);
    } else if (key == "parallelism") {
      suite.parallelism = read_number("parallelism", content, place, errors);
    } else {
      const auto near = nearest(key, {"name", "test_command", "runs", "parallelism"});
      add_error(errors, {place, "unknown field " + in_quotes(key) + did_you_mean(near), ""});
    }
  }
  require(suite, pointer, errors);
  return suite;
}

}  // namespace

std::vector<TestSuite> read_suites(const json& value, const std::string& pointer,
                                   std::vector<FieldError>& errors) {
  std::vector<TestSuite> suites;
  if (!value.is_array()) {
    add_error(errors, {pointer, "test_suites must be a list, not " + kind_of(value), ""});
    return suites;
  }
  if (value.size() > kLongestList) {
    add_error(errors, {pointer, holds_too_many("test_suites", kLongestList), ""});
    return suites;
  }
  for (std::size_t i = 0; i < value.size(); ++i) {
    suites.push_back(read_suite(value[i], below(pointer, std::to_string(i)), errors));
  }
  return suites;
}

}  // namespace orchestrator
