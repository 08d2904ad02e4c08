// Requests to services that a report is posted to. One at a time, on the caller's loop; used where a mode's
// entry waits (see io::await). Bounded in tries and time; redirects are not followed, so that a credential
// goes to the host that it is for and nowhere else.
#pragma once

#include <chrono>
#include <stdexcept>
#include <string>

#include "sandbox/io/curl_loop.h"
#include "sandbox/io/http_client.h"

namespace orchestrator {

// Why something could not be posted: a sentence without any credential.
class PostError : public std::runtime_error {
 public:
  explicit PostError(const std::string& what, bool maybe_done_ = false)
      : std::runtime_error(what), maybe_done(maybe_done_) {}
  bool maybe_done;  // the service may have done what was asked all the same
};

struct PostLimits {
  int tries = 3;
  std::chrono::milliseconds of_a_try{15'000};
  std::chrono::milliseconds wait{1000};  // before the second try, three times that before each further one
  std::chrono::milliseconds longest_wait{
      20'000};  // before another try; a service that asks for more is given up
};

enum class Again {
  always,         // the same twice is the same as once: GET, PATCH
  when_not_done,  // only when the service surely did nothing
};

class Poster {
 public:
  // `ca_file`: as io::set_trust has it.
  Poster(io::CurlLoop& loop, std::string ca_file, PostLimits limits = {});

  // The answer, whatever its status, but for those that ask to come again (429, 5xx, and 403 with
  // Retry-After) until the tries are used up. Throws PostError, also after stop().
  io::HttpResponse send(io::HttpRequest request, Again again);
  // From a callback of the loop: what is under way ends at once, and nothing is sent any more.
  void stop() { stopped_ = true; }

 private:
  io::HttpResponse send_once(const io::HttpRequest& request);
  void wait(std::chrono::milliseconds time);
  std::chrono::milliseconds wait_before(int next_try, const io::HttpResponse* answer) const;

  io::CurlLoop& loop_;
  std::string ca_file_;
  PostLimits limits_;
  bool stopped_ = false;
};

// May a credential go there? https, or http to this host itself. Throws io::RequestError that names `what`,
// not the URL: it may be a secret.
void check_post_url(const std::string& what, const std::string& url);

}  // namespace orchestrator
