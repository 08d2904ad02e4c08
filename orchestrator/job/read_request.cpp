#include "orchestrator/job/read_request.h"

#include "orchestrator/job/json_values.h"
#include "orchestrator/job/quoted.h"
#include "orchestrator/job/read_field.h"

namespace orchestrator {
namespace {

using nlohmann::json;

// Why a field that exists may not stand here; empty when its name is not known at all.
std::string misplaced(const std::string& key, std::string_view group, Place place) {
  const Field* field = find_field(key);
  if (key == kLimits && place == in_repository) {
    return "'limits' may not be set by the repository; use --memory, --cpus, --pids, …";
  }
  if (!field) return "";
  if (place == in_repository) {
    const bool variables = key == "env";
    const std::string instead =
        std::string("use ") + field->flag + (variables ? ", or 'environment' here" : "");
    return in_quotes(key) + " may not be set by the repository; " + instead;
  }
  if (field->places & place) {
    return std::string(field->group).empty() ? in_quotes(key) + " stands beside 'limits', not in it"
           : group.empty()                   ? in_quotes(key) + " belongs into 'limits'"
                                             : "";
  }
  if (place == in_user) return in_quotes(key) + " may not be set in the user's config, only by each job";
  if (field->places & (in_repository | in_user)) {
    return in_quotes(key) + " is no field of a job; it is set in " + kRepositoryConfig;
  }
  return in_quotes(key) + " is no field of a job; use " + field->flag;
}

class ObjectReader {
 public:
  ObjectReader(Place place, UnknownFields unknown, JobReading& reading)
      : place_(place), unknown_(unknown), reading_(reading) {}

  void read(const json& object, const std::string& pointer, std::string_view group) {
    for (const auto& [key, value] : object.items()) {
      const std::string place = below(pointer, key);
      const Field* field = find_field(key);
      if (group.empty() && key == kLimits && !field_names(place_, kLimits).empty()) {
        read_limits(value, place);
      } else if (field && (field->places & place_) && group == field->group) {
        read_field(*field, value, place, unknown_, reading_);
      } else {
        refuse(key, place, group);
      }
    }
  }

 private:
  void read_limits(const json& value, const std::string& pointer) {
    if (value.is_object()) return read(value, pointer, kLimits);
    if (value.is_null()) return;
    add_error(reading_.errors, {pointer, "limits must be an object, not " + kind_of(value), ""});
  }

  void refuse(const std::string& key, const std::string& pointer, std::string_view group) {
    if (refused_++ > kMostErrors) return;  // it was said that there are more
    std::string sentence = misplaced(key, group, place_);
    if (sentence.empty()) {
      sentence = "unknown field " + in_quotes(key) + did_you_mean(nearest(key, field_names(place_, group)));
    }
    if (unknown_ == UnknownFields::error) {
      add_error(reading_.errors, {pointer, std::move(sentence), ""});
    } else if (refused_ > kMostErrors) {
      reading_.request.warnings.push_back("more fields than these were ignored");
    } else {
      reading_.request.warnings.push_back(sentence + "; it was ignored");
    }
  }

  Place place_;
  UnknownFields unknown_;
  JobReading& reading_;
  std::size_t refused_ = 0;
};

}  // namespace

void read_request(const json& object, Place place, UnknownFields unknown, JobReading& reading) {
  ObjectReader(place, unknown, reading).read(object, "", "");
}

}  // namespace orchestrator
