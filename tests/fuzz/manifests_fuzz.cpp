// Any bytes as the files by which a Python project says what it needs: a plan, or a sentence why not.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "images/toolchains/toolchain.h"
#include "sandbox/io/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static constexpr std::array kNames = {"requirements.txt", "pyproject.toml", "uv.lock",      "poetry.lock",
                                        "setup.py",         "setup.cfg",      "Pipfile.lock", "Pipfile"};
  if (size == 0) return 0;
  // The first byte says which files there are; their contents are separated by NUL.
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  images::Source source;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if ((data[0] >> i & 1) == 0) continue;
    const auto content = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(rest.size(), content.size() + 1));
    source.entries.push_back({kNames[i], 'f'});
    source.manifests[kNames[i]] = content;
  }
  std::sort(source.entries.begin(), source.entries.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  const auto detected = images::detect_toolchain(source, "");
  try {
    images::InstallOptions options;
    options.test_words = {"pytest"};
    detected.toolchain->plan(source, options);
  } catch (const io::RequestError&) {
  } catch (const io::SetupError&) {
  }
  return 0;
}
