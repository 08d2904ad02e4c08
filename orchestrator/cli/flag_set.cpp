#include "orchestrator/cli/flag_set.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <deque>
#include <map>

#include "orchestrator/job/quoted.h"

namespace orchestrator {

using Words = std::vector<std::string>;

struct FlagSet::State {
  struct Text {
    std::string name;
    Words given;
    std::string* target;
  };

  CLI::App app;
  std::deque<Text> texts;  // the parser keeps references into it
  Words known;
  Words switches;                            // of those, the ones without a value
  std::map<std::string, std::string> alone;  // of those, the ones that may be without
  std::vector<HelpEntry> entries;
  bool ignores_unknown = false;

  void remember(const std::string& group, const std::string& names, const std::string& value,
                const std::string& about) {
    const Words spellings = CLI::detail::split(names, ',');
    known.insert(known.end(), spellings.begin(), spellings.end());
    const bool short_and_long = spellings.size() == 2 && spellings[0].size() == 2;
    std::string left = short_and_long ? spellings[0] + ", " + spellings[1] : spellings[0];
    if (!value.empty()) left += " " + value;
    entries.push_back({group, std::move(left), about});
    if (value.empty()) switches.insert(switches.end(), spellings.begin(), spellings.end());
  }

  // The parser would take "--verbose=5" for a number of times, and others for a truth.
  void refuse_switch_values(Words& words, Parsed& parsed) const {
    std::erase_if(words, [&](const std::string& word) {
      const std::string name = word.substr(0, word.find('='));
      const bool refused =
          name != word && std::find(switches.begin(), switches.end(), name) != switches.end();
      if (refused) parsed.errors.push_back({name, "takes no value", ""});
      return refused;
    });
  }

  void complete(Words& words) const {
    for (std::size_t i = 0; i < words.size(); ++i) {
      const auto found = alone.find(words[i]);
      const bool last = i + 1 == words.size() || words[i + 1].starts_with('-');
      if (found != alone.end() && last) words[i] += "=" + found->second;
    }
  }

  void take_values(const std::string& names, Words& given) {
    app.add_option(names, given)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }

  bool is_flag(const std::string& word) const {
    return std::find(known.begin(), known.end(), word) != known.end();
  }

  Words long_flags() const {
    Words flags;
    for (const auto& flag : known) {
      if (flag.rfind("--", 0) == 0) flags.push_back(flag);
    }
    return flags;
  }

  void read_texts(Parsed& parsed) {
    for (const auto& text : texts) {
      if (text.given.empty()) continue;
      const std::string& value = text.given.front();
      if (text.given.size() > 1) {
        parsed.errors.push_back({text.name, "is given more than once", ""});
      } else if (value.empty() || is_flag(value)) {
        parsed.errors.push_back({text.name, "needs a value", ""});
      } else {
        *text.target = value;
      }
    }
  }

  // A word behind an unknown flag is taken for its value.
  void read_rest(Parsed& parsed, std::size_t expected_words) {
    if (ignores_unknown) {
      parsed.ignored = app.remaining();
      return;
    }
    bool after_unknown = false;
    for (const auto& word : app.remaining()) {
      const bool flag = word.size() > 1 && word[0] == '-';
      if (!flag && !after_unknown) {
        if (parsed.words.size() < expected_words) {
          parsed.words.push_back(word);
          continue;
        }
        parsed.stray = word;
        return;
      }
      after_unknown = false;
      if (!flag) continue;
      const std::string name = word.substr(0, word.find('='));
      parsed.errors.push_back(
          {name, "is no flag of this command" + did_you_mean(nearest(name, long_flags())), ""});
      after_unknown = name == word;
    }
  }
};

FlagSet::FlagSet() : state_(std::make_unique<State>()) {
  state_->app.set_help_flag("");
  state_->app.allow_extras();
}
FlagSet::~FlagSet() = default;

void FlagSet::text(const std::string& group, const std::string& names, const std::string& value,
                   const std::string& about, std::string& target) {
  state_->remember(group, names, value, about);
  state_->texts.push_back({names.substr(0, names.find(',')), {}, &target});
  state_->take_values(names, state_->texts.back().given);
}

void FlagSet::list(const std::string& group, const std::string& names, const std::string& value,
                   const std::string& about, Words& target) {
  state_->remember(group, names, value, about);
  state_->take_values(names, target);
}

void FlagSet::may_stand_alone(const std::string& name, const std::string& value) {
  state_->alone[name] = value;
}

void FlagSet::ignore_unknown() { state_->ignores_unknown = true; }

void FlagSet::on(const std::string& group, const std::string& names, const std::string& about, bool& target) {
  state_->remember(group, names, "", about);
  state_->app.add_flag(names, target)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

void FlagSet::count(const std::string& group, const std::string& names, const std::string& about,
                    int& target) {
  state_->remember(group, names, "", about);
  state_->app.add_flag(names, target);
}

FlagSet::Parsed FlagSet::parse(Words words, std::size_t expected_words) {
  Parsed parsed;
  state_->refuse_switch_values(words, parsed);
  state_->complete(words);
  std::reverse(words.begin(), words.end());  // as CLI11 takes them
  try {
    state_->app.parse(words);
  } catch (const CLI::ParseError& error) {
    parsed.complete = false;
    // "--runs: 1 required TEXT missing"
    const std::string what = error.what();
    const auto colon = what.find(':');
    const bool missing = colon != std::string::npos && what.find("missing") != std::string::npos;
    parsed.errors.push_back(missing ? FieldError{what.substr(0, colon), "needs a value", ""}
                                    : FieldError{"", what, ""});
    return parsed;
  }
  state_->read_rest(parsed, expected_words);
  state_->read_texts(parsed);
  return parsed;
}

const std::vector<HelpEntry>& FlagSet::entries() const { return state_->entries; }

}  // namespace orchestrator
