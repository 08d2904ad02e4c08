#include "images/toolchains/toml_glance.h"

#include "sandbox/io/text.h"

namespace images {

namespace {

// Without the blanks and quotes that TOML allows around the parts of a dotted name.
std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char c : name)
    if (c != '"' && c != '\'' && c != ' ' && c != '\t') plain += c;
  return plain;
}

// The line without its comment; brackets that are open after it are added to `depth`. Quotes are respected
// within a line.
std::string_view scan_line(std::string_view line, int& depth) {
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote) {
      if (c == '\\' && quote == '"')
        ++i;
      else if (c == quote)
        quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#') {
      return line.substr(0, i);
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return line;
}

}  // namespace

TomlGlance::TomlGlance(std::string_view text) {
  std::string table, key;
  int depth = 0;  // of the brackets of a value that goes on over several lines
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (depth > 0) {
      (tables_[table][key] += io::trimmed(scan_line(line, depth))) += '\n';
      continue;
    }
    line = io::trimmed(line);
    if (line.starts_with("[")) {
      const bool array = line.starts_with("[[");
      const auto close = line.find(']');
      if (close == std::string_view::npos) continue;
      table = plain_name(line.substr(array ? 2 : 1, close - (array ? 2 : 1)));
      tables_[table];
      continue;
    }
    const auto equals = line.find('=');
    if (equals == std::string_view::npos || line.starts_with("#")) continue;
    key = plain_name(line.substr(0, equals));
    depth = 0;
    tables_[table][key] = io::trimmed(scan_line(line.substr(equals + 1), depth));
    if (depth < 0) depth = 0;
  }
}

bool TomlGlance::has_table(std::string_view name) const {
  for (const auto& [table, keys] : tables_) {
    if (table == name) return true;
    if (table.size() > name.size() && table.starts_with(name) && table[name.size()] == '.') return true;
  }
  return false;
}

std::vector<std::string> TomlGlance::keys(std::string_view table) const {
  std::vector<std::string> names;
  if (const auto found = tables_.find(table); found != tables_.end())
    for (const auto& [key, value] : found->second) names.push_back(key);
  return names;
}

std::string TomlGlance::value(std::string_view table, std::string_view key) const {
  const auto found = tables_.find(table);
  if (found == tables_.end()) return {};
  const auto entry = found->second.find(std::string(key));
  return entry == found->second.end() ? std::string() : entry->second;
}

}  // namespace images
