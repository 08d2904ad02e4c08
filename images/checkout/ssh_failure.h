// What a session of the program ssh has ended with, as a sentence for people: what is wrong, and what to do.
// Pure.
#pragma once

#include <string>

#include "images/checkout/ssh_url.h"

namespace images::checkout {

struct SshWords {
  std::string log;     // ssh's own, at its first level of verbosity
  std::string errors;  // its stderr: what the other host writes there
  int exit_code = 0;   // 255 is ssh's own failure, all others are the other host's program
};

struct SshFailure {
  enum class Kind {
    host,       // nothing but a change here or there will help
    request,    // the repository is not there, or not for this key
    transport,  // may not happen again
  };
  Kind kind = Kind::transport;
  std::string sentence;
};

// `known_hosts`: the file that a new host's key is to be added to.
SshFailure explain(const SshUrl& url, const SshWords& said, const std::string& known_hosts);

// Throws it as what it is: io::HostError, io::RequestError, TransportError.
[[noreturn]] void throw_failure(const SshFailure& failure);

}  // namespace images::checkout
