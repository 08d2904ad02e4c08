#include "sandbox/docker/hosts_volume.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "sandbox/docker/docker_images.h"
#include "sandbox/docker/ownership.h"

namespace sandbox::docker {
namespace {

constexpr const char* kVolume = "orchestrator-hosts-1";  // another content: another number
// Made once the volume is filled: whoever finds it may use the file, also while another process is at work.
constexpr const char* kMarker = "orchestrator-hosts-1-ready";
constexpr const char* kDoing = "making the hosts file";
constexpr const char* kFolder = "etc-orchestrator";
constexpr std::string_view kHosts =
    "127.0.0.1\tlocalhost attempt\n"
    "::1\tlocalhost ip6-localhost ip6-loopback\n";

// One ustar entry.
std::string tar_entry(const std::string& name, char type, std::string_view content) {
  std::string block(512, '\0');
  const auto put = [&](std::size_t offset, const std::string& text) {
    std::memcpy(&block[offset], text.data(), text.size());
  };
  put(0, name);
  put(100, type == '5' ? "0000755" : "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, fmt::format("{:011o}", content.size()));
  put(136, "00000000000");
  put(148, "        ");
  block[156] = type;
  put(257, "ustar");
  put(263, "00");
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum));
  block[154] = '\0';
  block += content;
  block.resize((block.size() + 511) / 512 * 512, '\0');
  return block;
}

// The steps, one after the other; keeps itself alive through its callbacks.
class HostsVolume : public std::enable_shared_from_this<HostsVolume> {
 public:
  HostsVolume(DockerClient& client, bool fills_late, const std::string& scratch,
              std::function<void(io::Result<std::string>)> done)
      : client_(client),
        fills_late_(fills_late),
        tar_(fmt::format("{}/hosts-{}.tar", scratch, getpid())),
        done_(std::move(done)) {}
  ~HostsVolume() { unlink(tar_.c_str()); }

  void find() {
    ask("GET", fmt::format("/volumes/{}", kMarker), "", [this](const Reply& reply) {
      if (reply.status == 404) return import_image();
      expect_success(reply, kDoing);
      answer();
    });
  }

 private:
  void answer() {
    ask("GET", fmt::format("/volumes/{}", kVolume), "", [this](const Reply& reply) {
      const std::string mountpoint = expect_success(reply, kDoing).json().value("Mountpoint", "");
      if (mountpoint.empty()) throw EngineError("the hosts volume has no mount point", reply.status);
      done_(mountpoint + "/hosts");
    });
  }

  void write_tar(const std::string& entries) const {
    std::ofstream(tar_, std::ios::binary) << entries << std::string(1024, '\0');
  }

  void import_image() {
    write_tar(tar_entry(std::string(kFolder) + "/", '5', "") +
              tar_entry(std::string(kFolder) + "/hosts", '0', kHosts));
    ApiCall call;
    call.method = "POST";
    call.path = "/images/create?fromSrc=-";
    call.tar_file = tar_;
    send(std::move(call), [this](const Reply& reply) {
      image_ = imported_image(expect_success(reply, kDoing).text);
      make_volume(kVolume, [this] { fill(); });
    });
  }

  void make_volume(const char* name, std::function<void()> next) {
    const Json body = {{"Name", name}, {"Labels", {{kKindLabel, "hosts"}}}};
    ask("POST", "/volumes/create", body.dump(), [next = std::move(next)](const Reply& reply) {
      expect_success(reply, kDoing);
      next();
    });
  }

  // Creating a container is what copies the image's folder into the empty volume; it is never started.
  void fill() {
    const Json body = {
        {"Image", image_},
        {"Cmd", Json::array({"never"})},
        {"Labels", ownership_labels(std::chrono::minutes(10))},
        {"HostConfig",
         {{"Binds", Json::array({fmt::format("{}:/{}", kVolume, kFolder)})}, {"NetworkMode", "none"}}}};
    ask("POST", "/containers/create", body.dump(), [this](const Reply& reply) {
      container_ = expect_success(reply, kDoing).json().value("Id", "");
      if (fills_late_)
        put_file();
      else
        clean_up();
    });
  }

  void put_file() {
    write_tar(tar_entry("hosts", '0', kHosts));
    ApiCall call;
    call.method = "PUT";
    call.path = fmt::format("/containers/{}/archive?path=%2F{}", container_, kFolder);
    call.tar_file = tar_;
    send(std::move(call), [this](const Reply& reply) {
      expect_success(reply, kDoing);
      clean_up();
    });
  }

  void clean_up() {
    ask("DELETE", fmt::format("/containers/{}?force=1", container_), "", [this](const Reply&) {
      ask("DELETE", fmt::format("/images/{}", url_encode(image_)), "",
          [this](const Reply&) { make_volume(kMarker, [this] { answer(); }); });
    });
  }

  void ask(std::string method, std::string path, std::string body, std::function<void(const Reply&)> next) {
    ApiCall call;
    call.method = std::move(method);
    call.path = std::move(path);
    call.body = std::move(body);
    send(std::move(call), std::move(next));
  }

  void send(ApiCall call, std::function<void(const Reply&)> next) {
    call.doing = kDoing;
    client_.call_detached(std::move(call),
                          [self = shared_from_this(), next = std::move(next)](io::Result<Reply> result) {
                            try {
                              next(result.value());
                            } catch (...) {
                              self->done_(std::current_exception());
                            }
                          });
  }

  DockerClient& client_;
  bool fills_late_;
  std::string tar_;
  std::string image_, container_;  // ids
  std::function<void(io::Result<std::string>)> done_;
};

}  // namespace

void ensure_hosts_volume(DockerClient& client, bool fills_late, const std::string& scratch,
                         std::function<void(io::Result<std::string>)> done) {
  std::make_shared<HostsVolume>(client, fills_late, scratch, std::move(done))->find();
}

}  // namespace sandbox::docker
