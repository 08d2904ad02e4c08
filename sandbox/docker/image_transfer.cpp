#include "sandbox/docker/image_transfer.h"

#include <fcntl.h>

#include <sstream>
#include <utility>
#include <vector>

#include "sandbox/docker/progress_stream.h"
#include "sandbox/io/error.h"
#include "sandbox/io/fd.h"

namespace sandbox::docker {
namespace {

constexpr std::chrono::minutes kTransferAtMost{30};
constexpr std::size_t kMostErrorText = 64 * 1024;

class ImageSave : public ImageTransfer {
 public:
  ImageSave(DockerClient& client, const std::string& id, std::string tar_file,
            std::function<void(io::Result<std::int64_t>)> done)
      : doing_("saving image " + id), path_(std::move(tar_file)), done_(std::move(done)) {
    file_ = io::Fd(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file_) throw io::HostError(io::system_failure("cannot make " + path_).what());
    io::HttpStream handlers;
    handlers.on_head = [this](const io::HttpResponse& head) { reply_.status = head.status; };
    handlers.on_bytes = [this](std::string_view bytes) { take(bytes); };
    handlers.on_end = [this](io::Result<io::HttpResponse> result) { ended(std::move(result)); };
    call_ = client.stream("GET", "/images/" + url_encode(id) + "/get", std::nullopt, std::move(handlers));
    too_late_ = client.loop().call_after(kTransferAtMost, [this] {
      call_.reset();
      finish(io::failure(io::HostError(doing_ + ": the engine has not sent it within 30 minutes")));
    });
  }
  ~ImageSave() override { forget(); }

 private:
  void take(std::string_view bytes) {
    if (reply_.status != 200) {
      reply_.text.append(bytes.substr(0, kMostErrorText - std::min(kMostErrorText, reply_.text.size())));
      return;
    }
    while (!bytes.empty()) {
      const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) throw io::HostError(io::system_failure("cannot write " + path_).what());
      bytes.remove_prefix(static_cast<std::size_t>(written));
      size_ += written;
    }
  }

  void ended(io::Result<io::HttpResponse> result) {
    try {
      result.value();
      expect_success(reply_, doing_);
      if (::close(file_.release()) != 0)
        throw io::HostError(io::system_failure("cannot write " + path_).what());
    } catch (...) {
      return finish(std::current_exception());
    }
    path_.clear();  // it stays
    finish(size_);
  }

  void finish(io::Result<std::int64_t> result) {
    too_late_.reset();
    forget();
    const auto done = std::exchange(done_, nullptr);
    done(std::move(result));  // it may let go of this
  }

  void forget() {
    if (!path_.empty()) ::unlink(path_.c_str());
    path_.clear();
  }

  std::string doing_;
  std::string path_;  // of a file that is not whole
  std::function<void(io::Result<std::int64_t>)> done_;
  io::Fd file_;
  std::int64_t size_ = 0;
  Reply reply_;
  std::unique_ptr<io::HttpCall> call_;
  std::unique_ptr<io::Timer> too_late_;
};

class ImageLoad : public ImageTransfer {
 public:
  ImageLoad(DockerClient& client, const std::string& tar_file,
            std::function<void(io::Result<std::string>)> done) {
    ApiCall call;
    call.method = "POST";
    call.path = "/images/load?quiet=1";
    call.tar_file = tar_file;
    call.timeout = kTransferAtMost;
    call_ = client.call(std::move(call), [tar_file, done = std::move(done)](io::Result<Reply> result) {
      std::string image;
      try {
        const std::string doing = "loading the image of " + tar_file;
        expect_success(result.value(), doing);
        if (const std::string error = error_in_stream(result.value().text); !error.empty())
          throw EngineError(doing + ": " + error, 200);
        image = loaded_image(result.value().text);
      } catch (...) {
        return done(std::current_exception());
      }
      done(std::move(image));
    });
  }

 private:
  std::unique_ptr<io::HttpCall> call_;
};

}  // namespace

// Docker says "Loaded image ID: sha256:…" of one without a name, Podman "Loaded image: sha256:…".
std::string loaded_image(const std::string& answer) {
  std::vector<std::string> found;
  std::istringstream lines(answer);
  for (std::string line; std::getline(lines, line);) {
    const Json entry = Json::parse(line, nullptr, false);
    if (!entry.is_object() || !entry.contains("stream") || !entry["stream"].is_string()) continue;
    const auto text = entry["stream"].get<std::string>();
    for (const std::string_view start : {"Loaded image ID: ", "Loaded image: "}) {
      if (!text.starts_with(start)) continue;
      found.push_back(text.substr(start.size(), text.find_first_of("\r\n") - start.size()));
      break;
    }
  }
  if (found.empty()) throw EngineError("the engine does not say which image it has loaded", 200);
  if (found.size() > 1 || found[0].find(',') != std::string::npos)
    throw EngineError("the file held more than one image", 200);
  return found[0];
}

std::unique_ptr<ImageTransfer> start_image_save(DockerClient& client, const std::string& id,
                                                const std::string& tar_file,
                                                std::function<void(io::Result<std::int64_t>)> done) {
  return std::make_unique<ImageSave>(client, id, tar_file, std::move(done));
}

std::unique_ptr<ImageTransfer> start_image_load(DockerClient& client, const std::string& tar_file,
                                                std::function<void(io::Result<std::string>)> done) {
  return std::make_unique<ImageLoad>(client, tar_file, std::move(done));
}

}  // namespace sandbox::docker
