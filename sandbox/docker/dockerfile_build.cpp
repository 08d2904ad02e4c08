#include "sandbox/docker/dockerfile_build.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "sandbox/docker/build_progress.h"
#include "sandbox/docker/docker_images.h"
#include "sandbox/docker/ended_container.h"
#include "sandbox/io/error.h"
#include "sandbox/io/json_text.h"

namespace sandbox::docker {
namespace {

constexpr std::size_t kBuildLogTail = 16 * 1024;
constexpr std::size_t kLongestRefusal = 64 * 1024;
constexpr std::chrono::milliseconds kBetweenTakes{
    250};  // for a command that is ending to let go of its image
constexpr int kMostPauses = 40;
constexpr std::chrono::seconds kClockMargin{2};
constexpr std::int64_t kCpuPeriod = 100'000;  // µs
constexpr int kMostBuilds = 3;  // … of one layer, each time because an image went that the engine had found

Json build_ulimit(const char* name, std::int64_t value, bool as_words) {
  if (as_words) return fmt::format("{}={}:{}", name, value, value);
  return {{"Name", name}, {"Soft", value}, {"Hard", value}};
}

// No more than needed: the builder makes a step of each.
Json labels_of(const LayerSpec& spec) {
  Json labels = Json::object();
  for (const auto& [name, value] : spec.labels) labels[name] = value;
  labels[kKindLabel] = spec.kind;
  labels[kKeyLabel] = spec.key;
  return labels;
}

Json arguments_of(const DockerfileBuild& build) {
  Json arguments = Json::object();
  for (const auto& [name, value] : build.args) arguments[name] = value;
  return arguments;
}

ApiCall build_call(const LayerSpec& spec, bool ulimits_as_words) {
  const DockerfileBuild& build = *spec.dockerfile;
  const Limits& limits = build.limits;
  const auto json = [](const Json& value) { return url_encode(io::json_text(value)); };
  ApiCall call;
  call.method = "POST";
  call.path = fmt::format(
      "/build?version=1&rm=1&forcerm=1&dockerfile={}&t={}&buildargs={}&labels={}&networkmode=bridge"
      "&memory={}&memswap={}&shmsize={}&ulimits={}",
      url_encode(build.file), url_encode(layer_reference(spec.kind, spec.key)), json(arguments_of(build)),
      json(labels_of(spec)), limits.memory_bytes, limits.memory_bytes, limits.shm_bytes,
      json(Json::array({build_ulimit("nofile", limits.nofile, ulimits_as_words),
                        build_ulimit("core", 0, ulimits_as_words)})));
  if (limits.cpus > 0)
    call.path += fmt::format("&cpuperiod={}&cpuquota={}", kCpuPeriod,
                             std::llround(limits.cpus * static_cast<double>(kCpuPeriod)));
  call.tar_file = spec.tar_file;
  call.timeout = std::chrono::milliseconds(0);  // a deadline of its own ends it
  return call;
}

// The engine finds a step's image of an earlier build and goes on from it; until it does, somebody else's
// removal may take that image: of the build itself this says nothing.
bool lost_a_cached_step(const BuildError& error) {
  if (error.exit_code) return false;
  constexpr std::string_view kWords[] = {
      "unknown parent image ID", "No such image: sha256:", "layer does not exist", "failed to get layer"};
  return std::any_of(std::begin(kWords), std::end(kWords),
                     [&](std::string_view words) { return error.message.find(words) != std::string::npos; });
}

class Build : public BuildHandle {
 public:
  Build(DockerClient& client, UnfinishedImages& unfinished, const EngineTraits& traits, LayerSpec spec,
        BuildObserver& observer, std::function<void(io::Result<std::string>)> done)
      : client_(client),
        unfinished_(unfinished),
        spec_(std::move(spec)),
        limits_(spec_.dockerfile->limits),
        observer_(observer),
        done_(std::move(done)),
        since_(std::chrono::system_clock::now() + traits.clock_ahead),
        ulimits_as_words_(traits.build_ulimits_as_words) {
    ask();
    deadline_ = client.loop().call_after(limits_.timeout, [this] { stop(StopReason::timeout); });
  }
  ~Build() override { give_up(); }

 private:
  void ask() {
    ++builds_;
    io::HttpStream handlers;
    handlers.on_head = [this](const io::HttpResponse& head) { status_ = head.status; };
    handlers.on_bytes = [this](std::string_view bytes) { heard(bytes); };
    handlers.on_end = [this](io::Result<io::HttpResponse> result) { ended(std::move(result)); };
    spdlog::debug("engine: building by {}", spec_.dockerfile->file);
    call_ = client_.follow(build_call(spec_, ulimits_as_words_), std::move(handlers));
  }

  void ask_again() {
    spdlog::debug("engine: an image of an earlier build has gone ({}), building once more",
                  progress_.error()->message);
    const auto& made = progress_.made();
    made_before_.insert(made_before_.end(), made.begin(), made.end());
    progress_ = BuildProgress();
    log_.clear();
    ask();
  }

  void heard(std::string_view bytes) {
    if (status_ >= 300) {
      refusal_.append(bytes.substr(0, kLongestRefusal - std::min(refusal_.size(), kLongestRefusal)));
      return;
    }
    const std::weak_ptr<int> alive = alive_;
    for (const auto& news : progress_.add(bytes)) {
      tell(news);
      if (alive.expired() || !done_) return;
    }
  }

  // What is told last may let go of this.
  void tell(const BuildNews& news) {
    if (news.kind == BuildNews::Kind::step) {
      log_.clear();
      return observer_.step_started(news.text);
    }
    log(news.text);
    printed_ += static_cast<std::int64_t>(news.text.size());
    if (printed_ > limits_.output_stop_bytes) return stop(StopReason::output_limit);
    observer_.step_output(news.kind == BuildNews::Kind::err ? Stream::err : Stream::out, news.text);
  }

  void log(std::string_view text) {
    log_.append(text);
    if (log_.size() > 2 * kBuildLogTail) log_.erase(0, log_.size() - kBuildLogTail);
  }

  void ended(io::Result<io::HttpResponse> result) {
    try {
      if (!result.ok()) std::rethrow_exception(result.error());
      if (status_ >= 300) refused();
      if (progress_.error() && lost_a_cached_step(*progress_.error()) && builds_ < kMostBuilds)
        return ask_again();
      if (progress_.error()) failed(*progress_.error());
      if (progress_.image().empty())
        throw EngineError("the engine does not say which image it has made", status_);
    } catch (...) {
      return fail(std::current_exception());
    }
    deadline_.reset();
    unfinished_.remove(std::exchange(made_before_, {}), since_);
    std::exchange(done_, nullptr)(progress_.image());
  }

  // Before its first step. Engines answer 500 for some mistakes of a Dockerfile, too.
  [[noreturn]] void refused() {
    const Reply reply{status_, refusal_};
    if (status_ >= 500 && reply.message().find("ockerfile") == std::string::npos)
      expect_success(reply, "building by a Dockerfile");
    log_ = reply.message() + "\n";
    throw StepFailed("reading it", Outcome::failed, {}, log_);
  }

  [[noreturn]] void failed(const BuildError& error) {
    if (progress_.fetches() && !error.exit_code) throw PullFailed(error.message);
    ExecutionResult result;
    if (error.exit_code)
      result.exit = ExitStatus{*error.exit_code, std::nullopt};
    else
      log(error.message + "\n");
    throw StepFailed(title(), Outcome::failed, result, tail());
  }

  void stop(StopReason reason) {
    ExecutionResult result;
    result.stop = reason;
    result.duration = limits_.timeout;
    fail(io::failure(StepFailed(title(), classify(result), result, tail())));
  }

  std::string title() const { return progress_.step().empty() ? "sending its context" : progress_.step(); }
  std::string tail() const {
    return log_.size() > kBuildLogTail ? log_.substr(log_.size() - kBuildLogTail) : log_;
  }

  void fail(std::exception_ptr error) {
    const auto done = done_;
    give_up();
    if (done) done(std::move(error));
  }

  // The engine ends and removes a container of ours when nobody listens any more.
  void give_up() {
    call_.reset();
    deadline_.reset();
    if (!std::exchange(done_, nullptr)) return;
    made_before_.insert(made_before_.end(), progress_.made().begin(), progress_.made().end());
    unfinished_.remove(std::exchange(made_before_, {}), since_);
  }

  DockerClient& client_;
  UnfinishedImages& unfinished_;
  const LayerSpec spec_;
  const Limits& limits_;
  BuildObserver& observer_;
  std::function<void(io::Result<std::string>)> done_;  // empty once told, or when nobody wants to know
  const std::chrono::system_clock::time_point since_;
  const bool ulimits_as_words_;
  int builds_ = 0;
  std::vector<std::string> made_before_;  // by those that lost a cached step
  long status_ = 0;
  std::string refusal_;  // the body of an answer that is no 200
  BuildProgress progress_;
  std::string log_;  // of this step
  std::int64_t printed_ = 0;
  std::unique_ptr<io::HttpCall> call_;
  std::unique_ptr<io::Timer> deadline_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

}  // namespace

// The images of one build, the last first: each is the parent of the one after it.
class UnfinishedImages::Removal {
 public:
  Removal(DockerClient& client, std::vector<std::string> ids, std::chrono::system_clock::time_point since)
      : client_(client), ids_(std::move(ids)), since_(since) {
    next();
  }
  bool ended() const { return ids_.empty(); }

 private:
  void next() {
    if (ids_.empty()) return;
    ask("GET", "/images/" + ids_.back() + "/json", [this](const Reply& reply) { found(reply); });
  }

  void found(const Reply& reply) {
    if (reply.status != 200) return drop();
    const Json image = reply.json();
    const Json tags = image.value("RepoTags", Json());
    const bool nameless = tags.is_null() || tags.empty();
    if (!nameless || engine_time(image.value("Created", "")) + kClockMargin < since_) return drop();
    ask("DELETE", "/images/" + url_encode(image.value("Id", "")) + "?noprune=1",
        [this](const Reply& answer) { answered(answer); });
  }

  void answered(const Reply& reply) {
    if (reply.status != 409) return drop();
    if (++pauses_ > kMostPauses) return ids_.clear();  // what is below has this one on it
    pause_ = client_.loop().call_after(kBetweenTakes, [this] { next(); });
  }

  void drop() {
    ids_.pop_back();
    next();
  }

  void ask(const char* method, std::string path, std::function<void(const Reply&)> then) {
    ApiCall call;
    call.method = method;
    call.path = std::move(path);
    call.repeatable = true;
    call.doing = "while removing what an unfinished build has left";
    call_ = client_.call(std::move(call), [this, then = std::move(then)](io::Result<Reply> result) {
      try {
        then(result.value());
      } catch (const std::exception& error) {
        spdlog::debug("an unfinished build may have left images: {}", error.what());
        ids_.clear();
      }
    });
  }

  DockerClient& client_;
  std::vector<std::string> ids_;
  const std::chrono::system_clock::time_point since_;
  int pauses_ = 0;
  std::unique_ptr<io::HttpCall> call_;
  std::unique_ptr<io::Timer> pause_;
};

UnfinishedImages::UnfinishedImages(DockerClient& client) : client_(client) {}
UnfinishedImages::~UnfinishedImages() = default;

void UnfinishedImages::remove(std::vector<std::string> ids, std::chrono::system_clock::time_point since) {
  removals_.remove_if([](const auto& each) { return each->ended(); });
  if (!ids.empty()) removals_.push_back(std::make_unique<Removal>(client_, std::move(ids), since));
}

bool UnfinishedImages::empty() const {
  return std::all_of(removals_.begin(), removals_.end(), [](const auto& each) { return each->ended(); });
}

std::unique_ptr<BuildHandle> start_dockerfile_build(DockerClient& client, UnfinishedImages& unfinished,
                                                    const EngineTraits& traits, LayerSpec spec,
                                                    BuildObserver& observer,
                                                    std::function<void(io::Result<std::string>)> done) {
  return std::make_unique<Build>(client, unfinished, traits, std::move(spec), observer, std::move(done));
}

}  // namespace sandbox::docker
