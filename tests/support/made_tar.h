// A tar of plain files and links, by hand: as an engine writes it, or as nobody should.
#pragma once

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
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
  std::string bytes() const { return bytes_ + std::string(1024, '\0'); }

 private:
  MadeTar& entry(char type, const std::string& name, std::string_view content, const std::string& link) {
    std::array<char, 512> header{};
    const auto put = [&](std::size_t at, const std::string& text) {
      std::memcpy(header.data() + at, text.data(), std::min(text.size(), header.size() - at));
    };
    const auto octal = [](std::size_t value, int digits) {
      char text[24];
      std::snprintf(text, sizeof text, "%0*zo", digits, value);
      return std::string(text);
    };
    put(0, name);
    put(100, octal(0644, 7));
    put(108, octal(0, 7));
    put(116, octal(0, 7));
    put(124, octal(content.size(), 11));
    put(136, octal(0, 11));
    put(148, "        ");
    put(156, std::string(1, type));
    put(157, link);
    put(257, std::string("ustar\00000", 8));
    std::size_t sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    put(148, octal(sum, 6));
    header[154] = '\0';
    bytes_.append(header.data(), header.size());
    bytes_ += content;
    bytes_.append((512 - content.size() % 512) % 512, '\0');
    return *this;
  }

  std::string bytes_;
};

}  // namespace testing_support
