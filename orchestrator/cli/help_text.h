// Help as text of 80 columns.
#pragma once

#include <string>
#include <vector>

namespace orchestrator {

struct HelpEntry {
  std::string group;  // entries of one group stand together, under its name
  std::string left;   // "--runs N"
  std::string about;
};

struct HelpPage {
  std::string usage;  // without "Usage: "
  std::string about;  // a sentence or two
  std::vector<HelpEntry> entries;
  std::vector<std::string> examples;
};

std::string help_text(const HelpPage& page);

}  // namespace orchestrator
