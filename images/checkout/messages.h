// What parent and child say to each other. The request is JSON on the child's stdin (its token with it:
// neither argv nor environment are private). The answer on stdout is one JSON line: done, or a kind of error
// and its text. A found Source is too much for a pipe and may hold bytes that JSON has no words for, so it is
// a file of records.
#pragma once

#include <exception>
#include <string>

#include "images/checkout/checkout.h"

namespace images::checkout {

struct ChildRequest {
  CheckoutRequest request;
  bool archive = false;  // of the sources or, without a prefix, of the Dockerfile's context
  std::string prefix;
  int owner = 0;
};

std::string encode(const ChildRequest& request);
ChildRequest decode_request(const std::string& text);

// The answer line.
struct ChildAnswer {
  enum class Kind { done, request_error, host_error, transport_error, lasting_error };
  Kind kind = Kind::host_error;
  std::string message;
  SourceArchive archive;  // when one was asked for
};
std::string encode(const ChildAnswer& answer);
ChildAnswer decode_answer(const std::string& line);  // throws io::HostError for anything else

inline constexpr const char* kSourceFile = "source.records";  // in the scratch folder
void write_source(const std::string& file, const Source& source);
Source read_source(const std::string& file);  // throws io::HostError

}  // namespace images::checkout
