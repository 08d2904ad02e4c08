// What a git server or a repository can say to the checkout: addresses, pointers, attributes, sections of the
// protocol.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "images/checkout/globs.h"
#include "images/checkout/lfs.h"
#include "images/checkout/path_rules.h"
#include "images/checkout/smart_depth.h"
#include "images/checkout/url_rules.h"
#include "sandbox/io/error.h"

namespace {

using namespace images::checkout;

void require(bool condition) {
  if (!condition) std::abort();
}

void address(const std::string& text) {
  try {
    const HttpsUrl url = parse_https(resolve_url("https://git.example.com/group/project", text));
    require(url.text.starts_with("https://") && !url.host.empty());
    require(url.port > 0 && url.port < 65536);
    // What was understood is understood the same when it is said again.
    require(parse_https(url.text).same_host(url));
  } catch (const io::RequestError&) {
  }
}

void path(const std::string& text) {
  try {
    check_path(text);
    require(("/" + text + "/").find("/../") == std::string::npos && !text.starts_with("/"));
  } catch (const io::RequestError&) {
  }
  std::string shown = printable(text);
  if (shown.ends_with("…")) shown.resize(shown.size() - std::string_view("…").size());
  for (const char c : shown) require(c >= ' ' && c < 127);
}

void shallow_section(std::string_view bytes, std::size_t step) {
  ShallowSectionFilter whole, split;
  const std::string once = whole.feed(bytes);
  std::string pieces;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size())))
    pieces += split.feed(bytes.substr(0, step));
  require(once == pieces);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  address(text);
  path(text);
  shallow_section(text, data[0] % 16 + 1);
  offers_depth(text);
  with_depth_one(text);
  if (const auto pointer = parse_pointer(text)) require(pointer->oid.size() == 64 && pointer->size >= 0);
  LfsAttributes attributes;
  attributes.add("", text);
  attributes.is_lfs("folder/file.bin");
  const std::size_t half = text.size() / 2;
  if (text.size() < 256)
    glob_matches(std::string_view(text).substr(0, half), std::string_view(text).substr(half));
  return 0;
}
