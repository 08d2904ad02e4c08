#include "sandbox/docker/docker_images.h"

#include <fmt/format.h>

#include <sstream>

#include "sandbox/docker/layer_build.h"
#include "sandbox/io/error.h"

namespace sandbox::docker {
namespace {

constexpr std::chrono::minutes kPullTime{30};
constexpr int kPullTries = 3;

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

// The engine reports a failed pull or import inside a 200 answer: JSON lines, the last with "errorDetail".
std::string error_in_stream(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const Json entry = Json::parse(line, nullptr, false);
    if (!entry.is_object()) continue;
    if (entry.contains("errorDetail") && entry["errorDetail"].is_object())
      return entry["errorDetail"].value("message", "unknown error");
    if (entry.contains("error") && entry["error"].is_string()) return entry["error"].get<std::string>();
  }
  return "";
}

// "name:tag", "name@sha256:…" → name and tag; a port's colon is no tag's.
std::pair<std::string, std::string> split_reference(const std::string& reference) {
  if (const auto at = reference.find('@'); at != std::string::npos)
    return {reference.substr(0, at), reference.substr(at + 1)};
  const auto colon = reference.rfind(':');
  if (colon == std::string::npos || reference.find('/', colon) != std::string::npos)
    return {reference, "latest"};
  return {reference.substr(0, colon), reference.substr(colon + 1)};
}

class DockerImages : public ImageStore {
 public:
  DockerImages(DockerClient& client, Containers& containers, const EngineTraits& traits)
      : client_(client), containers_(containers), traits_(traits) {}

  void inspect(const std::string& reference,
               std::function<void(io::Result<std::optional<Image>>)> done) override {
    ApiCall call;
    call.path = fmt::format("/images/{}/json", url_encode(reference));
    call.repeatable = true;
    call.doing = "while looking for image " + reference;
    client_.call_detached(std::move(call), [reference, done = std::move(done)](io::Result<Reply> result) {
      try {
        if (result.value().status == 404) return done(std::optional<Image>{});
        done(
            std::optional(image_of(expect_success(result.value(), "looking for image " + reference).json())));
      } catch (...) {
        done(std::current_exception());
      }
    });
  }

  void pull(const std::string& reference, std::function<void(io::Result<Image>)> done) override {
    pull_try(reference, 1, std::move(done));
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
    const auto [repository, tag] = split_reference(reference);
    std::string query = fmt::format("fromSrc=-&repo={}&tag={}", url_encode(repository), url_encode(tag));
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
            expect_present(reference, done);
          } catch (...) {
            done(std::current_exception());
          }
        });
  }

  std::unique_ptr<BuildHandle> build(LayerSpec spec, BuildObserver& observer,
                                     std::function<void(io::Result<Image>)> done) override {
    return start_layer_build(client_, containers_, traits_, std::move(spec), observer,
                             [this, done = std::move(done)](io::Result<std::string> id) {
                               if (!id.ok()) return done(id.error());
                               expect_present(id.value(), done);
                             });
  }

  void list(std::function<void(io::Result<std::vector<Image>>)> done) override {
    ApiCall call;
    call.path = "/images/json?filters=" + url_encode(Json{{"label", Json::array({kKindLabel})}}.dump());
    call.repeatable = true;
    client_.call_detached(std::move(call), [done = std::move(done)](io::Result<Reply> result) {
      try {
        std::vector<Image> images;
        for (const auto& entry : expect_success(result.value(), "listing images").json())
          images.push_back(listed(entry));
        done(std::move(images));
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
  void pull_try(const std::string& reference, int attempt, std::function<void(io::Result<Image>)> done) {
    const auto [repository, tag] = split_reference(reference);
    ApiCall call;
    call.method = "POST";
    call.path = fmt::format("/images/create?fromImage={}&tag={}", url_encode(repository), url_encode(tag));
    call.timeout = kPullTime;
    client_.call_detached(
        std::move(call), [this, reference, attempt, done = std::move(done)](io::Result<Reply> result) {
          std::string error;
          try {
            const Reply& reply = result.value();
            error = reply.status >= 300 ? reply.message() : error_in_stream(reply.text);
          } catch (const std::exception& failure) {
            error = failure.what();
          }
          if (error.empty()) return expect_present(reference, done);
          const bool final =
              error.find("not found") != std::string::npos || error.find("denied") != std::string::npos;
          if (attempt < kPullTries && !final) return pull_try(reference, attempt + 1, done);
          done(io::failure(PullFailed(error)));
        });
  }

  void expect_present(const std::string& reference, const std::function<void(io::Result<Image>)>& done) {
    inspect(reference, [reference, done](io::Result<std::optional<Image>> result) {
      if (!result.ok()) return done(result.error());
      if (!result.value()) return done(io::failure(EngineError("image " + reference + " is gone", 404)));
      done(std::move(*result.value()));
    });
  }

  static Image listed(const Json& entry) {
    Image image;
    image.id = entry.value("Id", "");
    image.size_bytes = entry.value("Size", std::int64_t{0});
    image.created = std::chrono::system_clock::from_time_t(entry.value("Created", std::int64_t{0}));
    if (entry.contains("RepoTags") && entry["RepoTags"].is_array())
      for (const auto& tag : entry["RepoTags"]) image.references.push_back(tag.get<std::string>());
    if (entry.contains("Labels") && entry["Labels"].is_object())
      for (const auto& [name, value] : entry["Labels"].items())
        if (value.is_string()) image.labels[name] = value.get<std::string>();
    return image;
  }

  DockerClient& client_;
  Containers& containers_;
  const EngineTraits& traits_;
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
  const auto strings = [&](const char* key) {
    std::vector<std::string> list;
    const auto found = inspected.find(key);
    if (found != inspected.end() && found->is_array())
      for (const auto& entry : *found)
        if (entry.is_string()) list.push_back(entry.get<std::string>());
    return list;
  };
  image.references = strings("RepoTags");
  const auto digests = strings("RepoDigests");
  if (!digests.empty()) image.digest = digests.front().substr(digests.front().find('@') + 1);
  const auto config = inspected.find("Config");
  if (config == inspected.end() || !config->is_object()) return image;
  image.env = env_of(*config);
  if (const auto labels = config->find("Labels"); labels != config->end() && labels->is_object())
    for (const auto& [name, value] : labels->items())
      if (value.is_string()) image.labels[name] = value.get<std::string>();
  return image;
}

std::unique_ptr<ImageStore> make_images(DockerClient& client, Containers& containers,
                                        const EngineTraits& traits) {
  return std::make_unique<DockerImages>(client, containers, traits);
}

}  // namespace sandbox::docker
