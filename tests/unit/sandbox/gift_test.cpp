#include "sandbox/frames/gift.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace sandbox {
namespace {

TEST(Gifts, AreEncodedAsTheFormatSays) {
  const std::string stream = encode_gifts({{"TOKEN", "a=b"}}, {{"ca.pem", std::string("x\0y", 3)}});
  const std::string expected = std::string("ORG1") + std::string("E\x09\0\0\0TOKEN=a=b", 14) +
                               std::string("F\x0a\0\0\0ca.pem\0x\0y", 15) + std::string("Z\0\0\0\0", 5);
  EXPECT_EQ(stream, expected);
}

TEST(Gifts, MayBeNone) { EXPECT_EQ(encode_gifts({}, {}), std::string("ORG1Z\0\0\0\0", 9)); }

TEST(Gifts, RefuseNamesThatTheSupervisorWouldRefuse) {
  EXPECT_THROW(encode_gifts({{"", "v"}}, {}), std::invalid_argument);
  EXPECT_THROW(encode_gifts({{"A=B", "v"}}, {}), std::invalid_argument);
  EXPECT_THROW(encode_gifts({{"A", std::string("v\0w", 3)}}, {}), std::invalid_argument);
  for (const char* name : {"", ".", "..", "a/b", "/etc/passwd"})
    EXPECT_THROW(encode_gifts({}, {{name, "content"}}), std::invalid_argument) << name;
}

TEST(Gifts, AreBounded) {
  EXPECT_NO_THROW(encode_gifts({}, {{"big", std::string(kMaxGiftBytes - 32, 'x')}}));
  EXPECT_THROW(encode_gifts({}, {{"big", std::string(kMaxGiftBytes, 'x')}}), std::invalid_argument);
  const std::string half(kMaxGiftBytes / 2, 'x');
  EXPECT_THROW(encode_gifts({}, {{"one", half}, {"two", half}}), std::invalid_argument);
}

TEST(Gifts, NeverQuoteAValueInAnError) {
  try {
    encode_gifts({{"TOKEN", std::string("hunter2\0", 8)}}, {});
    FAIL() << "a NUL byte was taken";
  } catch (const std::invalid_argument& error) {
    EXPECT_EQ(std::string(error.what()).find("hunter2"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("TOKEN"), std::string::npos);
  }
}

}  // namespace
}  // namespace sandbox
