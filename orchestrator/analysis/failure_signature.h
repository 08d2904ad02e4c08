// What makes two failures the same failure. The text of an assertion is no part of it: values differ from
// attempt to attempt. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "orchestrator/analysis/test_results.h"

namespace orchestrator {

// "call · AssertionError · tests/test_a.py::test_y" from phase, exception type and top frame inside the
// repository (file and function; the line only where there is no function). Without any frame the first line
// of the message, normalised, stands for it; a hang or a kill has neither. An exception that is no type's
// name is normalised as well.
std::string failure_signature(const FailureFacts& facts);

// `text` with what changes from attempt to attempt replaced: 0x7f… → ADDRESS, numbers → N, UUIDs and long
// hexadecimal words → ID, ISO dates and clock times → TIME, paths below /tmp and pytest's temporary folders →
// TMP, those below other folders that attempts write to outside of the repository → PATH and, where it has an
// extension and no digit, the file's name. Takes time linear in the text. At most `longest` bytes.
inline constexpr std::size_t kMaxNormalised = 300;
std::string normalised(std::string_view text, std::size_t longest = kMaxNormalised);

}  // namespace orchestrator
