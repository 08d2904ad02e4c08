#include "orchestrator/run/secret_mask.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "sandbox/io/text.h"

namespace orchestrator {

namespace {

constexpr std::size_t kShortestLine = 4;

void add_lines(const std::string& value, std::vector<std::string>& forms) {
  std::istringstream lines(value);
  for (std::string line; std::getline(lines, line);)
    if (const auto words = io::trimmed(line); words.size() >= kShortestLine) forms.emplace_back(words);
}

std::string escaped(const std::string& value, bool only_ascii) {
  const std::string quoted =
      nlohmann::json(value).dump(-1, ' ', only_ascii, nlohmann::json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

// As Python writes a text between quotes, which is how pytest shows what it compared: single ones stand with
// a backslash only where the text has double ones, too. `beyond` stands before the number of a byte that is
// not ASCII: "\\x" in bytes, "\\udc" in a text where it is no UTF-8; empty: the byte itself.
std::string python_repr(const std::string& value, std::string_view beyond) {
  const bool both = value.find('\'') != std::string::npos && value.find('"') != std::string::npos;
  std::string text;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\\' || (both && c == '\''))
      text += {'\\', c};
    else if (c == '\n' || c == '\r' || c == '\t')
      text += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
    else if (byte < 0x20 || byte == 0x7F)
      text += fmt::format("\\x{:02x}", byte);
    else if (byte > 0x7F && !beyond.empty())
      text += fmt::format("{}{:02x}", beyond, byte);
    else
      text += c;
  }
  return text;
}

}  // namespace

std::vector<std::string> secret_forms(const std::vector<std::string>& values) {
  std::vector<std::string> forms = values;
  for (const std::string& value : values) add_lines(value, forms);
  for (std::size_t i = 0, plain = forms.size(); i < plain; ++i) {
    for (const bool only_ascii : {true, false}) forms.push_back(escaped(forms[i], only_ascii));
    for (const char* beyond : {"", "\\x", "\\udc"}) forms.push_back(python_repr(forms[i], beyond));
  }
  std::sort(forms.begin(), forms.end());
  forms.erase(std::unique(forms.begin(), forms.end()), forms.end());
  return forms;
}

SecretMask::SecretMask(std::vector<std::string> secrets) : secrets_(std::move(secrets)) {
  std::erase(secrets_, "");
  std::sort(secrets_.begin(), secrets_.end(),
            [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

std::string SecretMask::feed(std::string_view bytes) {
  if (secrets_.empty()) return std::string(bytes);
  pending_.append(bytes);
  return take(false);
}

std::string SecretMask::take(bool last) {
  std::string safe;
  std::size_t at = 0;
  // Where each comes next: sought anew only once it was passed, so that many of one do not make many searches
  // for another.
  std::vector<std::size_t> next;
  for (const auto& secret : secrets_) next.push_back(pending_.find(secret));
  while (true) {
    const auto first = std::min_element(next.begin(), next.end());
    if (*first == std::string::npos || (!last && may_become_longer(*first))) break;
    safe.append(pending_, at, *first - at).append("***");
    at = *first + secrets_[static_cast<std::size_t>(first - next.begin())].size();
    for (std::size_t i = 0; i < next.size(); ++i)
      if (next[i] < at) next[i] = pending_.find(secrets_[i], at);
  }
  pending_.erase(0, at);
  const std::size_t keep_from = last ? pending_.size() : possible_start();
  safe.append(pending_, 0, keep_from);
  pending_.erase(0, keep_from);
  return safe;
}

// Where a secret may have begun whose end has not come yet.
std::size_t SecretMask::possible_start() const {
  std::size_t start = pending_.size();
  for (const auto& secret : secrets_)
    for (std::size_t n = std::min(secret.size() - 1, pending_.size()); n > 0; --n)
      if (std::string_view(pending_).substr(pending_.size() - n) == std::string_view(secret).substr(0, n)) {
        start = std::min(start, pending_.size() - n);
        break;
      }
  return start;
}

// Is what begins there the beginning of a value whose end has not come yet?
bool SecretMask::may_become_longer(std::size_t start) const {
  const std::string_view rest = std::string_view(pending_).substr(start);
  return std::any_of(secrets_.begin(), secrets_.end(), [&](const std::string& secret) {
    return secret.size() > rest.size() && secret.starts_with(rest);
  });
}

std::string SecretMask::finish() { return secrets_.empty() ? "" : take(true); }

}  // namespace orchestrator
