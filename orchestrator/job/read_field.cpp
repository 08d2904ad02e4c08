#include "orchestrator/job/read_field.h"

#include <charconv>
#include <cstdlib>
#include <limits>

#include "orchestrator/job/json_values.h"
#include "orchestrator/job/quoted.h"
#include "orchestrator/job/read_suites.h"
#include "orchestrator/job/text_checks.h"

namespace orchestrator {

using nlohmann::json;

std::string below(const std::string& pointer, std::string_view key) {
  std::string text = pointer + "/";
  for (const char c : key) text += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return text;
}

namespace {

template <typename Member>
Member* member_of(const Field& field, JobRequest& request) {
  return &(request.*std::get<Member JobRequest::*>(field.member));
}

class FieldReader {
 public:
  FieldReader(const Field& field, const std::string& pointer, JobReading& reading)
      : field_(field), pointer_(pointer), reading_(reading), request_(reading.request) {}

  void read(const json& value) {
    const std::size_t before = reading_.errors.size();
    set(value);
    if (reading_.errors.size() != before) return forget(field_, request_);
    if (auto sentence = violation(field_, request_); !sentence.empty()) {
      fail(std::move(sentence));
      forget(field_, request_);
    }
  }

 private:
  void set(const json& value) {
    switch (field_.kind) {
      case FieldKind::text:
        return set_text(value);
      case FieldKind::whole:
        return set_whole(value);
      case FieldKind::seed:
        return set_seed(value);
      case FieldKind::number:
        return set_number(value);
      case FieldKind::seconds:
        return set_seconds(value);
      case FieldKind::size:
        return set_size(value);
      case FieldKind::boolean:
      case FieldKind::negated:
        return set_boolean(value);
      case FieldKind::command:
        return set_command(value);
      case FieldKind::globs:
        if (!value.is_string() && !value.is_array()) return wrong_type("a glob or a list of globs", value);
        return set_texts(value.is_string() ? json::array({value}) : value);
      case FieldKind::texts:
      case FieldKind::names:
        return set_texts(value);
      case FieldKind::variables:
        return set_variables(value);
      case FieldKind::thresholds:
        return set_thresholds(value);
      case FieldKind::range:
        return set_range(value);
      case FieldKind::suites:
        *member_of<std::vector<TestSuite>>(field_, request_) = read_suites(value, pointer_, reading_.errors);
    }
  }

  void fail(std::string message) { add_error(reading_.errors, {pointer_, std::move(message), ""}); }
  void wrong_type(const std::string& wanted, const json& value) {
    fail(std::string(field_.name) + " must be " + wanted + ", not " + kind_of(value));
  }
  // Where a text is allowed, its kind says nothing: the text itself is what is wrong.
  void wrong_measure(const std::string& wanted, const json& value) {
    if (!value.is_string()) return wrong_type(wanted, value);
    fail(std::string(field_.name) + " must be " + wanted + ", not " +
         in_quotes(value.get_ref<const std::string&>()));
  }

  void set_text(const json& value) {
    if (!value.is_string()) return wrong_type("a string", value);
    std::string text = value.get<std::string>();
    if (auto sentence = check_bytes(text, field_.name); !sentence.empty()) return fail(std::move(sentence));
    *member_of<std::optional<std::string>>(field_, request_) = std::move(text);
  }

  void set_whole(const json& value) {
    const auto number = whole_number(value);
    if (!number) return wrong_type("a whole number", value);
    *member_of<std::optional<std::int64_t>>(field_, request_) = *number;
  }

  void set_seed(const json& value) {
    if (!value.is_number_integer()) return wrong_type("a whole number", value);
    if (!value.is_number_unsigned() && value.get<std::int64_t>() < 0) return fail(field_.rule);
    *member_of<std::optional<std::uint64_t>>(field_, request_) = value.get<std::uint64_t>();
  }

  void set_number(const json& value) {
    if (!value.is_number()) return wrong_type("a number", value);
    *member_of<std::optional<double>>(field_, request_) = value.get<double>();
  }

  void set_seconds(const json& value) {
    const auto seconds = value.is_number()   ? std::optional(value.get<double>())
                         : value.is_string() ? parse_duration_s(value.get_ref<const std::string&>())
                                             : std::nullopt;
    if (!seconds) return wrong_measure("a number of seconds or a time as in \"90s\" or \"5m\"", value);
    *member_of<std::optional<double>>(field_, request_) = seconds;
  }

  void set_size(const json& value) {
    const auto bytes =
        value.is_string() ? parse_size(value.get_ref<const std::string&>()) : whole_number(value);
    if (!bytes) return wrong_measure("a number of bytes or a size as in \"512m\" or \"2g\"", value);
    *member_of<std::optional<std::int64_t>>(field_, request_) = bytes;
  }

  void set_boolean(const json& value) {
    if (!value.is_boolean()) return wrong_type("true or false", value);
    auto& member = *member_of<std::optional<bool>>(field_, request_);
    const bool said = value.get<bool>();
    if (field_.name == std::string_view("preserve_temp_dir") || field_.kind == FieldKind::negated) {
      // Two names of one decision: what either of them keeps is kept.
      const bool keep = field_.kind == FieldKind::negated ? !said : said;
      member = member.value_or(false) || keep;
    } else {
      member = said;
    }
  }

  void set_command(const json& value) {
    if (auto command = read_command(value, pointer_, reading_.errors)) {
      *member_of<std::optional<TestCommand>>(field_, request_) = std::move(command);
    }
  }

  void set_texts(const json& value) {
    if (!value.is_array()) return wrong_type("a list of strings", value);
    if (value.size() > kLongestList) return fail(holds_too_many(field_.name, kLongestList));
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < value.size(); ++i) {
      const std::string place = below(pointer_, std::to_string(i));
      if (!value[i].is_string()) {
        add_error(reading_.errors, {place, "must be a string, not " + kind_of(value[i]), ""});
        continue;
      }
      texts.push_back(value[i].get<std::string>());
      if (auto sentence = check_bytes(texts.back(), field_.name); !sentence.empty()) {
        add_error(reading_.errors, {place, std::move(sentence), ""});
      }
    }
    if (field_.name == std::string_view("setup_commands")) {
      *member_of<std::optional<std::vector<std::string>>>(field_, request_) = std::move(texts);
    } else {
      *member_of<std::vector<std::string>>(field_, request_) = std::move(texts);
    }
  }

  void set_variables(const json& value) {
    if (!value.is_object()) return wrong_type("an object of names and values", value);
    if (value.size() > kLongestList) return fail(holds_too_many(field_.name, kLongestList));
    auto& variables = *member_of<std::map<std::string, std::string>>(field_, request_);
    for (const auto& [name, content] : value.items()) {
      const std::string place = below(pointer_, name);
      const auto text = scalar_text(content);
      std::string sentence = field_.check(name);
      if (sentence.empty() && !text)
        sentence = "must be a string, a number or a boolean, not " + kind_of(content);
      if (sentence.empty()) sentence = check_bytes(name + "=" + *text, name);
      if (!sentence.empty()) {
        add_error(reading_.errors, {place, std::move(sentence), ""});
      } else {
        variables[name] = *text;
      }
    }
  }

  void set_thresholds(const json& value) {
    if (!value.is_object()) return wrong_type("an object", value);
    SeverityThresholds thresholds;
    const std::map<std::string, double*> known = {{"critical", &thresholds.critical},
                                                  {"high", &thresholds.high},
                                                  {"medium", &thresholds.medium},
                                                  {"low", &thresholds.low}};
    for (const auto& [name, content] : value.items()) {
      const auto found = known.find(name);
      if (found == known.end()) {
        unknown_below(name, {"critical", "high", "medium", "low"});
      } else if (!content.is_number()) {
        add_error(reading_.errors, {below(pointer_, name), "must be a number, not " + kind_of(content), ""});
      } else if (const double share = content.get<double>(); !(share > 0 && share <= 1)) {
        add_error(reading_.errors, {below(pointer_, name), "must be more than 0 and at most 1", ""});
      } else {
        *found->second = share;
      }
    }
    *member_of<std::optional<SeverityThresholds>>(field_, request_) = thresholds;
  }

  void set_range(const json& value) {
    if (!value.is_object()) return wrong_type("an object with min and max", value);
    SeedRange range;
    for (const auto& [name, content] : value.items()) {
      const auto number = whole_number(content);
      if (name != "min" && name != "max") {
        unknown_below(name, {"min", "max"});
      } else if (!number) {
        add_error(reading_.errors,
                  {below(pointer_, name), "must be a whole number, not " + kind_of(content), ""});
      } else if (*number < 0) {
        add_error(reading_.errors, {below(pointer_, name), "must not be negative", ""});
      } else {
        (name == "min" ? range.min : range.max) = *number;
      }
    }
    *member_of<std::optional<SeedRange>>(field_, request_) = range;
  }

  void unknown_below(const std::string& name, const std::vector<std::string>& known) {
    add_error(reading_.errors, {below(pointer_, name),
                                "unknown field " + in_quotes(name) + did_you_mean(nearest(name, known)), ""});
  }

  const Field& field_;
  const std::string& pointer_;
  JobReading& reading_;
  JobRequest& request_;
};

}  // namespace

void read_field(const Field& field, const json& value, const std::string& pointer, UnknownFields unknown,
                JobReading& reading) {
  if (value.is_null()) return;
  const bool framework = field.name == std::string_view("framework");
  if (framework && unknown == UnknownFields::warn && value.is_string()) {
    const auto sentence = check_framework(value.get_ref<const std::string&>());
    if (!sentence.empty()) {
      reading.request.framework = "unknown";
      reading.request.warnings.push_back(sentence + "; 'unknown' was used");
      return;
    }
  }
  FieldReader(field, pointer, reading).read(value);
}

}  // namespace orchestrator
