#include "sandbox/docker/docker_images.h"

#include <fmt/format.h>

#include <list>
#include <sstream>

#include "sandbox/docker/dockerfile_build.h"
#include "sandbox/docker/image_changes.h"
#include "sandbox/docker/image_listing.h"
#include "sandbox/docker/image_name.h"
#include "sandbox/docker/image_pull.h"
#include "sandbox/docker/image_transfer.h"
#include "sandbox/docker/layer_build.h"
#include "sandbox/docker/progress_stream.h"
#include "sandbox/io/error.h"

namespace sandbox::docker {
namespace {

constexpr std::chrono::minutes kPullTime{30};

EnvList env_of(const Json& config) {
  EnvList env;
  const auto found = config.find("Env");
  if (found == config.end() || !found->is_array()) return env;
  for (const auto& entry : *found) {
    const std::string text = entry.is_string() ? entry.get<std::string>() : "";
    if (const auto equals = text.find('='); equals != std::string::npos)
      env.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return env;
}

std::vector<std::string> strings_at(const Json& object, const char* key) {
  std::vector<std::string> list;
  const auto found = object.find(key);
  if (found != object.end() && found->is_array())
    for (const auto& entry : *found)
      if (entry.is_string()) list.push_back(entry.get<std::string>());
  return list;
}

class DockerImages : public DockerImageStore {
 public:
  DockerImages(DockerClient& client, Containers& containers, const EngineTraits& traits)
      : client_(client), containers_(containers), traits_(traits) {}

  bool idle() const override { return unfinished_.empty(); }

  void inspect(const std::string& reference,
               std::function<void(io::Result<std::optional<Image>>)> done) override {
    const ImageName name = image_name(reference);
    ApiCall call;
    // An engine may not understand a tag beside a digest.
    call.path =
        fmt::format("/images/{}/json", url_encode(name.digest.empty() ? reference : name.reference()));
    call.repeatable = true;
    call.doing = "while looking for image " + reference;
    client_.call_detached(
        std::move(call), [reference, name, done = std::move(done)](io::Result<Reply> result) {
          try {
            if (result.value().status == 404) return done(std::optional<Image>{});
            const Json found = expect_success(result.value(), "looking for image " + reference).json();
            const auto digests = strings_at(found, "RepoDigests");
            if (!name.digest.empty() && !have_digest(digests, name.digest))
              return done(std::optional<Image>{});
            Image image = image_of(found);
            image.digest = digest_of(digests, name);
            done(std::optional(std::move(image)));
          } catch (...) {
            done(std::current_exception());
          }
        });
  }

  void pull(const std::string& reference, std::function<void(io::Result<Image>)> done) override {
    if (is_image_id(reference)) return refuse_to_pull_id(done);
    forget_ended_pulls();
    auto& pull = pulls_.emplace_back();
    pull.running = start_pull(client_, reference,
                              [this, &pull, reference, done = std::move(done)](std::exception_ptr error) {
                                pull.ended = true;
                                if (error) return done(error);
                                expect_pulled(reference, done);
                              });
  }

  void find_layer(const std::string& kind, const std::string& key,
                  std::function<void(io::Result<std::optional<Image>>)> done) override {
    inspect(layer_reference(kind, key),
            [key, done = std::move(done)](io::Result<std::optional<Image>> result) {
              // The tag holds a part of the key; the label holds all of it.
              if (result.ok() && result.value() && result.value()->labels[kKeyLabel] != key)
                return done(std::optional<Image>{});
              done(std::move(result));
            });
  }

  void import(const std::string& tar_file, const std::string& reference,
              std::map<std::string, std::string> labels, EnvList env,
              std::function<void(io::Result<Image>)> done) override {
    std::string query = "fromSrc=-";
    for (const auto& [name, value] : labels)
      query += "&changes=" + url_encode(fmt::format("LABEL {}={}", name, Json(value).dump()));
    for (const auto& [name, value] : env)
      query += "&changes=" + url_encode(fmt::format("ENV {}={}", name, Json(value).dump()));
    ApiCall call;
    call.method = "POST";
    call.path = "/images/create?" + query;
    call.tar_file = tar_file;
    call.timeout = kPullTime;
    client_.call_detached(
        std::move(call), [this, reference, done = std::move(done)](io::Result<Reply> result) {
          try {
            expect_success(result.value(), "importing " + reference);
            if (const std::string error = error_in_stream(result.value().text); !error.empty())
              throw EngineError("importing " + reference + ": " + error, 200);
            name_image(imported_image(result.value().text), reference, done);
          } catch (...) {
            done(std::current_exception());
          }
        });
  }

  std::unique_ptr<BuildHandle> build(LayerSpec spec, BuildObserver& observer,
                                     std::function<void(io::Result<Image>)> done) override {
    auto built = [this, done = std::move(done)](io::Result<std::string> id) {
      if (!id.ok()) return done(id.error());
      expect_present(id.value(), done);
    };
    if (spec.dockerfile)
      return start_dockerfile_build(client_, unfinished_, traits_, std::move(spec), observer,
                                    std::move(built));
    return start_layer_build(client_, containers_, traits_, std::move(spec), observer, std::move(built));
  }

  std::unique_ptr<ImageTransfer> save(const std::string& id, const std::string& tar_file,
                                      std::function<void(io::Result<std::int64_t>)> done) override {
    return start_image_save(client_, id, tar_file, std::move(done));
  }

  std::unique_ptr<ImageTransfer> load(const std::string& tar_file,
                                      std::function<void(io::Result<Image>)> done) override {
    struct Loading : ImageTransfer {
      std::unique_ptr<ImageTransfer> transfer;
      std::shared_ptr<int> wanted = std::make_shared<int>();
    };
    auto loading = std::make_unique<Loading>();
    const auto tell = [wanted = std::weak_ptr(loading->wanted),
                       done = std::move(done)](io::Result<Image> image) {
      if (!wanted.expired()) done(std::move(image));
    };
    loading->transfer = start_image_load(client_, tar_file, [this, tell](io::Result<std::string> id) {
      if (!id.ok()) return tell(id.error());
      expect_present(id.value(), tell);
    });
    return loading;
  }

  void name_layer(const std::string& id, const std::string& kind, const std::string& key,
                  std::function<void(io::Result<Image>)> done) override {
    name_image(id, layer_reference(kind, key), done);
  }

  void list(std::function<void(io::Result<std::vector<Image>>)> done) override {
    ApiCall call;
    call.path = "/images/json?all=1";  // what stands on ours, and what they stand on, need not be ours
    call.repeatable = true;
    client_.call_detached(std::move(call), [done = std::move(done)](io::Result<Reply> result) {
      try {
        done(images_of_ours(expect_success(result.value(), "listing images").json()));
      } catch (...) {
        done(std::current_exception());
      }
    });
  }

  void remove(const std::string& id, std::function<void(io::Result<bool>)> done) override {
    ApiCall call;
    call.method = "DELETE";
    call.path = "/images/" + url_encode(id);
    call.repeatable = true;
    client_.call_detached(std::move(call), [id, done = std::move(done)](io::Result<Reply> result) {
      try {
        const Reply& reply = result.value();
        if (reply.status == 404 || reply.status == 409) return done(false);
        expect_success(reply, "removing image " + id);
        done(true);
      } catch (...) {
        done(std::current_exception());
      }
    });
  }

 private:
  struct RunningPull {
    std::unique_ptr<ImagePull> running;
    bool ended = false;
  };

  // One of them may be the caller, which may be let go of from inside its own callback.
  void forget_ended_pulls() {
    pulls_.remove_if([](const RunningPull& each) { return each.ended; });
  }

  void refuse_to_pull_id(const std::function<void(io::Result<Image>)>& done) {
    client_.loop().post([done] {
      done(io::failure(PullFailed("no registry knows an image by an id of this engine",
                                  "name it as its registry does, as in name:tag or name@sha256:…")));
    });
  }

  void expect_pulled(const std::string& reference, const std::function<void(io::Result<Image>)>& done) {
    inspect(reference, [reference, done](io::Result<std::optional<Image>> result) {
      if (!result.ok()) return done(result.error());
      if (!result.value())
        return done(
            io::failure(PullFailed("the engine says that it has fetched it, but has nothing by that name and "
                                   "digest")));
      done(std::move(*result.value()));
    });
  }

  // Apart from the import, whose `tag` Podman does not heed.
  void name_image(const std::string& id, const std::string& reference,
                  const std::function<void(io::Result<Image>)>& done) {
    const ImageName name = image_name(reference);
    ApiCall call;
    call.method = "POST";
    call.path = fmt::format("/images/{}/tag?repo={}&tag={}", url_encode(id), url_encode(name.repository),
                            url_encode(name.tag));
    call.repeatable = true;
    client_.call_detached(std::move(call), [this, reference, done](io::Result<Reply> result) {
      try {
        expect_success(result.value(), "naming the image " + reference);
        expect_present(reference, done);
      } catch (...) {
        done(std::current_exception());
      }
    });
  }

  void expect_present(const std::string& reference, const std::function<void(io::Result<Image>)>& done) {
    inspect(reference, [reference, done](io::Result<std::optional<Image>> result) {
      if (!result.ok()) return done(result.error());
      if (!result.value()) return done(io::failure(EngineError("image " + reference + " is gone", 404)));
      done(std::move(*result.value()));
    });
  }

  DockerClient& client_;
  Containers& containers_;
  const EngineTraits& traits_;
  std::list<RunningPull> pulls_;
  UnfinishedImages unfinished_{client_};
};

}  // namespace

std::string layer_reference(const std::string& kind, const std::string& key) {
  return fmt::format("orchestrator/layer-{}:{}", kind, key.substr(0, 32));
}

Image image_of(const Json& inspected) {
  Image image;
  image.id = inspected.value("Id", "");
  image.architecture = inspected.value("Architecture", "");
  image.size_bytes = inspected.value("Size", std::int64_t{0});
  image.references = strings_at(inspected, "RepoTags");
  image.digest = digest_of(strings_at(inspected, "RepoDigests"), ImageName());
  const auto config = inspected.find("Config");
  if (config == inspected.end() || !config->is_object()) return image;
  image.env = env_of(*config);
  if (const auto volumes = config->find("Volumes"); volumes != config->end() && volumes->is_object())
    for (const auto& volume : volumes->items()) image.volumes.push_back(volume.key());
  if (const auto labels = config->find("Labels"); labels != config->end() && labels->is_object())
    for (const auto& [name, value] : labels->items())
      if (value.is_string()) image.labels[name] = label_value(value.get<std::string>());
  return image;
}

// It is the "status" of the last line.
std::string imported_image(const std::string& answer) {
  std::istringstream lines(answer);
  std::string id;
  for (std::string line; std::getline(lines, line);) {
    const Json entry = Json::parse(line, nullptr, false);
    if (entry.is_object() && entry.contains("status") && entry["status"].is_string())
      id = entry["status"].get<std::string>();
  }
  if (!id.starts_with("sha256:")) throw EngineError("the engine does not say which image it has made", 200);
  return id;
}

std::unique_ptr<DockerImageStore> make_images(DockerClient& client, Containers& containers,
                                              const EngineTraits& traits) {
  return std::make_unique<DockerImages>(client, containers, traits);
}

}  // namespace sandbox::docker
