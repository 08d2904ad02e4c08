#include "images/checkout/path_rules.h"

#include <strings.h>

#include "sandbox/io/error.h"

namespace images::checkout {
namespace {

bool is_dot_git(std::string_view name) {
  return name.size() == 4 && ::strncasecmp(name.data(), ".git", 4) == 0;
}

}  // namespace

void check_name(std::string_view name, std::string_view folder) {
  const bool hostile = name.empty() || name == "." || name == ".." || is_dot_git(name) ||
                       name.find_first_of(std::string_view("/\0", 2)) != std::string_view::npos;
  if (hostile)
    throw io::RequestError("the repository holds an entry named '" + printable(name) + "' in '" +
                           printable(folder) + "', which no working copy can have; it is refused");
  if (folder.size() + 1 + name.size() > kLongestPath)
    throw io::RequestError("the repository holds a path longer than 4000 bytes: " + printable(folder));
}

void check_path(std::string_view path) {
  std::size_t start = 0;
  while (true) {
    const std::size_t slash = path.find('/', start);
    check_name(path.substr(start, slash == std::string_view::npos ? slash : slash - start),
               path.substr(0, start == 0 ? 0 : start - 1));
    if (slash == std::string_view::npos) return;
    start = slash + 1;
  }
}

std::string printable(std::string_view path) {
  static constexpr char kDigits[] = "0123456789abcdef";
  constexpr std::size_t kMost = 200;
  std::string text;
  for (unsigned char byte : path.substr(0, kMost)) {
    if (byte >= 0x20 && byte < 0x7f) {
      text += static_cast<char>(byte);
    } else {
      text += "\\x";
      text += kDigits[byte >> 4];
      text += kDigits[byte & 15];
    }
  }
  return path.size() > kMost ? text + "…" : text;
}

}  // namespace images::checkout
