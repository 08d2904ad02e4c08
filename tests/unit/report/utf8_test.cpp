#include "orchestrator/report/utf8.h"

#include <gtest/gtest.h>

#include "orchestrator/report/report.h"

namespace orchestrator {
namespace {

TEST(Utf8, LeavesValidTextAlone) {
  bool lossy = true;
  const std::string text = "plain \x01 é € 😀 \xef\xbf\xbd";
  EXPECT_EQ(to_utf8(text, &lossy), text);
  EXPECT_FALSE(lossy);
}

TEST(Utf8, ReplacesEachMaximalInvalidPartOnce) {
  struct Case {
    std::string_view bytes, text;
  };
  // The replacement examples of the Unicode standard (section 3.9) among them.
  const std::vector<Case> cases{
      {"\xff", "\uFFFD"},
      {"a\xe2\x82z", "a\uFFFDz"},
      {"\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41", "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\x41"},
      {"\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41", "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\x41"},
      {"\xf4\x91\x92\x93\xff\x41\x80\xbf\x42", "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\x41\uFFFD\uFFFD\x42"},
      {"\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41", "\uFFFD\uFFFD\uFFFD\uFFFD\x41"},
      {"\xf0\x9f\x98", "\uFFFD"},
  };
  for (const auto& one : cases) {
    bool lossy = false;
    EXPECT_EQ(to_utf8(one.bytes, &lossy), one.text);
    EXPECT_TRUE(lossy);
  }
}

TEST(Utf8, MakesOfEveryPairOfBytesSomethingThatJsonTakes) {
  for (int a = 0; a < 256; ++a)
    for (int b = 0; b < 256; ++b) {
      const std::string text = to_utf8(std::string{static_cast<char>(a), static_cast<char>(b)});
      EXPECT_NO_THROW(nlohmann::json(text).dump()) << a << " " << b;
    }
}

TEST(Utf8, ShowsWhatATerminalWouldObey) {
  EXPECT_EQ(for_terminal("a\tb\nc"), "a\tb\nc");
  EXPECT_EQ(for_terminal("\x1b[31mred\x07"), "\\u{1b}[31mred\\u{7}");
  EXPECT_EQ(for_terminal("\xc2\x9b"
                         "2J"),
            "\\u{9b}2J");
  EXPECT_EQ(for_terminal("\xe2\x80\xae"
                         "evil\xe2\x81\xa6"),
            "\\u{202e}evil\\u{2066}");
  EXPECT_EQ(for_terminal("dos\r\nline\rover"), "dos\nline\\u{d}over");
  EXPECT_EQ(for_terminal("\x9b"
                         "2J"),
            "\uFFFD2J");
}

TEST(Utf8, TrimsOnlyWhatACutHasSplit) {
  EXPECT_EQ(without_partial_end("ab\xe2\x82"), "ab");
  EXPECT_EQ(without_partial_end("ab\xe2\x82\xac"), "ab\xe2\x82\xac");
  EXPECT_EQ(without_partial_end("ab\xff"), "ab\xff");
  EXPECT_EQ(without_partial_end("\xf0\x9f\x98"), "");
  EXPECT_EQ(without_partial_end(""), "");
  EXPECT_EQ(without_partial_start("\x82\xac"
                                  "ab"),
            "ab");
  EXPECT_EQ(without_partial_start("\xe2\x82\xac"), "\xe2\x82\xac");
}

TEST(Utf8, FitsTextIntoColumns) {
  EXPECT_EQ(fit("hello", 5), "hello");
  EXPECT_EQ(fit("hello!", 5), "hell…");
  EXPECT_EQ(fit("日本語", 6), "日本語");
  EXPECT_EQ(fit("日本語", 5), "日本…");
  EXPECT_EQ(fit("日本語", 4), "日…");
  EXPECT_EQ(fit("e\u0301e\u0301", 2), "e\u0301e\u0301");
  EXPECT_EQ(fit("x", 0), "");
}

}  // namespace
}  // namespace orchestrator
