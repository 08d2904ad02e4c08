// Questions to the other side of a job, asked with patience: a server that starts again, or says that it is
// busy, is asked for minutes. Waits on the caller's loop. Inside this room only.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/remote/job.h"
#include "orchestrator/remote/poster.h"

namespace orchestrator::remote {

// stop() came while something was waited for.
struct Stopped {};

class Line {
 public:
  Line(io::CurlLoop& loop, const JobSettings& settings);

  // What every request begins as: address, token, certificates.
  io::HttpRequest request(const std::string& method, const std::string& path) const;
  // The answer, whatever its status, once it is none that asks to come again. Throws io::HostError, Stopped.
  io::HttpResponse ask(io::HttpRequest request, Again again = Again::always);
  // Is anybody there? For the first time that is asked: without much patience.
  void knock(const std::string& path);
  io::HttpResponse get(const std::string& path) { return ask(request("GET", path)); }
  io::HttpResponse post(const std::string& path, std::string body, Again again,
                        std::vector<std::string> headers = {});
  // Until `time` is over, or wake(). Throws Stopped.
  void wait(std::chrono::milliseconds time);
  void wake() { woken_ = true; }

  void stop();
  void go_on();  // after Stopped: what is asked now is asked

  // Throws io::HostError for an answer that is no success, with what it says.
  void require_success(const io::HttpResponse& answer) const;
  // The object that it must be; throws io::HostError.
  nlohmann::json object_in(const io::HttpResponse& answer) const;
  [[noreturn]] void complain(const std::string& what) const;

 private:
  io::CurlLoop& loop_;
  const JobSettings& settings_;
  std::optional<Poster> poster_;
  bool stopped_ = false, woken_ = false;
};

// "title" or "error" of the body, as one line; empty where there is none.
std::string said_in(const io::HttpResponse& answer);

}  // namespace orchestrator::remote
