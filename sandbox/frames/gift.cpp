#include "sandbox/frames/gift.h"

#include <cstdint>
#include <stdexcept>
#include <string_view>

namespace sandbox {
namespace {

void append_gift(std::string& stream, GiftType type, std::string_view head, char between,
                 std::string_view tail) {
  const std::size_t length = head.size() + 1 + tail.size();
  // Checked before the length is cut to 32 bits.
  if (length > kMaxGiftBytes - stream.size())
    throw std::invalid_argument("secret variables and files are more than 16 MiB in all");
  stream.push_back(static_cast<char>(type));
  for (int shift = 0; shift < 32; shift += 8)
    stream.push_back(static_cast<char>(static_cast<std::uint32_t>(length) >> shift & 0xff));
  stream.append(head).push_back(between);
  stream.append(tail);
}

void check_variable(const std::string& name, const std::string& value) {
  if (name.empty() || name.find_first_of(std::string_view("=\0", 2)) != std::string::npos)
    throw std::invalid_argument("not a name of a variable: '" + name + "'");
  if (value.find('\0') != std::string::npos)
    throw std::invalid_argument("the secret variable " + name + " holds a NUL byte");
}

void check_file(const std::string& name) {
  if (name.empty() || name == "." || name == ".." || name.size() > 255 ||
      name.find_first_of(std::string_view("/\0", 2)) != std::string::npos)
    throw std::invalid_argument("not a plain file name: '" + name + "'");
}

}  // namespace

std::string encode_gifts(const EnvList& env, const std::vector<SecretFile>& files) {
  std::string stream(kGiftMagic, sizeof kGiftMagic);
  for (const auto& [name, value] : env) {
    check_variable(name, value);
    append_gift(stream, GiftType::environment, name, '=', value);
  }
  for (const SecretFile& file : files) {
    check_file(file.name);
    append_gift(stream, GiftType::file, file.name, '\0', file.content);
  }
  stream.push_back(static_cast<char>(GiftType::finished));
  stream.append(4, '\0');
  if (stream.size() > kMaxGiftBytes)
    throw std::invalid_argument("secret variables and files are more than 16 MiB in all");
  return stream;
}

}  // namespace sandbox
