// Runs checkouts through the real child process and waits for them.
#pragma once

#include <string>
#include <vector>

#include "images/checkout/checkout.h"
#include "sandbox/io/result.h"

namespace images {

struct CheckedOut {
  io::Result<Source> source{Source{}};
  std::vector<std::string> progress;
};

CheckedOut check_out(CheckoutRequest request);
// The source, or a failed test.
Source source_of(CheckoutRequest request);
io::Result<SourceArchive> archive_of(CheckoutRequest request, const std::string& prefix = "work",
                                     int owner = 1000);

// The message of the error that the result must be; its kind is named before it: "request: …", "host: …".
std::string describe_kind(const std::exception_ptr& error);
template <class T>
std::string error_of(const io::Result<T>& result) {
  return result.ok() ? "no error" : describe_kind(result.error());
}

std::vector<std::string> paths_of(const Source& source);

}  // namespace images
