// RunPod's queue over HTTP: asks for jobs, for what is to be stopped, and posts. It waits for nothing; what
// it returns cancels when it is let go. Loop's thread only.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "orchestrator/runpod/addresses.h"
#include "orchestrator/runpod/answers.h"
#include "sandbox/io/curl_loop.h"
#include "sandbox/io/http_client.h"

namespace orchestrator::runpod {

struct PostAnswer {
  long status = 0;  // 0: none
  std::chrono::seconds retry_after{0};
  std::string problem;  // why there was none
};

class QueueClient {
 public:
  // `ca_file`: as io::set_trust has it.
  QueueClient(io::CurlLoop& loop, Addresses addresses, std::string key, std::string user_agent,
              std::string ca_file);

  const Addresses& addresses() const { return addresses_; }
  using Call = std::unique_ptr<io::HttpCall>;
  [[nodiscard]] Call take(int wanted, bool busy, std::function<void(TakeAnswer)> done);
  // Only where the addresses have a stop channel.
  [[nodiscard]] Call ask_stop(std::function<void(StopAnswer)> done);
  // `job` goes into the header that names it, too.
  [[nodiscard]] Call post(std::string url, const std::string& job, std::string body,
                          std::chrono::milliseconds timeout, std::function<void(PostAnswer)> done);

 private:
  io::HttpRequest request(std::string url) const;

  io::HttpClient http_;
  Addresses addresses_;
  std::string key_, user_agent_, ca_file_;
};

}  // namespace orchestrator::runpod
