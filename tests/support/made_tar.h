// A tar of plain files and links, by hand: as an engine writes it, or as nobody should.
#pragma once

#include <algorithm>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>

namespace testing_support {

class MadeTar {
 public:
  MadeTar& file(const std::string& name, std::string_view content) { return entry('0', name, content, ""); }
  MadeTar& symlink(const std::string& name, const std::string& target) {
    return entry('2', name, "", target);
  }
  MadeTar& hardlink(const std::string& name, const std::string& target) {
    return entry('1', name, "", target);
  }
  MadeTar& folder(const std::string& name) { return entry('5', name, "", ""); }
  // Says `value` of the next entry.
  MadeTar& pax(const std::string& key, const std::string& value) {
    const std::size_t rest = key.size() + value.size() + 3;
    std::size_t size = rest;
    while (size != rest + std::to_string(size).size()) size = rest + std::to_string(size).size();
    return entry('x', "PaxHeaders.0/x", std::to_string(size) + " " + key + "=" + value + "\n", "");
  }
  // Of any type. `change` gets the header, for which the right checksum is written afterwards.
  MadeTar& entry(char type, const std::string& name, std::string_view content, const std::string& link,
                 const std::function<void(std::string& header)>& change = {}) {
    std::string header = header_of(type, name, content.size(), link);
    if (change) change(header);
    header.replace(148, 8, "        ");
    std::size_t sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    header.replace(148, 7, octal(sum, 6) + '\0');
    bytes_ += header;
    bytes_ += content;
    bytes_.append((512 - content.size() % 512) % 512, '\0');
    return *this;
  }
  std::string bytes() const { return bytes_ + std::string(1024, '\0'); }

 private:
  static std::string octal(std::size_t value, int digits) {
    char text[24];
    std::snprintf(text, sizeof text, "%0*zo", digits, value);
    return text;
  }

  static std::string header_of(char type, const std::string& name, std::size_t size,
                               const std::string& link) {
    std::string header(512, '\0');
    const auto put = [&](std::size_t at, std::string_view text, std::size_t most) {
      header.replace(at, std::min(text.size(), most), text.substr(0, most));
    };
    put(0, name, 100);
    put(100, octal(0644, 7), 8);
    put(108, octal(0, 7), 8);
    put(116, octal(0, 7), 8);
    put(124, octal(size, 11), 12);
    put(136, octal(0, 11), 12);
    header[156] = type;
    put(157, link, 100);
    put(257, std::string_view("ustar\00000", 8), 8);
    return header;
  }

  std::string bytes_;
};

}  // namespace testing_support
