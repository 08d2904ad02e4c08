#include "orchestrator/runpod/upload.h"

#include <fmt/format.h>

#include "orchestrator/runpod/addresses.h"
#include "sandbox/io/error.h"

namespace orchestrator::runpod {

std::string object_url(const Bucket& bucket, const std::string& key) {
  std::string url = bucket.url;
  const std::string path = bucket.prefix.empty() ? key : bucket.prefix + "/" + key;
  for (std::size_t at = 0; at <= path.size();) {
    const auto slash = std::min(path.find('/', at), path.size());
    url += "/" + url_encoded(path.substr(at, slash - at));
    at = slash + 1;
  }
  return url;
}

Upload::Upload(io::CurlLoop& loop, UploadSpec spec, std::function<void(std::string problem)> done)
    : loop_(loop), spec_(std::move(spec)), done_(std::move(done)) {
  timer_ = loop_.call_after(std::chrono::seconds(0), [this] { put(); });
}

void Upload::put() {
  timer_.reset();
  if (next_ == spec_.files.size()) return end("");
  const Bucket& bucket = spec_.bucket;
  const bool stranger = bucket.of_job && !spec_.private_urls;
  if (stranger && !bucket.url.starts_with("https://")) return end("the job's bucket is not reached by https");
  const UploadFile& file = spec_.files[next_];
  io::HttpRequest request;
  request.method = "PUT";
  request.url = object_url(bucket, file.key);
  request.ca_file = spec_.ca_file;
  request.body_file = file.path;
  // Debian 12's libcurl would sign the hash of an empty body.
  request.headers = {"Content-Type: " + file.content_type, "x-amz-content-sha256: UNSIGNED-PAYLOAD"};
  request.sigv4 = fmt::format("aws:amz:{}:s3", bucket.region);
  request.user_password = bucket.access_id + ":" + bucket.secret;
  request.public_only = stranger;
  request.timeout = spec_.timeout;
  ++tried_;
  try {
    call_ = http_.send(std::move(request),
                       [this](const io::Result<io::HttpResponse>& result) { answered(result); });
  } catch (const std::exception& error) {
    end(error.what());
  }
}

void Upload::answered(const io::Result<io::HttpResponse>& result) {
  call_.reset();
  const long status = result.ok() ? result.value().status : 0;
  if (status >= 200 && status < 300) {
    ++next_;
    tried_ = 0;
    return put();
  }
  const bool again = (status == 0 || status == 408 || status == 429 || status >= 500) && tried_ < spec_.tries;
  if (again) {
    timer_ = loop_.call_after(std::chrono::seconds(tried_), [this] { put(); });
    return;
  }
  end(status == 0 ? io::describe(result.error()) : fmt::format("the bucket answered {}", status));
}

void Upload::end(const std::string& problem) {
  const auto done = std::move(done_);
  done(problem);
}

}  // namespace orchestrator::runpod
