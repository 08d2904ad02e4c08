// What stands in a request's first line: a path of segments and a query, percent-encoded. Pure; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace orchestrator {

struct RequestTarget {
  std::string path;                          // as sent, without the query
  std::vector<std::string> segments;         // of the path, decoded; empty ones are left out
  std::map<std::string, std::string> query;  // decoded; the last of equal names
};

RequestTarget read_target(std::string_view target);

// "a=1&b=2", decoded; the last of equal names. A name without a value has an empty one.
std::map<std::string, std::string> read_query(std::string_view query);

// What a percent-encoded text says; '+' is a blank in a query. Broken escapes stay as they are.
std::string url_decoded(std::string_view text, bool in_query);

}  // namespace orchestrator
