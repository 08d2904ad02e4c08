#include "sandbox/docker/docker_sandbox.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "sandbox/docker/container.h"
#include "sandbox/docker/docker_images.h"
#include "sandbox/docker/hosts_volume.h"
#include "sandbox/docker/probe.h"
#include "sandbox/frames/typing.h"
#include "sandbox/io/error.h"

namespace sandbox::docker {
namespace {

constexpr std::chrono::seconds kDiskInterval{5};
constexpr std::chrono::seconds kExpiryMargin{600};

class DockerPrepared : public Prepared {
 public:
  explicit DockerPrepared(std::shared_ptr<Container> made) : container(std::move(made)) {}
  ~DockerPrepared() override {
    if (container) container->let_go();
  }
  std::shared_ptr<Container> container;
  AttemptObserver* observer = nullptr;   // once started
  std::optional<ExecutionResult> early;  // it failed before anybody listened
  std::function<void(const ExecutionResult&)> on_finished;
};

class DockerAttempt : public AttemptHandle {
 public:
  explicit DockerAttempt(std::unique_ptr<DockerPrepared> prepared) : prepared_(std::move(prepared)) {}
  void stop(StopReason reason) override { prepared_->container->stop(reason); }
  void kill() override { prepared_->container->kill(); }

 private:
  std::unique_ptr<DockerPrepared> prepared_;
};

class DockerTerminal : public TerminalHandle {
 public:
  explicit DockerTerminal(std::unique_ptr<DockerPrepared> prepared) : prepared_(std::move(prepared)) {}
  void stop(StopReason reason) override { prepared_->container->stop(reason); }
  void kill() override { prepared_->container->kill(); }
  void type(std::string_view bytes) override { prepared_->container->send(encode_keys(bytes)); }
  void resize(TerminalSize size) override { prepared_->container->send(encode_size(size)); }
  std::size_t untyped() const override { return prepared_->container->unsent(); }

 private:
  std::unique_ptr<DockerPrepared> prepared_;
};

Labels labels_of(const Json& container) {
  Labels labels;
  const auto found = container.find("Labels");
  if (found == container.end() || !found->is_object()) return labels;
  for (const auto& [name, value] : found->items())
    if (value.is_string()) labels[name] = value.get<std::string>();
  return labels;
}

// Removes containers, networks and images between two steps of a layer by their labels.
class Sweep : public std::enable_shared_from_this<Sweep> {
 public:
  Sweep(DockerClient& client, SweepScope scope, std::function<void(io::Result<int>)> done)
      : client_(client), scope_(scope), done_(std::move(done)) {}

  void run() {
    const std::string filter = url_encode(Json{{"label", Json::array({kOwnerLabel})}}.dump());
    list("/containers/json?all=1&filters=" + filter, [this, filter](const Json& containers) {
      for (const auto& entry : containers)
        if (is_ours_to_remove(entry))
          remove(fmt::format("/containers/{}?force=1&v=1", entry.value("Id", "")));
      list("/networks?filters=" + filter, [this](const Json& networks) {
        for (const auto& entry : networks)
          if (is_ours_to_remove(entry)) after_containers_.push_back("/networks/" + entry.value("Id", ""));
        list_images();
      });
    });
  }

 private:
  bool is_ours_to_remove(const Json& entry) const {
    const OwnerState state = owner_state(labels_of(entry), std::chrono::system_clock::now());
    return scope_ == SweepScope::own ? state == OwnerState::self : state == OwnerState::dead;
  }

  void list(const std::string& path, std::function<void(const Json&)> next) {
    ApiCall call;
    call.path = path;
    call.repeatable = true;
    call.doing = "while looking for leftovers";
    client_.call_detached(std::move(call),
                          [self = shared_from_this(), next = std::move(next)](io::Result<Reply> result) {
                            try {
                              next(expect_success(result.value(), "looking for leftovers").json());
                            } catch (...) {
                              self->done_(std::current_exception());
                            }
                          });
  }

  void remove(const std::string& path) {
    ++open_;
    ApiCall call;
    call.method = "DELETE";
    call.path = path;
    call.repeatable = true;
    client_.call_detached(std::move(call), [self = shared_from_this()](io::Result<Reply> result) {
      if (result.ok() && result.value().status < 300) ++self->removed_;
      --self->open_;
      self->step();
    });
  }

  // Those that a finished layer stands on have children and are not listed.
  void list_images() {
    const Json filters = {{"label", Json::array({kOwnerLabel})}, {"dangling", Json::array({"true"})}};
    list("/images/json?filters=" + url_encode(filters.dump()), [this](const Json& images) {
      for (const auto& entry : images)
        if (is_ours_to_remove(entry)) after_containers_.push_back("/images/" + entry.value("Id", ""));
      listed_ = true;
      step();
    });
  }

  // What a container still uses cannot go before it.
  void step() {
    if (!listed_ || open_ > 0) return;
    if (!after_containers_.empty()) {
      for (const auto& path : std::exchange(after_containers_, {})) remove(path);
      return;
    }
    const auto done = std::exchange(done_, nullptr);
    if (done) done(removed_);
  }

  DockerClient& client_;
  SweepScope scope_;
  std::function<void(io::Result<int>)> done_;
  std::vector<std::string> after_containers_;
  int open_ = 0;
  int removed_ = 0;
  bool listed_ = false;
};

class DockerSandbox : public Sandbox {
 public:
  DockerSandbox(DockerClient& client, Containers& containers, EngineTraits& traits, std::string scratch)
      : client_(client), containers_(containers), traits_(traits), scratch_(std::move(scratch)) {}

  void probe(std::function<void(io::Result<Capabilities>)> done) override {
    client_.negotiate([this, done = std::move(done)](io::Result<Json> version) {
      if (!version.ok()) return done(version.error());
      ApiCall info;
      info.path = "/info";
      info.repeatable = true;
      info.doing = "while asking the engine what it can do";
      client_.call_detached(std::move(info), [this, done, version = version.value(),
                                              asked = std::chrono::system_clock::now()](
                                                 io::Result<Reply> result) {
        try {
          const Json answer = expect_success(result.value(), "asking the engine what it can do").json();
          traits_ = traits_of(version, answer);
          if (!client_.endpoint().on_this_host())
            traits_.clock_ahead = clock_ahead(answer, asked, std::chrono::system_clock::now());
          find_hosts_file(capabilities_of(version, answer, client_.api_version(), client_.endpoint()), done);
        } catch (...) {
          done(client_.explain_first_answer());
        }
      });
    });
  }

  std::unique_ptr<Prepared> prepare(AttemptSpec spec) override { return make(std::move(spec), std::nullopt); }

  std::unique_ptr<TerminalHandle> open_terminal(AttemptSpec spec, TerminalSize size,
                                                AttemptObserver& observer) override {
    auto prepared = make(std::move(spec), size);
    prepared->observer = &observer;
    prepared->container->start();
    return std::make_unique<DockerTerminal>(std::move(prepared));
  }

  std::unique_ptr<AttemptHandle> start(std::unique_ptr<Prepared> prepared,
                                       AttemptObserver& observer) override {
    std::unique_ptr<DockerPrepared> mine(static_cast<DockerPrepared*>(prepared.release()));
    mine->observer = &observer;
    DockerPrepared* raw = mine.get();
    if (mine->early) {
      // Told later: finished() must not come before start() has returned.
      client_.loop().post([weak = std::weak_ptr(mine->container), raw] {
        if (weak.lock() && raw->observer) raw->observer->finished(*raw->early);
      });
    } else {
      mine->container->start();
    }
    return std::make_unique<DockerAttempt>(std::move(mine));
  }

  void sweep(SweepScope scope, std::function<void(io::Result<int>)> done) override {
    std::make_shared<Sweep>(client_, scope, std::move(done))->run();
  }

 private:
  std::unique_ptr<DockerPrepared> make(AttemptSpec spec, std::optional<TerminalSize> terminal) {
    Labels labels = ownership_labels(std::chrono::duration_cast<std::chrono::seconds>(
        spec.execution.limits.timeout + spec.execution.limits.grace + kExpiryMargin));
    labels.insert(spec.labels.begin(), spec.labels.end());
    const std::int64_t disk = spec.execution.limits.disk_bytes;
    auto container = containers_.add(
        client_, traits_, {std::move(spec.image), std::move(spec.execution), std::move(labels), "", terminal},
        spec.name);
    auto prepared = std::make_unique<DockerPrepared>(container);
    container->create(events_for(prepared.get(), disk));
    return prepared;
  }

  // The events live as long as the container is not let go of, and so does `prepared`.
  static ContainerEvents events_for(DockerPrepared* prepared, std::int64_t disk_bytes) {
    ContainerEvents events;
    events.started = [prepared, disk_bytes] {
      prepared->container->sample_disk(disk_bytes, kDiskInterval);
      if (prepared->observer) prepared->observer->started();
    };
    events.output = [prepared](Stream stream, std::string_view bytes) {
      if (prepared->observer) prepared->observer->output(stream, bytes);
    };
    events.record = [prepared](std::string_view record) {
      if (prepared->observer) prepared->observer->record(record);
    };
    events.result_file = [prepared](std::string_view path, std::string_view bytes) {
      if (prepared->observer) prepared->observer->result_file(path, bytes);
    };
    events.finished = [prepared](const ExecutionResult& result) {
      if (prepared->observer)
        prepared->observer->finished(result);
      else
        prepared->early = result;
    };
    events.drained = [prepared] {
      if (prepared->observer) prepared->observer->drained();
    };
    return events;
  }

  void find_hosts_file(Capabilities capabilities, std::function<void(io::Result<Capabilities>)> done) {
    if (!traits_.needs_hosts_file) return done(std::move(capabilities));
    ensure_hosts_volume(client_, traits_.fills_volumes_late, scratch_,
                        [this, capabilities, done](io::Result<std::string> file) mutable {
                          if (file.ok()) {
                            traits_.hosts_file = file.value();
                          } else {
                            traits_.skips_network_sandbox = false;
                            spdlog::info(
                                "attempts have the engine's own /etc/hosts, and may start the slower way: {}",
                                io::describe(file.error()));
                          }
                          done(std::move(capabilities));
                        });
  }

  DockerClient& client_;
  Containers& containers_;
  EngineTraits& traits_;
  std::string scratch_;
};

class DockerEngine : public Engine {
 public:
  DockerEngine(io::CurlLoop& loop, const EngineOptions& options)
      : client_(loop, Endpoint::from(options)),
        sandbox_(client_, containers_, traits_, options.scratch),
        images_(make_images(client_, containers_, traits_)) {}

  Sandbox& sandbox() override { return sandbox_; }
  ImageStore& images() override { return *images_; }
  bool idle() const override { return containers_.size() == 0 && images_->idle() && client_.idle(); }

 private:
  DockerClient client_;
  EngineTraits traits_;
  Containers containers_;
  DockerSandbox sandbox_;
  std::unique_ptr<DockerImageStore> images_;
};

}  // namespace

std::unique_ptr<Engine> connect(io::CurlLoop& loop, const EngineOptions& options) {
  return std::make_unique<DockerEngine>(loop, options);
}

}  // namespace sandbox::docker
