#include "images/checkout/messages.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "sandbox/io/error.h"
#include "sandbox/io/json_text.h"

namespace images::checkout {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestMessage = 8192;
constexpr std::uint32_t kLargestRecord = 64u << 20;

constexpr std::array kKinds{"done", "request", "host", "transport", "lasting"};

// A record: one byte that says what it is, the length in four bytes, the bytes.
enum Record : char {
  kLocal = 'L',
  kUrl = 'u',
  kRef = 'r',
  kCommit = 'c',
  kDirty = 'd',
  kHash = 'h',
  kEntry = 'e',
  kManifest = 'm',
  kTotal = 't',
  kWarning = 'w',
  kBase = 'b',
  kDockerfile = 'D',
  kContext = 'C',
  kChanged = 'g',
  kEnd = '.',
};

void put(std::ofstream& out, Record kind, std::string_view bytes) {
  const auto length = static_cast<std::uint32_t>(bytes.size());
  char header[5] = {kind};
  std::memcpy(header + 1, &length, sizeof length);
  out.write(header, sizeof header);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

bool get(std::ifstream& in, char& kind, std::string& bytes) {
  char header[5];
  std::uint32_t length = 0;
  if (!in.read(header, sizeof header)) return false;
  kind = header[0];
  std::memcpy(&length, header + 1, sizeof length);
  if (length > kLargestRecord) return false;
  bytes.resize(length);
  return static_cast<bool>(in.read(bytes.data(), length));
}

bool take(Source& source, char kind, std::string bytes) {
  const std::size_t nul = bytes.find('\0');
  switch (kind) {
    case kLocal:
      source.local = bytes == "1";
      return true;
    case kDirty:
      source.dirty = bytes == "1";
      return true;
    case kUrl:
      source.url = std::move(bytes);
      return true;
    case kRef:
      source.ref = std::move(bytes);
      return true;
    case kCommit:
      source.commit = std::move(bytes);
      return true;
    case kHash:
      source.tree_hash = std::move(bytes);
      return true;
    case kWarning:
      source.warnings.push_back(std::move(bytes));
      return true;
    case kTotal:
      source.total_bytes = std::strtoll(bytes.c_str(), nullptr, 10);
      return true;
    case kBase:
      source.changes.emplace().base = std::move(bytes);
      return true;
    case kDockerfile:
      source.context.emplace().dockerfile = std::move(bytes);
      return true;
    case kContext:
      if (!source.context) return false;
      source.context->hash = std::move(bytes);
      return true;
    case kChanged:
      if (!source.changes) return false;
      source.changes->files.push_back(std::move(bytes));
      return true;
    case kEntry:
      if (bytes.size() < 2 || !std::strchr("fxl", bytes[0])) return false;
      source.entries.push_back({bytes.substr(1), bytes[0]});
      return true;
    case kManifest:
      if (nul == std::string::npos) return false;
      source.manifests[bytes.substr(0, nul)] = bytes.substr(nul + 1);
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string encode(const ChildRequest& child) {
  const CheckoutRequest& request = child.request;
  json value = {{"archive", child.archive},
                {"prefix", child.prefix},
                {"owner", child.owner},
                {"repo", request.repo},
                {"ref", request.ref},
                {"include", request.include},
                {"ca_file", request.ca_file},
                {"allowed_hosts", request.allowed_hosts},
                {"scratch", request.scratch},
                {"max_bytes", request.max_bytes},
                {"changed_since", request.changed_since},
                {"dockerfile", request.dockerfile}};
  const GitAccess& access = request.access;
  value["access"] = {{"host", access.host},
                     {"ssh", access.ssh},
                     {"ssh_key", access.ssh_key},
                     {"ssh_known_hosts", access.ssh_known_hosts},
                     {"ssh_config", access.ssh_config},
                     {"own_settings", access.own_settings},
                     {"git_program", access.git_program}};
  if (const auto& credential = request.credential)
    value["credential"] = {
        {"host", credential->host}, {"username", credential->username}, {"token", credential->token}};
  try {
    return value.dump();
  } catch (const json::exception&) {
    throw io::RequestError("Invalid repository URL or path: it, a ref or an include pattern is not UTF-8");
  }
}

ChildRequest decode_request(const std::string& text) {
  const json value = json::parse(text);
  ChildRequest child;
  CheckoutRequest& request = child.request;
  child.archive = value.at("archive");
  child.prefix = value.at("prefix");
  child.owner = value.at("owner");
  request.repo = value.at("repo");
  request.ref = value.at("ref");
  request.include = value.at("include").get<std::vector<std::string>>();
  request.ca_file = value.at("ca_file");
  request.allowed_hosts = value.at("allowed_hosts").get<std::vector<std::string>>();
  request.scratch = value.at("scratch");
  request.max_bytes = value.at("max_bytes");
  request.changed_since = value.at("changed_since");
  request.dockerfile = value.at("dockerfile");
  if (value.contains("credential")) {
    const json& credential = value["credential"];
    request.credential = GitCredential{.host = credential.at("host"),
                                       .username = credential.at("username"),
                                       .token = credential.at("token")};
  }
  const json& access = value.at("access");
  request.access.host = access.at("host");
  request.access.ssh = access.at("ssh");
  request.access.ssh_key = access.at("ssh_key");
  request.access.ssh_known_hosts = access.at("ssh_known_hosts");
  request.access.ssh_config = access.at("ssh_config");
  request.access.own_settings = access.at("own_settings");
  request.access.git_program = access.at("git_program");
  return child;
}

std::string encode(const ChildAnswer& answer) {
  return io::json_text({{"kind", kKinds[static_cast<std::size_t>(answer.kind)]},
                        {"message", answer.message.substr(0, kLongestMessage)},
                        {"tar_file", answer.archive.tar_file},
                        {"tree_hash", answer.archive.tree_hash}});
}

ChildAnswer decode_answer(const std::string& line) {
  const json value = json::parse(line, nullptr, false);
  if (value.is_object()) {
    try {
      ChildAnswer answer;
      const auto kind = std::find(kKinds.begin(), kKinds.end(), value.at("kind").get<std::string>());
      if (kind != kKinds.end()) {
        answer.kind = static_cast<ChildAnswer::Kind>(kind - kKinds.begin());
        answer.message = value.at("message");
        answer.archive.tar_file = value.at("tar_file");
        answer.archive.tree_hash = value.at("tree_hash");
        return answer;
      }
    } catch (const json::exception&) {
    }
  }
  throw io::HostError("the child process gave no answer");
}

void write_source(const std::string& file, const Source& source) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  put(out, kLocal, source.local ? "1" : "0");
  put(out, kDirty, source.dirty ? "1" : "0");
  put(out, kUrl, source.url);
  put(out, kRef, source.ref);
  put(out, kCommit, source.commit);
  put(out, kHash, source.tree_hash);
  put(out, kTotal, std::to_string(source.total_bytes));
  for (const std::string& warning : source.warnings) put(out, kWarning, warning);
  for (const TreeEntry& entry : source.entries) put(out, kEntry, entry.type + entry.path);
  for (const auto& [path, content] : source.manifests) put(out, kManifest, path + '\0' + content);
  if (source.changes) put(out, kBase, source.changes->base);
  if (source.changes)
    for (const std::string& path : source.changes->files) put(out, kChanged, path);
  if (source.context) put(out, kDockerfile, source.context->dockerfile);
  if (source.context) put(out, kContext, source.context->hash);
  put(out, kEnd, "");
  out.close();
  if (!out) throw io::HostError("cannot write " + file);
}

Source read_source(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  Source source;
  char kind = 0;
  std::string bytes;
  while (get(in, kind, bytes)) {
    if (kind == kEnd) return source;
    if (!take(source, kind, std::move(bytes))) break;
  }
  throw io::HostError("the child process left an unreadable answer");
}

}  // namespace images::checkout
