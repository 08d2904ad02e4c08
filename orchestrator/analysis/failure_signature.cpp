#include "orchestrator/analysis/failure_signature.h"

#include <algorithm>

#include "orchestrator/analysis/cut_text.h"
#include "orchestrator/analysis/log_text.h"

namespace orchestrator {
namespace {

bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_word(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// Reads a text from left to right; each pattern says how many bytes it takes from the current place, 0 for
// none.
class Normaliser {
 public:
  explicit Normaliser(std::string_view text) : text_(text) {}

  std::string run(std::size_t longest) {
    std::string out;
    while (at_ < text_.size() && out.size() <= longest) out += next();
    out.resize(cut_text(out, longest).size());
    return out;
  }

 private:
  struct Pattern {
    std::size_t (Normaliser::*length)();
    std::string_view stands;
  };

  std::string_view next() {
    static constexpr Pattern kPatterns[] = {{&Normaliser::temporary_path, "TMP"},
                                            {&Normaliser::written_path, "PATH"},
                                            {&Normaliser::uuid, "ID"},
                                            {&Normaliser::date, "TIME"},
                                            {&Normaliser::clock, "TIME"},
                                            {&Normaliser::address, "ADDRESS"},
                                            {&Normaliser::hex_word, "ID"}};
    look_for_path();
    if (starts_word())
      for (const auto& pattern : kPatterns)
        if (const std::size_t length = (this->*pattern.length)(); length > 0) {
          at_ += length;
          return pattern.stands;
        }
    if (const std::size_t length = number(); length > 0) {
      at_ += length;
      return "N";
    }
    return text_.substr(at_++, 1);
  }

  char peek(std::size_t ahead) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool starts_word() const { return at_ == 0 || !is_word(text_[at_ - 1]); }

  // `shape`: 9 a digit, x a hexadecimal digit, anything else itself.
  std::size_t shaped(std::string_view shape, std::size_t from = 0) const {
    for (std::size_t i = 0; i < shape.size(); ++i) {
      const char c = peek(from + i);
      const bool fits = shape[i] == '9' ? is_digit(c) : shape[i] == 'x' ? is_hex(c) : c == shape[i];
      if (!fits) return 0;
    }
    return shape.size();
  }

  std::size_t digits(std::size_t from) const {
    std::size_t length = 0;
    while (is_digit(peek(from + length))) ++length;
    return length;
  }

  std::size_t uuid() {
    const std::size_t length = shaped("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
    return is_word(peek(length)) ? 0 : length;
  }

  // 14:05, 14:05:09.123; a line number behind a path is none.
  std::size_t clock_from(std::size_t from) const {
    std::size_t length = shaped("99:99", from);
    if (length == 0 || is_digit(peek(from + length))) return 0;
    length += shaped(":99", from + length);
    const char point = peek(from + length);
    if ((point == '.' || point == ',') && is_digit(peek(from + length + 1)))
      length += 1 + digits(from + length + 1);
    return length;
  }

  std::size_t clock() {
    const bool behind_colon = at_ > 0 && text_[at_ - 1] == ':';
    return behind_colon ? 0 : clock_from(0);
  }

  std::size_t date() {
    std::size_t length = shaped("9999-99-99");
    if (length == 0) length = shaped("9999/99/99");
    if (length == 0 || is_digit(peek(length))) return 0;
    if (peek(length) != 'T' && peek(length) != ' ') return length;
    const std::size_t time = clock_from(length + 1);
    if (time == 0) return length;
    length += 1 + time;
    if (peek(length) == 'Z') return length + 1;
    for (const std::string_view zone : {"+99:99", "-99:99", "+9999", "-9999"})
      if (const std::size_t more = shaped(zone, length); more > 0) return length + more;
    return length;
  }

  std::size_t address() {
    if (peek(0) != '0' || (peek(1) != 'x' && peek(1) != 'X') || !is_hex(peek(2))) return 0;
    std::size_t length = 2;
    while (is_hex(peek(length))) ++length;
    return length;
  }

  // Hashes, and addresses without 0x: 8 or more hexadecimal digits, letters and decimal ones among them.
  std::size_t hex_word() {
    std::size_t length = 0, decimal = 0;
    for (; is_hex(peek(length)); ++length) decimal += is_digit(peek(length));
    return length >= 8 && decimal > 0 && decimal < length && !is_word(peek(length)) ? length : 0;
  }

  void look_for_path() {
    path_ = {};
    if (peek(0) != '/' || at_ < path_end_ || !starts_word()) return;
    const std::string_view rest = text_.substr(at_);
    path_ = rest.substr(0, rest.find_first_of(" \t\r\n'\"`,;:()[]{}<>|"));
    path_end_ = at_ + path_.size();  // the folders of a path are not looked at again
  }

  std::size_t temporary_path() {
    for (const std::string_view folder : {"/tmp/", "/var/tmp/"})
      if (path_.starts_with(folder)) return path_.size();
    return path_.find("/pytest-of-") == std::string_view::npos ? 0 : path_.size();
  }

  // Below the folders that an attempt writes to outside of the repository; what looks like any other path may
  // be that of an URL. The file stays where its name looks as if it had been given by a person.
  std::size_t written_path() {
    for (const std::string_view folder :
         {"/home/", "/root/", "/run/", "/var/", "/dev/shm/", "/mnt/", "/media/", "/srv/"})
      if (path_.starts_with(folder)) return is_chosen(last_name()) ? path_.rfind('/') : path_.size();
    return 0;
  }

  std::string_view last_name() const { return path_.substr(path_.rfind('/') + 1); }
  static bool is_chosen(std::string_view name) {
    const auto dot = name.rfind('.');
    return dot != std::string_view::npos && dot > 0 && dot + 1 < name.size() &&
           std::none_of(name.begin(), name.end(), is_digit);
  }

  // With its sign, where that is no minus between two words, fraction and exponent.
  std::size_t number() {
    std::size_t length = (peek(0) == '-' || peek(0) == '+') && starts_word() ? 1 : 0;
    if (!is_digit(peek(length))) return 0;
    length += digits(length);
    while ((peek(length) == '.' || peek(length) == ',') && is_digit(peek(length + 1)))
      length += 1 + digits(length + 1);
    if (peek(length) != 'e' && peek(length) != 'E') return length;
    const std::size_t sign = peek(length + 1) == '-' || peek(length + 1) == '+' ? 1 : 0;
    const std::size_t exponent = digits(length + 1 + sign);
    return exponent > 0 ? length + 1 + sign + exponent : length;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string_view path_;     // that begins here
  std::size_t path_end_ = 0;  // of the last path that was looked at
};

// A type's name stays as it is, digits of its own included; what some runners put in its place may hold ids.
std::string exception_of(const FailureFacts& facts) {
  const bool is_name = std::all_of(facts.exception.begin(), facts.exception.end(),
                                   [](char c) { return is_word(c) || c == '.' || c == ':' || c == '$'; });
  return is_name ? facts.exception : normalised(facts.exception);
}

std::string_view without_line(std::string_view location) { return location.substr(0, location.rfind(':')); }

std::string place(const FailureFacts& facts) {
  if (facts.location.empty()) return facts.function;
  if (facts.function.empty()) return facts.location;
  return std::string(without_line(facts.location)) + "::" + facts.function;
}

}  // namespace

std::string normalised(std::string_view text, std::size_t longest) { return Normaliser(text).run(longest); }

std::string failure_signature(const FailureFacts& facts) {
  std::string signature(name(facts.phase));
  const auto append = [&](std::string_view part) {
    if (!part.empty()) signature.append(" · ").append(part);
  };
  append(exception_of(facts));
  const std::string where = place(facts);
  append(where.empty() ? normalised(facts.message) : where);
  return signature;
}

}  // namespace orchestrator
