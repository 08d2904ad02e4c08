// Gifts: the secret environment and secret files of an execution. They travel over the supervisor's stdin, so
// that no configuration, layer or history of the engine holds them. The host encodes, the supervisor decodes.
//
//   gift   = type (1 byte) length (4 bytes, little endian) payload
//   stream = magic "ORG1" gift* , ended by a gift of type `finished` and length 0
//
// Everything in a stream, headers included, is at most kMaxGiftBytes.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "sandbox/execution.h"

namespace sandbox {

inline constexpr char kGiftMagic[4] = {'O', 'R', 'G', '1'};
inline constexpr std::size_t kGiftHeader = 5;
inline constexpr std::size_t kMaxGiftBytes = 16 * 1024 * 1024;

enum class GiftType : char {
  environment = 'E',  // NAME=value : added to the command's environment, replaces the same name
  file = 'F',         // name NUL content : becomes kSecretDir/name; the name holds no slash
  finished = 'Z',     // empty
};

// The whole stream. Throws std::invalid_argument when the supervisor would refuse it: an empty name, a name
// with
// '=' (variable), '/' or "." or ".." (file), a NUL where none can be, or too many bytes. Messages hold names,
// never values.
std::string encode_gifts(const EnvList& env, const std::vector<SecretFile>& files);

}  // namespace sandbox
