#include "sandbox/docker/docker_contexts.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "sandbox/io/error.h"
#include "sandbox/io/json_text.h"

namespace sandbox::docker {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::uintmax_t kMostBytes = 1u << 20;  // of one of these files

// Nothing when there is no such file or it is no JSON object.
std::optional<Json> object_in(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error || size > kMostBytes) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  Json parsed = Json::parse(file, nullptr, false);
  if (!parsed.is_object()) return std::nullopt;
  return parsed;
}

DockerContext read_context(const std::string& name, const Json& meta, const fs::path& tls_folder) {
  const Json::json_pointer place("/Endpoints/docker");
  const Json endpoint = meta.contains(place) && meta.at(place).is_object() ? meta.at(place) : Json::object();
  DockerContext context{io::text_at(endpoint, "Host"), ""};
  if (context.host.empty())
    throw io::RequestError(fmt::format("the docker context '{}' names no engine", name));
  if (endpoint.contains("SkipTLSVerify") && endpoint["SkipTLSVerify"] == true)
    throw io::RequestError(fmt::format(
        "the docker context '{}' does not want its engine's certificate to be checked, so that anybody could "
        "answer in its place: give the context a ca.pem instead (docker context update {} --docker "
        "\"host=…,ca=…\")",
        name, name));
  std::error_code ignored;
  if (fs::is_directory(tls_folder, ignored)) context.tls_folder = tls_folder;
  return context;
}

}  // namespace

std::string docker_folder() {
  if (const char* said = std::getenv("DOCKER_CONFIG"); said && *said) return said;
  if (const char* home = std::getenv("HOME"); home && *home) return std::string(home) + "/.docker";
  return "";
}

std::string current_context() {
  const std::string folder = docker_folder();
  const std::string path = folder + "/config.json";
  std::error_code ignored;
  if (folder.empty() || !fs::exists(path, ignored)) return "";
  const auto config = object_in(path);
  if (!config) spdlog::warn("{} cannot be understood: a context that it may name is not used", path);
  return config ? io::text_at(*config, "currentContext") : "";
}

DockerContext find_context(const std::string& name) {
  const fs::path contexts = fs::path(docker_folder()) / "contexts";
  std::error_code error;
  // A folder's name is a hash of the context's name; the name itself stands in the file.
  for (const auto& entry : fs::directory_iterator(contexts / "meta", error)) {
    const auto meta = object_in(entry.path() / "meta.json");
    if (meta && io::text_at(*meta, "Name") == name)
      return read_context(name, *meta, contexts / "tls" / entry.path().filename() / "docker");
  }
  throw io::RequestError(
      fmt::format("there is no docker context '{}' below {}: docker context ls lists those "
                  "that there are",
                  name, contexts.string()));
}

}  // namespace sandbox::docker
