#include "sandbox/io/public_address.h"

#include <netinet/in.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace io {
namespace {

struct Range4 {
  std::uint32_t network;
  int bits;
};

// IANA's special-purpose registry, without what is globally reachable.
constexpr Range4 kSpecial4[] = {
    {0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},  {0xa9fe0000, 16},
    {0xac100000, 12}, {0xc0000000, 24}, {0xc0000200, 24}, {0xc0a80000, 16}, {0xc6120000, 15},
    {0xc6336400, 24}, {0xcb007100, 24}, {0xe0000000, 4},  {0xf0000000, 4},
};

bool is_public4(std::uint32_t address) {
  return std::none_of(std::begin(kSpecial4), std::end(kSpecial4), [address](const Range4& range) {
    return (address ^ range.network) >> (32 - range.bits) == 0;
  });
}

std::uint32_t word(const unsigned char* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 |
         bytes[3];
}

bool is_public6(const unsigned char* bytes) {
  const bool mapped = word(bytes) == 0 && word(bytes + 4) == 0 && word(bytes + 8) == 0xffff;
  if (mapped) return is_public4(word(bytes + 12));
  const std::uint32_t first = word(bytes);
  if (first == 0x0064ff9b) return is_public4(word(bytes + 12));                       // NAT64
  if (first >> 16 == 0x2002) return is_public4(first << 16 | word(bytes + 4) >> 16);  // 6to4
  if (first == 0x20010000 || first == 0x20010db8) return false;                       // Teredo, documentation
  return first >> 29 == 1;  // 2000::/3, global unicast
}

}  // namespace

bool is_public(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    return is_public4(ntohl(v4.sin_addr.s_addr));
  }
  if (address.sa_family != AF_INET6) return false;
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address, sizeof v6);
  return is_public6(v6.sin6_addr.s6_addr);
}

}  // namespace io
