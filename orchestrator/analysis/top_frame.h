// Where a failure happened, guessed from the trace that a test runner wrote: of Java, JavaScript, Python,
// PHP, Go and others alike. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace orchestrator {

struct TopFrame {
  std::string location;  // "tests/test_a.py:14", "CartTest.java:12"; empty when no line looks like a frame
  std::string function;  // "test_total", "com.shop.CartTest.total"; empty when the line names none
};

// The innermost frame that is not of a library or of the language itself.
TopFrame top_frame(std::string_view trace);

}  // namespace orchestrator
