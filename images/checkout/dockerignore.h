// Which files a Dockerfile's context holds, by the rules of .dockerignore: a pattern a line, of which the
// last that matches a path, or a folder above it, decides; "!pattern" brings back. `*` and `?` stay within a
// name,
// `**` is any number of folders, `[a-z]` one of some characters, `\` takes the next as it is. A line that
// begins with '#' says nothing. Every pattern is about a path from the root. One thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace images::checkout {

class DockerIgnore {
 public:
  DockerIgnore() = default;  // ignores nothing
  // Throws io::RequestError for a pattern that makes no sense; `name` is the file's, for that message.
  DockerIgnore(std::string_view text, const std::string& name);

  bool ignores(const std::string& path) const;

  // A part of a pattern.
  struct Token {
    enum class Kind {
      literal,
      any,         // but '/'
      some,        // any number of those
      set,         // one of `ranges`, or none of them
      folders,     // nothing, or anything that ends in '/'
      everything,  // at the end
    };
    Kind kind;
    char character = 0;
    bool negated = false;
    std::vector<std::pair<char, char>> ranges = {};
  };

 private:
  struct Pattern {
    std::vector<Token> tokens;
    bool brings_back = false;
  };
  using Matches = std::vector<bool>;  // by pattern

  Matches matches(const std::string& path) const;
  const Matches& matches_of_folder(const std::string& folder) const;

  std::vector<Pattern> patterns_;
  mutable std::map<std::string, Matches> folders_;  // found out already
};

}  // namespace images::checkout
