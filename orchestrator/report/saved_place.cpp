#include "orchestrator/report/saved_place.h"

#include <fmt/format.h>

#include <algorithm>

#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

constexpr int kMostRepeats = 100;

Condition condition_from(const SavedPlace& place) {
  Condition condition;
  condition.name = place.at("name").text();
  condition.order = place.at("order").choice(
      "an order of tests", {TestOrder::written, TestOrder::reversed, TestOrder::shuffled, TestOrder::listed});
  condition.repeat = place.at("repeat").integer(1, kMostRepeats);
  condition.tests = place.at("tests").texts();
  if (const auto files = place.find("files")) condition.files = files->texts();
  return condition;
}

}  // namespace

void SavedPlace::refuse(const std::string& why) const {
  throw io::RequestError(fmt::format("{}: {} {}", where_, pointer_.empty() ? "the report" : pointer_, why));
}

SavedPlace SavedPlace::at(const char* key) const {
  if (!value_.is_object()) refuse("must be an object");
  const auto found = value_.find(key);
  if (found == value_.end()) SavedPlace(value_, where_, pointer_ + "/" + key).refuse("is missing");
  return {*found, where_, pointer_ + "/" + key};
}

std::optional<SavedPlace> SavedPlace::find(const char* key) const {
  if (!value_.is_object()) refuse("must be an object");
  const auto found = value_.find(key);
  if (found == value_.end() || found->is_null()) return std::nullopt;
  return SavedPlace(*found, where_, pointer_ + "/" + key);
}

void SavedPlace::each(std::size_t most, const std::function<void(const SavedPlace&)>& fn) const {
  if (!value_.is_array()) refuse("must be a list");
  if (value_.size() > most) refuse(fmt::format("has more than {} entries", most));
  for (std::size_t i = 0; i < value_.size(); ++i)
    fn(SavedPlace(value_[i], where_, fmt::format("{}/{}", pointer_, i)));
}

std::vector<std::string> SavedPlace::texts(std::size_t most) const {
  std::vector<std::string> texts;
  each(most, [&](const SavedPlace& place) { texts.push_back(place.text()); });
  return texts;
}

std::vector<int> SavedPlace::numbers(std::size_t most) const {
  std::vector<int> numbers;
  each(most, [&](const SavedPlace& place) { numbers.push_back(place.integer(0, kLargestSavedIndex)); });
  return numbers;
}

std::string SavedPlace::text(std::size_t longest) const {
  if (!value_.is_string()) refuse("must be a string");
  const auto& text = value_.get_ref<const std::string&>();
  if (text.size() > longest) refuse(fmt::format("is longer than {} bytes", longest));
  return text;
}

bool SavedPlace::boolean() const {
  if (!value_.is_boolean()) refuse("must be true or false");
  return value_.get<bool>();
}

std::int64_t SavedPlace::whole(std::int64_t least, std::int64_t most) const {
  const bool fits = value_.is_number_integer() &&
                    (!value_.is_number_unsigned() || value_.get<std::uint64_t>() <= std::uint64_t(INT64_MAX));
  if (!fits || value_.get<std::int64_t>() < least || value_.get<std::int64_t>() > most)
    refuse(fmt::format("must be a whole number between {} and {}", least, most));
  return value_.get<std::int64_t>();
}

double SavedPlace::number(double least, double most) const {
  if (!value_.is_number() || !(value_.get<double>() >= least && value_.get<double>() <= most))
    refuse(fmt::format("must be a number between {} and {}", least, most));
  return value_.get<double>();
}

std::vector<Condition> read_conditions(const SavedPlace& list) {
  std::vector<Condition> conditions;
  list.each(kMostSavedConditions,
            [&](const SavedPlace& place) { conditions.push_back(condition_from(place)); });
  return conditions;
}

int condition_at(const SavedPlace& name, const std::vector<Condition>& conditions) {
  const std::string said = name.text();
  const auto found = std::find_if(conditions.begin(), conditions.end(),
                                  [&](const Condition& each) { return each.name == said; });
  if (found == conditions.end()) name.refuse("is none of the report's conditions");
  return static_cast<int>(found - conditions.begin());
}

}  // namespace orchestrator
