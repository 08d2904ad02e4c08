#include "images/checkout/lfs_download.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "images/checkout/path_rules.h"
#include "images/checkout/tree_hash.h"

namespace images::checkout {
namespace {

using nlohmann::json;

constexpr std::size_t kBatch = 100, kLargestAnswer = 16u << 20;
constexpr int kDeepestJson = 16;
constexpr const char* kMediaType = "application/vnd.git-lfs+json";

using Objects = std::map<std::string, std::int64_t>;  // size by oid

std::string api_of(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  if (!url.ends_with(".git")) url += ".git";
  return url + "/info/lfs/objects/batch";
}

json parse_bounded(const std::string& text) {
  const auto check = [](int depth, json::parse_event_t, json&) {
    if (depth > kDeepestJson) throw io::HostError("its answer is nested too deeply");
    return true;
  };
  json parsed = json::parse(text, check, false);
  if (!parsed.is_object()) throw io::HostError("its answer is no JSON object");
  return parsed;
}

json ask(HttpsClient& client, const std::string& url, const Objects& objects) {
  json list = json::array();
  for (const auto& [oid, size] : objects) list.push_back({{"oid", oid}, {"size", size}});
  HttpsRequest request;
  request.url = api_of(url);
  request.headers = {std::string("Content-Type: ") + kMediaType, std::string("Accept: ") + kMediaType};
  request.body = json{{"operation", "download"}, {"transfers", {"basic"}}, {"objects", list}}.dump();
  auto response = client.send(request);
  if (response->status() != 200)
    throw io::HostError("the LFS server " + response->url().host + " answered " +
                        std::to_string(response->status()));
  return parse_bounded(response->read_all(kLargestAnswer));
}

bool is_header(const std::string& name, const std::string& value) {
  const auto control = [](const std::string& text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos;
  };
  return !name.empty() && name.find(':') == std::string::npos && name.size() + value.size() < 8192 &&
         !control(name) && !control(value);
}

HttpsRequest request_for(const json& object) {
  const auto href = object.value("/actions/download/href"_json_pointer, std::string());
  if (href.empty()) {
    const auto message =
        object.value("/error/message"_json_pointer, std::string("the server has no such object"));
    throw io::HostError(printable(message));
  }
  HttpsRequest request;
  request.url = href;
  const json headers = object.value("/actions/download/header"_json_pointer, json::object());
  for (const auto& [name, value] : headers.items())
    if (value.is_string() && is_header(name, value.get<std::string>()))
      request.headers.push_back(name + ": " + value.get<std::string>());
  return request;
}

void download(HttpsClient& client, const HttpsRequest& request, const std::string& oid, std::int64_t size,
              const std::string& folder) {
  auto response = client.send_following(request);
  if (response->status() != 200)
    throw io::HostError(response->url().host + " answered " + std::to_string(response->status()));
  const std::string partial = folder + "/partial";
  Sha256 hash;
  std::int64_t received = 0;
  std::ofstream out(partial, std::ios::binary | std::ios::trunc);
  char piece[65536];
  while (const std::size_t got = response->read(piece, sizeof piece)) {
    received += static_cast<std::int64_t>(got);
    if (received > size) break;
    hash.add({piece, got});
    out.write(piece, static_cast<std::streamsize>(got));
  }
  out.close();
  if (!out) throw io::HostError("cannot write " + partial);
  if (received != size || hash.finish_hex() != oid)
    throw io::HostError("what came for object " + oid + " is not that object");
  std::filesystem::rename(partial, folder + "/" + oid);
}

void download_batch(HttpsClient& client, const std::string& url, const Objects& objects,
                    const std::string& folder) {
  const json answer = ask(client, url, objects);
  Objects missing = objects;
  const json list = answer.value("objects", json::array());
  for (const json& object : list) {
    if (!object.is_object()) continue;
    const auto found = missing.find(object.value("oid", std::string()));
    if (found == missing.end()) continue;
    download(client, request_for(object), found->first, found->second, folder);
    missing.erase(found);
  }
  if (!missing.empty())
    throw io::HostError("the LFS server did not answer for object " + missing.begin()->first);
}

}  // namespace

void download_lfs(HttpsClient& client, const std::string& url, const std::vector<LfsWanted>& wanted,
                  const std::string& folder, const Progress& progress) {
  std::filesystem::create_directories(folder);
  Objects batch;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const LfsPointer& pointer = wanted[i].pointer;
    if (!std::filesystem::exists(folder + "/" + pointer.oid)) batch.emplace(pointer.oid, pointer.size);
    if (batch.empty() || (batch.size() < kBatch && i + 1 < wanted.size())) continue;
    progress("fetching Git LFS files " + std::to_string(i + 1) + "/" + std::to_string(wanted.size()));
    download_batch(client, url, batch, folder);
    batch.clear();
  }
}

}  // namespace images::checkout
