#include "orchestrator/job/quoted.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace orchestrator {
namespace {

TEST(Quoted, HidesWhatATerminalWouldObey) { EXPECT_EQ(in_quotes("a\x1b[2J\n\x7f"), "'a?[2J?" "?'"); }

TEST(Quoted, IsShortAndWholeCharacters) {
  EXPECT_EQ(in_quotes(std::string(81, 'x')), "'" + std::string(80, 'x') + "…'");
  std::string accents = "x";
  while (accents.size() < 200) accents += "é";
  EXPECT_NO_THROW(nlohmann::json(in_quotes(accents)).dump());
}

TEST(Quoted, SuggestsOnlyWhatIsNear) {
  EXPECT_EQ(did_you_mean("runs"), " (did you mean 'runs'?)");
  EXPECT_EQ(did_you_mean(""), "");
}

TEST(Userinfo, IsTakenOutOfUrls) {
  const std::pair<const char*, const char*> urls[] = {
      {"https://user:secret@e.org/r", "https://e.org/r"},
      {"https://token@e.org", "https://e.org"},
      {"https://a@b@e.org/r", "https://e.org/r"},
      {"https://e.org/a@b", "https://e.org/a@b"},
      {"git@e.org:a/b", "git@e.org:a/b"},
      {"ssh://git@e.org:22/a", "ssh://git@e.org:22/a"},
      {"ssh://git:secret@e.org/a", "ssh://e.org/a"},
      {"/local/a@b", "/local/a@b"},
  };
  for (const auto& [from, to] : urls) EXPECT_EQ(without_userinfo(from), to);
}

}  // namespace
}  // namespace orchestrator
