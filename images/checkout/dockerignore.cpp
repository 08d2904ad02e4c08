#include "images/checkout/dockerignore.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "images/checkout/path_rules.h"
#include "sandbox/io/error.h"
#include "sandbox/io/text.h"

namespace images::checkout {
namespace {

using Token = DockerIgnore::Token;
using TokenKind = Token::Kind;

std::string_view trimmed(std::string_view text) { return io::trimmed(text, " \t\r\v\f"); }

// Without "." and doubled slashes, and with ".." gone where it undoes a folder; no slash at either end.
std::string cleaned(std::string_view pattern) {
  std::string path = std::filesystem::path(pattern).lexically_normal().string();
  if (path.size() > 1 && path.front() == '/') path.erase(0, 1);
  if (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

class PatternReader {
 public:
  explicit PatternReader(std::string_view pattern) : rest_(pattern) {}

  // Nothing when the pattern is malformed.
  std::optional<std::vector<Token>> read() {
    while (!rest_.empty())
      if (!read_one(take())) return std::nullopt;
    return std::move(tokens_);
  }

 private:
  char take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }
  bool next_is(char c) const { return !rest_.empty() && rest_.front() == c; }
  void add(TokenKind kind, char c = 0) { tokens_.push_back({kind, c}); }

  bool read_one(char c) {
    if (c == '*') {
      read_stars();
    } else if (c == '?') {
      add(TokenKind::any);
    } else if (c == '[') {
      return read_set();
    } else if (c == '\\') {
      if (rest_.empty()) return false;
      add(TokenKind::literal, take());
    } else {
      add(TokenKind::literal, c);
    }
    return true;
  }

  void read_stars() {
    if (!next_is('*')) return add(TokenKind::some);
    while (next_is('*')) take();
    if (next_is('/')) take();
    add(rest_.empty() ? TokenKind::everything : TokenKind::folders);
  }

  bool read_set() {
    Token set{TokenKind::set, 0, next_is('^')};
    if (set.negated) take();
    while (!next_is(']')) {
      const auto low = member();
      if (!low) return false;
      auto high = low;
      if (next_is('-')) {
        take();
        if (!(high = member())) return false;
      }
      set.ranges.emplace_back(*low, *high);
    }
    take();
    const bool sensible = !set.ranges.empty();
    tokens_.push_back(std::move(set));
    return sensible;
  }

  std::optional<char> member() {
    if (rest_.empty()) return std::nullopt;
    const char c = take();
    if (c == '-' || c == ']' || (c == '\\' && rest_.empty())) return std::nullopt;
    return c == '\\' ? take() : c;
  }

  std::string_view rest_;
  std::vector<Token> tokens_;
};

bool takes(const Token& token, char c) {
  switch (token.kind) {
    case TokenKind::literal:
      return c == token.character;
    case TokenKind::any:
      return c != '/';
    case TokenKind::set:
      return token.negated != std::any_of(token.ranges.begin(), token.ranges.end(), [c](const auto& range) {
               return range.first <= c && c <= range.second;
             });
    default:
      return false;
  }
}

// Which places in the text can be reached: one pass over it for each token, whatever the pattern.
bool matches_whole(const std::vector<Token>& tokens, const std::string& text) {
  const std::size_t end = text.size();
  std::vector<bool> places(end + 1);
  places[0] = true;
  for (const Token& token : tokens) {
    std::vector<bool> reached(end + 1);
    bool any = false, before = false;  // `before`: some place up to here was there
    for (std::size_t i = 0; i <= end; ++i) {
      bool here = false;
      switch (token.kind) {
        case TokenKind::some:
          before = places[i] || (before && text[i - 1] != '/');
          here = before;
          break;
        case TokenKind::folders:
          here = places[i] || (before && text[i - 1] == '/');
          before = before || places[i];
          break;
        case TokenKind::everything:
          before = before || places[i];
          here = before;
          break;
        default:
          here = i > 0 && places[i - 1] && takes(token, text[i - 1]);
      }
      reached[i] = here;
      any = any || here;
    }
    if (!any) return false;
    places = std::move(reached);
  }
  return places[end];
}

}  // namespace

DockerIgnore::DockerIgnore(std::string_view text, const std::string& name) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.starts_with('#')) continue;
    line = trimmed(line);
    const bool brings_back = line.starts_with('!');
    if (brings_back) line = trimmed(line.substr(1));
    if (line.empty()) continue;
    auto tokens = PatternReader(cleaned(line)).read();
    if (!tokens)
      throw io::RequestError("dockerfile: the pattern '" + printable(line) + "' of " + printable(name) +
                             " makes no sense");
    patterns_.push_back({std::move(*tokens), brings_back});
  }
}

bool DockerIgnore::ignores(const std::string& path) const {
  const Matches matched = matches(path);
  bool ignored = false;
  for (std::size_t i = 0; i < patterns_.size(); ++i)
    if (matched[i]) ignored = !patterns_[i].brings_back;
  return ignored;
}

DockerIgnore::Matches DockerIgnore::matches(const std::string& path) const {
  const auto slash = path.rfind('/');
  Matches matched =
      slash == std::string::npos ? Matches(patterns_.size()) : matches_of_folder(path.substr(0, slash));
  for (std::size_t i = 0; i < patterns_.size(); ++i)
    if (!matched[i]) matched[i] = matches_whole(patterns_[i].tokens, path);
  return matched;
}

const DockerIgnore::Matches& DockerIgnore::matches_of_folder(const std::string& folder) const {
  const auto known = folders_.find(folder);
  if (known != folders_.end()) return known->second;
  Matches matched = matches(folder);
  return folders_.emplace(folder, std::move(matched)).first->second;
}

}  // namespace images::checkout
