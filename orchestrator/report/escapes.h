// Everything that comes from the repository under test (names, messages, output) is hostile: it may hold what
// the place that it is shown in takes for markup. One function for each such place; the result cannot be
// anything but text there. All take any bytes and give UTF-8. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

namespace orchestrator {

// The bytes as XML can hold them at all: UTF-8, with U+FFFD for characters that XML 1.0 has no way to write.
std::string xml_characters(std::string_view bytes);
std::string xml_text(std::string_view bytes);       // between tags; "]]>" cannot come about
std::string xml_attribute(std::string_view bytes);  // between double quotes; keeps newlines and tabs

// Inline code, in a sentence or in the cell of a table, on one line: no markup, mention (@user), reference
// (#123), link or image comes to life in code on GitHub. Control characters are shown as numbers.
std::string markdown_code(std::string_view bytes);
// The same where Markdown may not be read: between HTML tags.
std::string html_code(std::string_view bytes);
// Lines as a block of code, with a fence that is longer than any run of backticks inside; ends in a newline.
// `language`: ours, "text", "diff", "sh".
std::string markdown_block(std::string_view bytes, std::string_view language);

// GitHub's workflow commands: `::error file=PROPERTY,title=PROPERTY::DATA`. One line.
std::string workflow_data(std::string_view bytes);
std::string workflow_property(std::string_view bytes);

// Slack's mrkdwn: as inline code on one line. No mention (<!channel>, <@U1>) or link can come about.
std::string slack_code(std::string_view bytes);
std::string slack_text(std::string_view bytes);  // only & < > escaped: where nothing else is read

}  // namespace orchestrator
