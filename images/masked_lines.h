// Passes a step's output on in whole lines with the host's credentials taken out: a URL that is cut between
// two pieces of output would not be recognised.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <string_view>

#include "images/host_settings.h"
#include "sandbox/sandbox.h"

namespace images {

class MaskedLines {
 public:
  using Sink = std::function<void(sandbox::Stream, std::string_view)>;
  MaskedLines(const HostSettings& host, Sink sink) : host_(host), sink_(std::move(sink)) {}

  void add(sandbox::Stream stream, std::string_view bytes) {
    auto& line = lines_[stream == sandbox::Stream::out ? 0 : 1];
    line += bytes;
    const auto end = line.rfind('\n');
    if (end != std::string::npos) {
      sink_(stream, host_.mask(line.substr(0, end + 1)));
      line.erase(0, end + 1);
    } else if (line.size() > kLongestLine) {
      line.clear();  // nobody reads such a line, and a part of it could hold half a credential
    }
  }

  // Between two steps: what has no newline is passed on as it is.
  void flush() {
    for (int i = 0; i < 2; ++i) {
      if (!lines_[i].empty())
        sink_(i == 0 ? sandbox::Stream::out : sandbox::Stream::err, host_.mask(lines_[i] + "\n"));
      lines_[i].clear();
    }
  }

 private:
  static constexpr std::size_t kLongestLine = 64 * 1024;
  const HostSettings& host_;
  Sink sink_;
  std::array<std::string, 2> lines_;
};

}  // namespace images
