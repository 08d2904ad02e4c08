#include "sandbox/io/addresses.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <string>

namespace {

bool is_public(const std::string& text) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  if (::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1)
    return io::is_public_address(reinterpret_cast<const sockaddr*>(&v4));
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  EXPECT_EQ(::inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr), 1) << text;
  return io::is_public_address(reinterpret_cast<const sockaddr*>(&v6));
}

TEST(PublicAddress, IsOneOfTheInternet) {
  for (const char* text : {"1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1",
                           "192.167.1.1", "198.17.0.1", "198.20.0.1", "223.255.255.255", "2606:4700::1111",
                           "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"})
    EXPECT_TRUE(is_public(text)) << text;
}

TEST(PublicAddress, IsNoneOfThisHostOrItsNetworks) {
  for (const char* text : {"0.0.0.0",
                           "10.1.2.3",
                           "100.64.0.1",
                           "100.127.255.255",
                           "127.0.0.1",
                           "127.255.0.1",
                           "169.254.169.254",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.0.2.1",
                           "192.168.0.1",
                           "198.18.0.1",
                           "198.19.255.255",
                           "203.0.113.9",
                           "224.0.0.1",
                           "239.1.1.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "fe80::1",
                           "fc00::1",
                           "fd12::1",
                           "ff02::1",
                           "2001:db8::1",
                           "2001:0:1::1"})
    EXPECT_FALSE(is_public(text)) << text;
}

TEST(PublicAddress, IsNoneThatIsWrapped) {
  for (const char* text : {"::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::169.254.169.254",
                           "2002:7f00:1::1", "2002:c0a8:1::1", "::127.0.0.1"})
    EXPECT_FALSE(is_public(text)) << text;
}

TEST(PublicAddress, IsNoUnixSocket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  EXPECT_FALSE(io::is_public_address(reinterpret_cast<const sockaddr*>(&address)));
}

}  // namespace
