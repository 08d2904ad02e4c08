// A file into a bucket, signed for AWS. Loop's thread only; letting go cancels.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/runpod/environment.h"
#include "sandbox/io/curl_loop.h"
#include "sandbox/io/http_client.h"

namespace orchestrator::runpod {

struct UploadFile {
  std::string path, key, content_type;
};

struct UploadSpec {
  Bucket bucket;
  std::vector<UploadFile> files;  // one after the other
  // A bucket that a job names may lie in the operator's own network, and need no https.
  bool private_urls = false;
  std::string ca_file;                         // as io::set_trust has it
  std::chrono::milliseconds timeout{120'000};  // of one try
  int tries = 3;
};

// The URL of a key.
std::string object_url(const Bucket& bucket, const std::string& key);

class Upload {
 public:
  // `done` once, later: a sentence without any secret where it failed, else empty. It may let go of this.
  Upload(io::CurlLoop& loop, UploadSpec spec, std::function<void(std::string problem)> done);

 private:
  void put();
  void answered(const io::Result<io::HttpResponse>& result);
  void end(const std::string& problem);

  io::CurlLoop& loop_;
  io::HttpClient http_{loop_};
  UploadSpec spec_;
  std::function<void(std::string)> done_;
  std::size_t next_ = 0;
  int tried_ = 0;
  std::unique_ptr<io::HttpCall> call_;
  std::unique_ptr<io::Timer> timer_;
};

}  // namespace orchestrator::runpod
