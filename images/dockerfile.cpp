#include "images/dockerfile.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "sandbox/io/text.h"

namespace images {

namespace {

// "# escape=`": what continues a line. Directives stand before everything else.
char escape_of(std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = io::trimmed(text.substr(0, end));
    if (!line.starts_with('#')) break;
    const std::string directive = io::lower(line.substr(1));
    const auto equals = directive.find('=');
    if (equals == std::string::npos) break;
    const auto value = io::trimmed(std::string_view(directive).substr(equals + 1));
    if (io::trimmed(std::string_view(directive).substr(0, equals)) == "escape" && value == "`") return '`';
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return '\\';
}

// Instructions as one line each, without comments and blank lines.
std::vector<std::string> instructions_of(std::string_view text) {
  const char escape = escape_of(text);
  std::vector<std::string> instructions;
  std::string so_far;
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = io::trimmed(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.empty() || line.starts_with('#')) continue;
    const bool goes_on = line.back() == escape;
    if (goes_on) line.remove_suffix(1);
    so_far.append(line);
    if (goes_on) continue;
    instructions.push_back(std::exchange(so_far, ""));
  }
  if (!so_far.empty()) instructions.push_back(std::move(so_far));
  return instructions;
}

using Variables = std::map<std::string, std::string>;

// Takes "NAME", "{NAME}", "{NAME:-word}" or "{NAME:+word}" from the front of what follows a '$'; nothing for
// anything else.
std::optional<std::string> take_variable(std::string_view& text, const Variables& variables) {
  const bool braced = text.starts_with('{');
  const auto close = braced ? text.find('}') : std::string_view::npos;
  if (braced && close == std::string_view::npos) return std::nullopt;
  std::string_view inside = braced ? text.substr(1, close - 1) : text;
  std::size_t length = 0;
  while (length < inside.size() &&
         (std::isalnum(static_cast<unsigned char>(inside[length])) || inside[length] == '_'))
    ++length;
  if (length == 0) return std::nullopt;
  const auto found = variables.find(std::string(inside.substr(0, length)));
  std::string value = found == variables.end() ? "" : found->second;
  if (!braced) {
    text.remove_prefix(length);
    return value;
  }
  text.remove_prefix(close + 1);
  inside.remove_prefix(length);
  if (inside.empty()) return value;
  if (inside.starts_with(":-")) return value.empty() ? std::string(inside.substr(2)) : value;
  if (inside.starts_with(":+")) return value.empty() ? "" : std::string(inside.substr(2));
  return std::nullopt;
}

// A word with its variables replaced and its quotes gone; nothing when that cannot be done.
std::optional<std::string> resolved(std::string_view word, const Variables& variables) {
  std::string result;
  while (!word.empty()) {
    const char c = word.front();
    word.remove_prefix(1);
    if (c == '"' || c == '\'') continue;
    if (c == '\\') return std::nullopt;
    if (c != '$') {
      result += c;
      continue;
    }
    const auto value = take_variable(word, variables);
    if (!value) return std::nullopt;
    result += *value;
  }
  return result;
}

class DockerfileReader {
 public:
  explicit DockerfileReader(const sandbox::EnvList& args) {
    for (const auto& [name, value] : args) said_[name] = value;
  }

  void read(const std::string& instruction) {
    const auto words = io::words(instruction);
    if (words.empty()) return;
    const std::string what = io::lower(words[0]);
    if (what == "arg") {
      for (std::size_t i = 1; i < words.size(); ++i) argument(words[i]);
    } else if (what == "from") {
      from(words);
    } else if (what == "copy") {
      for (std::size_t i = 1; i < words.size() && words[i].starts_with("--"); ++i)
        if (words[i].starts_with("--from=")) add(words[i].substr(7), {});
    }
  }

  std::vector<std::string> take() { return std::move(images_); }
  bool declares(const std::string& name) const { return declared_.contains(name); }

 private:
  void argument(const std::string& word) {
    const auto equals = word.find('=');
    const std::string name = word.substr(0, equals);
    declared_.insert(name);
    if (stages_ > 0) return;
    if (const auto said = said_.find(name); said != said_.end())
      variables_[name] = said->second;
    else if (equals != std::string::npos)
      variables_[name] = resolved(std::string_view(word).substr(equals + 1), variables_).value_or("");
  }

  void from(const std::vector<std::string>& words) {
    std::size_t i = 1;
    while (i < words.size() && words[i].starts_with("--")) ++i;
    if (i < words.size()) add(words[i], variables_);
    if (i + 2 < words.size() && io::lower(words[i + 1]) == "as") names_.insert(io::lower(words[i + 2]));
    ++stages_;
  }

  void add(const std::string& word, const Variables& variables) {
    const auto name = resolved(word, variables);
    if (!name || name->empty() || *name == "scratch" || names_.contains(io::lower(*name))) return;
    if (name->find_first_not_of("0123456789") == std::string::npos) return;  // a stage by its number
    if (std::find(images_.begin(), images_.end(), *name) == images_.end()) images_.push_back(*name);
  }

  Variables said_, variables_;
  std::set<std::string> names_;  // of stages
  std::set<std::string> declared_;
  int stages_ = 0;
  std::vector<std::string> images_;
};

DockerfileReader read_dockerfile(std::string_view text, const sandbox::EnvList& args) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  DockerfileReader reader(args);
  for (const auto& instruction : instructions_of(text)) reader.read(instruction);
  return reader;
}

}  // namespace

std::vector<std::string> images_named_by(std::string_view dockerfile, const sandbox::EnvList& args) {
  return read_dockerfile(dockerfile, args).take();
}

std::vector<std::string> undeclared_arguments(std::string_view dockerfile, const sandbox::EnvList& args) {
  const DockerfileReader reader = read_dockerfile(dockerfile, args);
  std::vector<std::string> undeclared;
  for (const auto& [name, value] : args)
    if (!reader.declares(name) && !io::lower(name).ends_with("_proxy")) undeclared.push_back(name);
  return undeclared;
}

}  // namespace images
