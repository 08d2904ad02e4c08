#include "orchestrator/report/escapes.h"

#include <gtest/gtest.h>

#include "made_tests.h"

namespace orchestrator {
namespace {

TEST(XmlText, HoldsNoMarkupAndOnlyCharactersOfXml) {
  EXPECT_EQ(xml_text("a<b>&]]>"), "a&lt;b&gt;&amp;]]&gt;");
  EXPECT_EQ(xml_text("\x1b[31m\r\n\t"), "\xef\xbf\xbd[31m&#13;\n\t");
  EXPECT_EQ(xml_text("\xef\xbf\xbe\xff"), "\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(xml_attribute("\"a\"\n\t'"), "&quot;a&quot;&#10;&#9;'");
}

TEST(MarkdownCode, IsBetweenBackticksWhereThatIsSafe) {
  EXPECT_EQ(markdown_code("tests/a.py::test_b[x-1]"), "`tests/a.py::test_b[x-1]`");
  EXPECT_EQ(markdown_code("@octocat #1 <b>"), "`@octocat #1 <b>`");
  EXPECT_EQ(markdown_code("two\nlines"), "`two lines`");
}

TEST(MarkdownCode, IsHtmlWhereBackticksWouldNotHold) {
  EXPECT_EQ(markdown_code("a|b"), "<code>a&#124;b</code>");
  EXPECT_EQ(markdown_code("a`b"), "<code>a&#96;b</code>");
  EXPECT_EQ(markdown_code("a\\"), "<code>a&#92;</code>");
  EXPECT_EQ(markdown_code("a|me@example"), "<code>a&#124;me&#64;<!-- -->example</code>");
  EXPECT_EQ(markdown_code(" a"), "<code> a</code>");
  EXPECT_EQ(markdown_code(""), "<code></code>");
  EXPECT_EQ(html_code("</code>ä"), "<code>&#60;&#47;code&#62;ä</code>");
}

TEST(MarkdownBlock, HasAFenceThatNothingInsideCloses) {
  EXPECT_EQ(markdown_block("a\n```\nb", "text"), "````text\na\n```\nb\n````\n");
  EXPECT_EQ(markdown_block("", "sh"), "```sh\n```\n");
  EXPECT_EQ(markdown_block("\x1b\r", "sh"), "```sh\n\\u{1b}\\u{d}\n```\n");
}

TEST(WorkflowCommand, IsOneLine) {
  EXPECT_EQ(workflow_data("50%\r\n::error::x"), "50%25%0D%0A::error::x");
  EXPECT_EQ(workflow_property("a:b,c%\n"), "a%3Ab%2Cc%25%0A");
}

TEST(SlackText, KnowsNoMention) {
  EXPECT_EQ(slack_text("<!channel> & <@U1>"), "&lt;!channel&gt; &amp; &lt;@U1&gt;");
  EXPECT_EQ(slack_code("a`b\n<c>"), "`a'b &lt;c&gt;`");
  EXPECT_EQ(slack_code(" "), "`(blank)`");
}

TEST(Escapes, OfHostileTextsAreWhatTheirPlaceTakes) {
  for (const auto& text : hostile_texts()) {
    for (const auto& cell : {markdown_code(text), html_code(text)})
      EXPECT_EQ(cell.find_first_of("|\n\r"), std::string::npos) << cell;
    EXPECT_EQ(xml_text(text).find_first_of("<>"), std::string::npos);
    EXPECT_EQ(xml_attribute(text).find_first_of("<>\"\n\t"), std::string::npos);
    EXPECT_EQ(workflow_data(text).find_first_of("\r\n"), std::string::npos);
    EXPECT_EQ(workflow_property(text).find_first_of("\r\n:,"), std::string::npos);
    EXPECT_EQ(slack_text(text).find_first_of("<>"), std::string::npos);
  }
}

}  // namespace
}  // namespace orchestrator
