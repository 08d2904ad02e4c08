// Pure; any thread.
#pragma once

#include <algorithm>

namespace orchestrator {

template <class List, class Value>
bool has(const List& list, const Value& wanted) {
  return std::find(list.begin(), list.end(), wanted) != list.end();
}

}  // namespace orchestrator
