#include "sandbox/docker/layer_build.h"

#include <fmt/format.h>

#include "sandbox/docker/docker_images.h"
#include "sandbox/docker/image_changes.h"
#include "sandbox/io/error.h"
#include "sandbox/io/json_text.h"

namespace sandbox::docker {
namespace {

constexpr std::size_t kLogTail = 16 * 1024;
constexpr std::chrono::minutes kTransferTime{30};  // of a large tar or commit
constexpr std::chrono::seconds kSizeInterval{5};

class LayerBuild : public BuildHandle {
 public:
  LayerBuild(DockerClient& client, Containers& containers, const EngineTraits& traits, LayerSpec spec,
             BuildObserver& observer, std::function<void(io::Result<std::string>)> done)
      : client_(client),
        containers_(containers),
        traits_(traits),
        spec_(std::move(spec)),
        observer_(observer),
        done_(std::move(done)),
        image_(spec_.parent) {
    next_step();
  }
  ~LayerBuild() override { abandon(); }

 private:
  bool is_last() const { return step_ + 1 >= spec_.steps.size(); }

  // A container that is never started still needs a command; this one only carries files.
  static Execution carrier() {
    Execution execution;
    execution.argv = {"never"};
    execution.workdir.assign(1, '/');  // = "/" is an overflow to GCC 12 when it optimises
    execution.privilege = Privilege::install;
    return execution;
  }

  void next_step() {
    const bool has_step = step_ < spec_.steps.size();
    const Execution execution = has_step ? spec_.steps[step_].execution : carrier();
    const auto lifetime =
        std::chrono::duration_cast<std::chrono::seconds>(execution.limits.timeout) + kTransferTime;
    const std::string name = has_step ? spec_.steps[step_].title : "the " + spec_.kind + " layer";
    log_.clear();
    printed_.clear();
    container_ = containers_.add(client_, traits_, {image_, execution, ownership_labels(lifetime), ""}, name);
    container_->keep();
    ContainerEvents events;
    events.created = [this] { created(); };
    events.started = [this, execution] {
      container_->sample_disk(execution.limits.disk_bytes, kSizeInterval);
    };
    events.output = [this](Stream stream, std::string_view bytes) { output(stream, bytes); };
    events.finished = [this](const ExecutionResult& result) { finished(result); };
    container_->create(std::move(events));
  }

  void created() {
    if (step_ == 0 && !spec_.tar_file.empty()) return put_files();
    run_or_commit();
  }

  void put_files() {
    ApiCall call;
    call.method = "PUT";
    call.path = fmt::format("/containers/{}/archive?path=%2F", container_->id());
    call.tar_file = spec_.tar_file;
    call.timeout = kTransferTime;
    call_ = client_.call(std::move(call), [this](io::Result<Reply> result) {
      try {
        expect_success(result.value(), "putting files into the " + spec_.kind + " layer");
      } catch (...) {
        return fail(std::current_exception());
      }
      run_or_commit();
    });
  }

  void run_or_commit() {
    if (spec_.steps.empty()) return commit();
    observer_.step_started(spec_.steps[step_].title);
    container_->start();
  }

  const std::string& label() const { return spec_.steps[step_].label; }

  void output(Stream stream, std::string_view bytes) {
    if (stream == Stream::out && !label().empty()) {
      if (printed_.size() <= kLabelBytes) printed_.append(bytes);
      return;
    }
    log_.append(bytes);
    if (log_.size() > 2 * kLogTail) log_.erase(0, log_.size() - kLogTail);
    observer_.step_output(stream, bytes);
  }

  void finished(const ExecutionResult& result) {
    Outcome outcome = classify(result);
    // A step may go on without a part that was killed for want of memory; its layer would stay like that.
    if (outcome == Outcome::passed && result.oom_killed) outcome = Outcome::out_of_memory;
    if (outcome == Outcome::passed) {
      // Empty rather than absent: the parent may have one of that name.
      if (!label().empty()) spec_.labels[label()] = printed_.size() <= kLabelBytes ? printed_ : "";
      return commit();
    }
    const std::string title = spec_.steps.empty() ? "the " + spec_.kind + " layer" : spec_.steps[step_].title;
    const std::string tail = log_.size() > kLogTail ? log_.substr(log_.size() - kLogTail) : log_;
    fail(io::failure(StepFailed(title, outcome, result, tail)));
  }

  // The result's configuration is ours: no environment of a step, no owner's label outlives the build.
  Json image_config() const {
    Json env = Json::array();
    for (const auto& [name, value] : spec_.env) env.push_back(name + "=" + value);
    // What lies between two steps is ours until the layer is done; a sweep finds it when we die.
    Json labels = is_last() ? Json{{kOwnerLabel, ""}, {kProcessLabel, ""}, {kExpiryLabel, ""}}
                            : Json(ownership_labels(kTransferTime));
    for (const auto& [name, value] : spec_.labels) labels[name] = value;
    // Empty rather than absent: else the parent's would be its own.
    labels[kKindLabel] = is_last() ? spec_.kind : "";
    labels[kKeyLabel] = is_last() ? spec_.key : "";
    labels[kParentLabel] = is_last() ? spec_.parent : "";
    if (!is_last() || !labels.contains(kKeeperLabel)) labels[kKeeperLabel] = "";
    return {{"Env", env}, {"Labels", labels}, {"Cmd", Json::array({"/bin/sh"})}, {"WorkingDir", kWorkDir}};
  }

  void commit() {
    const std::string reference = layer_reference(spec_.kind, spec_.key);
    const auto colon = reference.rfind(':');
    ApiCall call;
    call.method = "POST";
    call.path = fmt::format("/commit?container={}&pause=0{}", container_->id(),
                            is_last() ? fmt::format("&repo={}&tag={}", url_encode(reference.substr(0, colon)),
                                                    reference.substr(colon + 1))
                                      : "");
    if (traits_.commits_by_changes) {
      call.path += changes_query(image_config());
      call.body = "{}";  // a body must be there all the same
    } else {
      call.body = io::json_text(image_config());
    }
    call.timeout = kTransferTime;
    call_ = client_.call(std::move(call), [this](io::Result<Reply> result) { committed(std::move(result)); });
  }

  void committed(io::Result<Reply> result) {
    try {
      image_ = expect_success(result.value(), "committing the " + spec_.kind + " layer")
                   .json()
                   .at("Id")
                   .get<std::string>();
    } catch (...) {
      return fail(std::current_exception());
    }
    drop_container();
    if (is_last()) return done_(image_);
    ++step_;
    next_step();
  }

  void fail(std::exception_ptr error) {
    abandon();
    const auto done = done_;
    done(error);
  }

  void drop_container() {
    if (!container_) return;
    container_->let_go();
    container_.reset();
  }

  // The image of the steps before can go only after the container that was made of it.
  void abandon() {
    call_.reset();
    if (!container_) return;
    if (step_ == 0) return drop_container();
    container_->let_go([&client = client_, image = image_] {
      ApiCall call;
      call.method = "DELETE";
      call.path = "/images/" + image;
      call.repeatable = true;
      client.call_detached(std::move(call), [](io::Result<Reply>) {});
    });
    container_.reset();
  }

  DockerClient& client_;
  Containers& containers_;
  const EngineTraits& traits_;
  LayerSpec spec_;
  BuildObserver& observer_;
  std::function<void(io::Result<std::string>)> done_;
  std::string image_;  // so far
  std::size_t step_ = 0;
  std::string log_;
  std::string printed_;  // by a step whose stdout becomes a label
  std::shared_ptr<Container> container_;
  std::unique_ptr<io::HttpCall> call_;
};

}  // namespace

std::unique_ptr<BuildHandle> start_layer_build(DockerClient& client, Containers& containers,
                                               const EngineTraits& traits, LayerSpec spec,
                                               BuildObserver& observer,
                                               std::function<void(io::Result<std::string>)> done) {
  return std::make_unique<LayerBuild>(client, containers, traits, std::move(spec), observer, std::move(done));
}

}  // namespace sandbox::docker
