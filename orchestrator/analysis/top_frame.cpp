#include "orchestrator/analysis/top_frame.h"

#include <algorithm>
#include <array>

#include "orchestrator/analysis/log_text.h"

namespace orchestrator {
namespace {

constexpr int kMostLines = 500;
constexpr std::size_t kLongestLine = 1000;

constexpr std::array<std::string_view, 32> kExtensions = {
    "py", "js",  "jsx",   "mjs",    "cjs", "ts", "tsx", "mts",   "cts", "vue", "java",
    "kt", "kts", "scala", "groovy", "clj", "go", "php", "rb",    "rs",  "cs",  "fs",
    "vb", "c",   "cc",    "cpp",    "cxx", "h",  "hpp", "swift", "ex",  "exs"};

constexpr std::array<std::string_view, 26> kOfLibraries = {
    "node_modules/", "site-packages/",    "dist-packages/", "/vendor/",        "node:",
    "<frozen ",      "/usr/lib/",         "/usr/local/lib", "/usr/local/go/",  "/go/pkg/mod/",
    "(internal/",    "at java.",          "at java.base/",  "at javax.",       "at jdk.",
    "at sun.",       "at org.junit",      "at junit.",      "at org.hamcrest", "at org.assertj",
    "at org.testng", "at org.opentest4j", "at kotlin.",     "at scala.",       "at org.apache.maven",
    "at org.gradle"};

bool is_path(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("._-/\\+@$~").find(c) != std::string_view::npos ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool is_source(std::string_view path) {
  const std::size_t point = path.rfind('.');
  return point != std::string_view::npos && point > 0 &&
         std::find(kExtensions.begin(), kExtensions.end(), path.substr(point + 1)) != kExtensions.end();
}

bool is_of_library(std::string_view line) {
  return std::any_of(kOfLibraries.begin(), kOfLibraries.end(),
                     [&](std::string_view mark) { return line.find(mark) != std::string_view::npos; });
}

std::string_view digits_at(std::string_view line, std::size_t at) {
  std::size_t end = at;
  while (end < line.size() && is_digit(line[end]) && end - at < 9) ++end;
  return line.substr(at, end - at);
}

// "at com.shop.CartTest.total(" → "com.shop.CartTest.total"; "at total (file:" → "total"
std::string_view function_before(std::string_view start) {
  constexpr std::string_view kScheme = "file:";
  if (start.ends_with(kScheme)) start.remove_suffix(kScheme.size());
  if (!start.ends_with('(')) return {};
  start = trimmed(start.substr(0, start.size() - 1));
  if (start.starts_with("at ")) start.remove_prefix(3);
  return start.find(' ') == std::string_view::npos ? start : std::string_view();
}

TopFrame frame(std::string_view path, std::string_view number, std::string_view function) {
  return {std::string(in_repository(path)) + ":" + std::string(number), std::string(function)};
}

// `  File "tests/test_a.py", line 14, in test_total`
TopFrame python_frame(std::string_view line) {
  constexpr std::string_view kFile = "File \"", kLine = "\", line ", kIn = ", in ";
  const std::size_t file = line.find(kFile), middle = line.find(kLine);
  if (file == std::string_view::npos || middle == std::string_view::npos || middle < file + kFile.size())
    return {};
  const std::string_view number = digits_at(line, middle + kLine.size());
  if (number.empty()) return {};
  const std::size_t in = line.find(kIn, middle);
  return frame(line.substr(file + kFile.size(), middle - file - kFile.size()), number,
               in == std::string_view::npos ? std::string_view() : trimmed(line.substr(in + kIn.size())));
}

// "path.ext:14" anywhere in the line.
TopFrame any_frame(std::string_view line) {
  for (std::size_t colon = line.find(':'); colon != std::string_view::npos;
       colon = line.find(':', colon + 1)) {
    const std::string_view number = digits_at(line, colon + 1);
    std::size_t start = colon;
    while (start > 0 && is_path(line[start - 1])) --start;
    const std::string_view path = line.substr(start, colon - start);
    if (!number.empty() && is_source(path))
      return frame(path, number, function_before(line.substr(0, start)));
  }
  return {};
}

}  // namespace

TopFrame top_frame(std::string_view trace) {
  TopFrame last;  // Python writes the innermost frame last
  for (int lines = 0; lines < kMostLines && !trace.empty(); ++lines) {
    const std::string_view whole = trace.substr(0, trace.find('\n'));
    trace.remove_prefix(std::min(whole.size() + 1, trace.size()));
    const std::string_view line = whole.substr(0, kLongestLine);
    if (is_of_library(line)) continue;
    TopFrame found = python_frame(line);
    if (found.location.empty()) found = any_frame(line);
    if (found.location.empty()) continue;
    if (found.location.find(".py:") == std::string::npos) return found;
    last = std::move(found);
  }
  return last;
}

}  // namespace orchestrator
