#include "orchestrator/cli/trial.h"

#include <fmt/format.h>

#include <cstdio>
#include <optional>

#include "images/layer_key.h"
#include "images/tar_writer.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

using namespace std::chrono_literals;

constexpr const char* kKind = "doctor";
constexpr const char* kUsualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr std::size_t kMostOutput = 64 * 1024;

constexpr std::chrono::seconds kFirstTime = 10s;  // it takes far less, but the host may be busy
constexpr std::chrono::seconds kSecondTime = 3s;  // some shells try a refused fork again until this ends

// Shell words and what every base has: head, tail, sleep. tail keeps all of a line without an end.
constexpr const char* kFirstScript = R"(
while read -r name value rest; do
  case $name in Uid:|CapEff:|NoNewPrivs:) echo "$name $value" ;; esac
done </proc/self/status
while read -r name rest; do
  case $name in *:*) echo "interface: ${name%%:*}" ;; esac
done </proc/net/dev
echo trace >/trial/trace && echo "trace: written"
head -c 209715200 /dev/zero | tail -n 1 >/dev/null
echo "memory: $?"
exit 7
)";
constexpr const char* kSecondScript = R"(
if [ -e /trial/trace ]; then echo "trace: left"; else echo "trace: gone"; fi
command -v sleep >/dev/null || exit 0
echo "forks: begun"
i=0
while [ $i -lt 64 ]; do
  sleep 30 >/dev/null 2>&1 &
  i=$((i + 1))
done
echo "forks: all"
)";

class Watcher : public sandbox::AttemptObserver {
 public:
  void output(sandbox::Stream stream, std::string_view bytes) override {
    if (stream == sandbox::Stream::out && seen.out.size() < kMostOutput)
      seen.out.append(bytes.substr(0, kMostOutput));
  }
  void finished(const sandbox::ExecutionResult& result) override { seen.result = result; }
  void drained() override { done = true; }

  TrialSeen::Attempt seen;
  bool done = false;
};

class Trial {
 public:
  Trial(io::Loop& loop, sandbox::Sandbox& sandbox, sandbox::ImageStore& images, const TrialRequest& request)
      : loop_(loop), sandbox_(sandbox), images_(images), request_(request) {}
  ~Trial() { remove_images(); }

  TrialSeen run() {
    make_image();
    TrialSeen seen;
    seen.first = attempt(kFirstScript, kFirstTime);
    if (seen.first.result.exit) seen.second = attempt(kSecondScript, kSecondTime);
    return seen;
  }

 private:
  // The supervisor on the base, and a folder that anybody may write to.
  void make_image() {
    const auto base = io::await<io::Result<std::optional<sandbox::Image>>>(loop_, [this](auto done) {
                        images_.inspect(request_.base, std::move(done));
                      }).value();
    if (!base) throw io::HostError("the image " + request_.base + " is gone");
    env_ = base->env;
    sandbox::LayerSpec spec;
    spec.parent = base->id;
    spec.kind = kKind;
    spec.key = images::LayerKey().add("trial", request_.id).hex();
    spec.tar_file = request_.scratch + "/trial.tar";
    images::TarWriter tar(spec.tar_file);
    tar.folder(".orchestrator", 0755);
    tar.file(std::string(sandbox::kSupervisorPath + 1), request_.supervisor, 0755);
    tar.folder("trial", 0777);
    tar.finish();
    sandbox::BuildObserver observer;
    std::unique_ptr<sandbox::BuildHandle> handle;
    auto made = io::await<io::Result<sandbox::Image>>(
        loop_, [&](auto done) { handle = images_.build(spec, observer, std::move(done)); });
    std::remove(spec.tar_file.c_str());
    image_ = std::move(made).value().id;
  }

  sandbox::AttemptSpec spec(const char* script, std::chrono::milliseconds timeout) const {
    sandbox::AttemptSpec spec;
    spec.image = image_;
    spec.name = "a trial attempt";
    auto& execution = spec.execution;
    execution.argv = {"/bin/sh", "-c", script};
    execution.env = env_;
    bool has_path = false;
    for (const auto& [name, value] : env_) has_path = has_path || name == "PATH";
    if (!has_path) execution.env.emplace_back("PATH", kUsualPath);
    execution.workdir.assign(1, '/');
    execution.limits.memory_bytes = 64 * sandbox::kMiB;
    execution.limits.tmp_bytes = 16 * sandbox::kMiB;
    execution.limits.shm_bytes = sandbox::kMiB;
    execution.limits.pids = 24;
    execution.limits.timeout = timeout;
    execution.limits.grace = 200ms;
    return spec;
  }

  TrialSeen::Attempt attempt(const char* script, std::chrono::milliseconds timeout) {
    Watcher watcher;
    const auto handle = sandbox_.start(sandbox_.prepare(spec(script, timeout)), watcher);
    loop_.run_until([&] { return watcher.done; });
    return std::move(watcher.seen);
  }

  // Ours, and what a trial left that was ended in its middle.
  void remove_images() noexcept {
    try {
      if (!image_.empty()) remove(image_);
      const auto old = std::chrono::system_clock::now() - 10min;
      const auto all = io::await<io::Result<std::vector<sandbox::Image>>>(loop_, [this](auto done) {
                         images_.list(std::move(done));
                       }).value();
      for (const auto& image : all) {
        const auto kind = image.labels.find("orchestrator.kind");
        if (kind != image.labels.end() && kind->second == kKind && image.created < old) remove(image.id);
      }
    } catch (const std::exception&) {
      // The findings are what was asked for; the next trial tries it again.
    }
  }

  void remove(const std::string& image) {
    io::await<io::Result<bool>>(loop_, [&](auto done) { images_.remove(image, std::move(done)); });
  }

  io::Loop& loop_;
  sandbox::Sandbox& sandbox_;
  sandbox::ImageStore& images_;
  const TrialRequest& request_;
  sandbox::EnvList env_;
  std::string image_;
};

}  // namespace

std::vector<Finding> try_attempts(io::Loop& loop, sandbox::Sandbox& sandbox, sandbox::ImageStore& images,
                                  const TrialRequest& request) {
  try {
    return judge(Trial(loop, sandbox, images, request).run());
  } catch (const std::exception& error) {
    return {{Finding::Level::missing, "trial", fmt::format("no attempt could be tried: {}", error.what()),
             "see the engine's own log"}};
  }
}

}  // namespace orchestrator
