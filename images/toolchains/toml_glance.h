// A glance at a TOML file: which tables it has, which keys a table has, the raw text of a value. Enough to
// choose how to install; the values themselves are read inside the container by a real parser. Never throws;
// text that is no TOML simply has nothing.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace images {

class TomlGlance {
 public:
  explicit TomlGlance(std::string_view text);

  bool has_table(std::string_view name) const;  // "project", also when only "project.scripts" is written
  std::vector<std::string> keys(std::string_view table) const;
  // The raw text right of "key =", all lines of a multi-line array included; empty when absent.
  std::string value(std::string_view table, std::string_view key) const;

 private:
  std::map<std::string, std::map<std::string, std::string>, std::less<>> tables_;
};

}  // namespace images
