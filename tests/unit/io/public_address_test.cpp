#include "sandbox/io/public_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace {

bool is_public(const std::string& text) {
  sockaddr_storage address{};
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address);
  if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1)
    address.ss_family = AF_INET;
  else if (inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1)
    address.ss_family = AF_INET6;
  else
    ADD_FAILURE() << text;
  return io::is_public(reinterpret_cast<const sockaddr&>(address));
}

TEST(PublicAddress, IsOneThatEverybodyReaches) {
  for (const char* address : {"1.1.1.1", "8.8.8.8", "172.15.255.255", "172.32.0.1", "100.63.0.1",
                              "198.20.0.1", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"})
    EXPECT_TRUE(is_public(address)) << address;
}

TEST(PublicAddress, IsNoneOfAHostOrOfItsNetwork) {
  for (const char* address :
       {"127.0.0.1",       "127.255.0.9",    "0.0.0.0",         "10.1.2.3",    "172.16.0.1",
        "172.31.255.255",  "192.168.1.1",    "169.254.169.254", "100.64.0.1",  "192.0.2.1",
        "198.18.0.1",      "224.0.0.1",      "255.255.255.255", "::",          "::1",
        "fe80::1",         "fd00::1",        "ff02::1",         "2001:db8::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::"})
    EXPECT_FALSE(is_public(address)) << address;
}

TEST(PublicAddress, IsNoSocketFile) {
  sockaddr address{};
  address.sa_family = AF_UNIX;
  EXPECT_FALSE(io::is_public(address));
}

}  // namespace
