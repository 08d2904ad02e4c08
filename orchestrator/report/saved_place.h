// A place in a report that came from elsewhere, or was edited by hand: what is read there has the type and
// the bounds that were asked for, or one sentence names the file and the place. Throws io::RequestError.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/analysis/condition.h"

namespace orchestrator {

// Bounds on what a report may hold.
inline constexpr std::size_t kMostSavedAttempts = 100'000, kMostSavedTests = 200'000;
inline constexpr std::size_t kMostSavedConditions = 1000;
inline constexpr int kLargestSavedIndex = 1'000'000;

class SavedPlace {
 public:
  // Both must outlive the place; `where` names the file.
  SavedPlace(const nlohmann::json& value, const std::string& where, std::string pointer = "")
      : value_(value), where_(where), pointer_(std::move(pointer)) {}

  [[noreturn]] void refuse(const std::string& why) const;

  SavedPlace at(const char* key) const;
  // Absent also where null stands: of reports that did not know the key, or had nothing to say.
  std::optional<SavedPlace> find(const char* key) const;
  bool is_null() const { return value_.is_null(); }
  const nlohmann::json& value() const { return value_; }

  void each(std::size_t most, const std::function<void(const SavedPlace&)>& fn) const;
  std::vector<std::string> texts(std::size_t most = kMostSavedTests) const;
  std::vector<int> numbers(std::size_t most = kMostSavedAttempts) const;  // 0 to kLargestSavedIndex

  std::string text(std::size_t longest = 4096) const;
  bool boolean() const;
  std::int64_t whole(std::int64_t least, std::int64_t most) const;
  int integer(int least, int most) const { return static_cast<int>(whole(least, most)); }
  int count() const { return integer(0, 1'000'000'000); }
  int count_or_zero(const char* key) const {  // a short form leaves out what is 0
    const auto said = find(key);
    return said ? said->count() : 0;
  }
  double number(double least, double most) const;

  // The one of `values` whose name() stands here; `what` they are: "an order of tests".
  template <class T>
  T choice(const char* what, std::initializer_list<T> values) const {
    const std::string said = text();
    for (const T value : values)
      if (said == name(value)) return value;
    refuse(std::string("is not ") + what);
  }

 private:
  const nlohmann::json& value_;
  const std::string& where_;
  std::string pointer_;
};

// The report's conditions, and the number of the one whose name stands at a place.
std::vector<Condition> read_conditions(const SavedPlace& list);
int condition_at(const SavedPlace& name, const std::vector<Condition>& conditions);

}  // namespace orchestrator
