#include "sandbox/docker/image_pull.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

#include "sandbox/docker/progress_stream.h"
#include "sandbox/docker/pull_failure.h"
#include "sandbox/docker/registry_credentials.h"
#include "sandbox/io/error.h"

namespace sandbox::docker {
namespace {

constexpr std::chrono::minutes kOneTry{30};
constexpr std::chrono::milliseconds kPause{500};  // before the second try; twice that before the third
constexpr int kMostTries = 3;

class Pull : public ImagePull {
 public:
  Pull(DockerClient& client, const std::string& reference, std::function<void(std::exception_ptr)> done)
      : client_(client), image_(image_name(reference)), done_(std::move(done)) {
    search_ = find_credential(client_.loop(), image_, [this](CredentialAnswer answer) {
      credentials_ = std::move(answer);
      for (const auto& trouble : credentials_.troubles) spdlog::warn("registry credentials: {}", trouble);
      spdlog::debug("registry {}: {}", image_.registry,
                    credentials_.credential ? "with the credential from " + credentials_.origin
                                            : "without a credential");
      ask();
    });
  }

 private:
  void ask() {
    ++tries_;
    ApiCall call;
    call.method = "POST";
    call.path = fmt::format("/images/create?fromImage={}&tag={}", url_encode(image_.repository),
                            url_encode(image_.digest.empty() ? image_.tag : image_.digest));
    if (credentials_.credential)
      call.headers.push_back("X-Registry-Auth: " + credentials_.credential->header());
    call.timeout = kOneTry;
    call_ = client_.call(std::move(call), [this](io::Result<Reply> result) { answered(std::move(result)); });
  }

  void answered(io::Result<Reply> result) {
    if (!result.ok()) return tries_ < kMostTries ? ask_later() : finish(result.error());
    const Reply& reply = result.value();
    const std::string message = reply.status >= 300 ? reply.message() : error_in_stream(reply.text);
    if (message.empty()) return finish(nullptr);
    const PullTrouble trouble = trouble_of(reply.status, message);
    if (may_pass(trouble) && tries_ < kMostTries) return ask_later();
    finish(io::failure(pull_failure(image_, trouble, message, credentials_)));
  }

  void ask_later() {
    spdlog::debug("pulling {}: try {} failed, trying again", image_.reference(), tries_);
    pause_ = client_.loop().call_after(kPause * tries_, [this] { ask(); });
  }

  void finish(const std::exception_ptr& error) {
    const auto done = std::exchange(done_, nullptr);  // it may let go of this
    if (done) done(error);
  }

  DockerClient& client_;
  const ImageName image_;
  std::function<void(std::exception_ptr)> done_;
  CredentialAnswer credentials_;
  int tries_ = 0;
  std::unique_ptr<CredentialSearch> search_;
  std::unique_ptr<io::HttpCall> call_;
  std::unique_ptr<io::Timer> pause_;
};

}  // namespace

std::unique_ptr<ImagePull> start_pull(DockerClient& client, const std::string& reference,
                                      std::function<void(std::exception_ptr)> done) {
  return std::make_unique<Pull>(client, reference, std::move(done));
}

}  // namespace sandbox::docker
