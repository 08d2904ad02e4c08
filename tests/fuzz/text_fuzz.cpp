// Any output of a test as it is put into a report and onto a terminal.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "orchestrator/report/report.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace orchestrator;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  bool lossy = false;
  const std::string text = to_utf8(bytes, &lossy);
  if (lossy == (text == bytes)) std::abort();
  nlohmann::json(text).dump();  // throws for what is no UTF-8
  for (const char c : for_terminal(bytes))
    if ((c >= 0 && c < ' ' && c != '\n' && c != '\t') || c == 127) std::abort();
  return 0;
}
