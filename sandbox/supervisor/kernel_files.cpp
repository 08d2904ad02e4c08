#include "sandbox/supervisor/kernel_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <string_view>

#include "sandbox/io/fd.h"

namespace supervisor {
namespace {

constexpr std::size_t kMostText = 16 * 1024;

std::string_view read_text(const char* path) {
  static char text[kMostText];
  const io::Fd file(::open(path, O_RDONLY | O_CLOEXEC));
  std::size_t length = 0;
  while (file && length < sizeof text) {
    const ssize_t count = ::read(file.get(), text + length, sizeof text - length);
    if (count <= 0) break;
    length += static_cast<std::size_t>(count);
  }
  return {text, length};
}

std::string_view take_until(std::string_view& text, char end) {
  const std::string_view taken = text.substr(0, text.find(end));
  text.remove_prefix(taken.size() < text.size() ? taken.size() + 1 : taken.size());
  return taken;
}

std::int64_t parse(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  if (text.empty() || text.front() < '0' || text.front() > '9') return -1;
  std::int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') break;
    if (value > INT64_MAX / 10 - 1) return INT64_MAX;
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace

std::int64_t number_in(const char* path) { return parse(read_text(path)); }

std::int64_t number_after(const char* path, const char* key) {
  const std::string_view wanted = key;
  for (std::string_view text = read_text(path); !text.empty();) {
    const std::string_view line = take_until(text, '\n');
    const std::string_view rest = line.substr(wanted.size() < line.size() ? wanted.size() : line.size());
    const bool whole_word = !rest.empty() && (rest.front() == ' ' || rest.front() == '\t');
    if (whole_word && line.substr(0, wanted.size()) == wanted) return parse(rest);
  }
  return -1;
}

std::int64_t number_under(const char* path, const char* family, const char* column) {
  const std::string_view wanted = family;
  std::string_view names;
  for (std::string_view text = read_text(path); !text.empty();) {
    std::string_view line = take_until(text, '\n');
    if (line.substr(0, wanted.size()) != wanted) continue;
    if (names.empty()) {
      names = line;
      continue;
    }
    while (!names.empty() && !line.empty()) {
      const std::string_view name = take_until(names, ' ');
      const std::string_view value = take_until(line, ' ');
      if (name == column) return parse(value);
    }
    return -1;
  }
  return -1;
}

}  // namespace supervisor
