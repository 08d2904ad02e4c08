// The flags of one command, as its parser knows them and as its help tells them. The only place that knows
// CLI11. Made and used while the command line is parsed.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/cli/help_text.h"
#include "orchestrator/job/job.h"

namespace orchestrator {

class FlagSet {
 public:
  // `target`s must outlive the set.
  FlagSet();
  ~FlagSet();

  // `names` as in "-v,--verbose": the first of them stands in messages. `value` is its name in the help.
  void text(const std::string& group, const std::string& names, const std::string& value,
            const std::string& about,
            std::string& target);  // at most once
  void list(const std::string& group, const std::string& names, const std::string& value,
            const std::string& about, std::vector<std::string>& target);
  // Without a value the flag has this one. Another word than a flag behind it is its value.
  void may_stand_alone(const std::string& name, const std::string& value);
  void on(const std::string& group, const std::string& names, const std::string& about, bool& target);
  void count(const std::string& group, const std::string& names, const std::string& about, int& target);

  // Flags and words that nobody knows are no mistakes: they are meant for somebody else.
  void ignore_unknown();

  struct Parsed {
    std::vector<FieldError> errors;
    std::vector<std::string> words;    // neither flag nor value, as many as are expected
    bool complete = true;              // false: a value is missing, and nothing else was read
    std::vector<std::string> ignored;  // see ignore_unknown()
    std::optional<std::string> stray;  // the first beyond those; what follows it is not looked at
  };
  Parsed parse(std::vector<std::string> words, std::size_t expected_words);

  const std::vector<HelpEntry>& entries() const;

 private:
  struct State;  // keeps CLI11 out of the header
  std::unique_ptr<State> state_;
};

}  // namespace orchestrator
