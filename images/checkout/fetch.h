// One connection to one repository elsewhere: what names it has, and bringing what is behind some of them.
// Child process.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "images/checkout/refs.h"

namespace images::checkout {

using Progress = std::function<void(std::string_view)>;

class Fetch {
 public:
  virtual ~Fetch() = default;

  // Asks the server. Once, and before all else. Throws as download() does.
  virtual std::vector<AdvertisedRef> advertised() = 0;
  // Into the repository that this was made for. `depth_one`: the newest commit alone, where server and
  // transport can do it. Throws TransportError, io::HostError, io::RequestError.
  virtual void download(const std::vector<std::string>& refspecs, bool depth_one) = 0;
};

}  // namespace images::checkout
