// One thing that `doctor` found out about this host.
#pragma once

#include <string>

namespace orchestrator {

struct Finding {
  enum class Level { good, warning, missing };

  Level level = Level::good;
  std::string subject;
  std::string text;
  std::string remedy;  // what to do, when it is not good
};

}  // namespace orchestrator
