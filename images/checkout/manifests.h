// Which files' contents a Source carries: those that decide how an image is built. Pure; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace images::checkout {

// In bytes, lock files may be larger; 0 for what is no manifest.
std::int64_t manifest_limit(std::string_view path);

// Collects manifests until their sum is too much; says which were left out.
class Manifests {
 public:
  bool wants(std::string_view path, std::int64_t size);
  void add(const std::string& path, std::string content);
  std::map<std::string, std::string> take() { return std::move(contents_); }
  std::vector<std::string> warnings() const;

 private:
  std::map<std::string, std::string> contents_;
  std::int64_t total_ = 0;
  std::vector<std::string> too_large_;
};

}  // namespace images::checkout
