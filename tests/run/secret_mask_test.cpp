#include "orchestrator/run/secret_mask.h"

#include <gtest/gtest.h>

namespace orchestrator {
namespace {

std::string masked_in_pieces(const std::string& text, std::size_t size, std::vector<std::string> secrets) {
  SecretMask mask(std::move(secrets));
  std::string result;
  for (std::size_t i = 0; i < text.size(); i += size)
    result += mask.feed(std::string_view(text).substr(i, size));
  return result + mask.finish();
}

TEST(SecretMask, HidesAValueHoweverItIsSplit) {
  const std::string text = "a token-123 and token-124, then token-123token-123 tok";
  for (std::size_t size = 1; size <= text.size(); ++size)
    EXPECT_EQ(masked_in_pieces(text, size, {"token-123"}), "a *** and token-124, then ****** tok") << size;
}

TEST(SecretMask, PrefersTheLongerOfTwoValues) {
  EXPECT_EQ(masked_in_pieces("x abcdef y", 100, {"abc", "abcdef"}), "x *** y");
}

TEST(SecretMask, WaitsForTheLongerOfTwoValuesUntilTheEnd) {
  for (std::size_t size = 1; size <= 8; ++size) {
    EXPECT_EQ(masked_in_pieces("x abcdef y", size, {"abc", "abcdef"}), "x *** y") << size;
    EXPECT_EQ(masked_in_pieces("x abcde", size, {"abc", "abcdef"}), "x ***de") << size;
  }
}

// It would take hours if the one that is not there were sought again after each of the others.
TEST(SecretMask, TakesLinearTimeForManyOfOneValueAndNoneOfAnother) {
  std::string text, hidden;
  for (int i = 0; i < 1'000'000; ++i) text += "ab ", hidden += "*** ";
  EXPECT_EQ(masked_in_pieces(text, text.size(), {"ab", "absent"}), hidden);
}

TEST(SecretForms, AreTheLinesOfAKeyAndWhatJsonMakesOfAPassword) {
  const std::string key = "-----BEGIN KEY-----\r\nMIIEpAIBAAKCAQEA\nab\n-----END KEY-----\n";
  const auto forms = secret_forms({key, "pass\"word\\1", ""});
  EXPECT_EQ(masked_in_pieces("first: " + key, 7, forms), "first: ***");
  EXPECT_EQ(masked_in_pieces("a MIIEpAIBAAKCAQEA, ab", 3, forms), "a ***, ab");
  EXPECT_EQ(masked_in_pieces("{\"p\": \"pass\\\"word\\\\1\"}", 5, forms), "{\"p\": \"***\"}");
  EXPECT_EQ(
      masked_in_pieces("-----BEGIN KEY-----\\r\\nMIIEpAIBAAKCAQEA\\nab\\n-----END KEY-----\\n", 9, forms),
      "***");
}

// The lines are what Python 3.13 prints for `repr` of the value, of its bytes, and of os.environ's.
TEST(SecretForms, AreWhatPythonMakesOfAPassword) {
  EXPECT_EQ(masked_in_pieces(R"(assert 'p\'a"ss\\0rd' == 'x')", 5, secret_forms({R"(p'a"ss\0rd)"})),
            "assert '***' == 'x'");
  EXPECT_EQ(masked_in_pieces(R"(assert "p'ass\\0rd" == 'x')", 5, secret_forms({R"(p'ass\0rd)"})),
            "assert \"***\" == 'x'");
  EXPECT_EQ(masked_in_pieces(R"(b'p\xc3\xa4ss\x1bword')", 4, secret_forms({"p\u00e4ss\x1bword"})), "b'***'");
  EXPECT_EQ(masked_in_pieces(R"('p\udce4ss')", 4, secret_forms({"p\xe4ss"})), "'***'");
}

TEST(SecretMask, LeavesEverythingWithoutSecrets) {
  EXPECT_EQ(masked_in_pieces("as it is", 3, {}), "as it is");
  EXPECT_EQ(masked_in_pieces("as it is", 3, {""}), "as it is");
}

}  // namespace
}  // namespace orchestrator
