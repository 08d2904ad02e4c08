#include "images/layer_key.h"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>

namespace images {

struct LayerKey::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }

  void bytes(std::string_view text) {
    if (EVP_DigestUpdate(context, text.data(), text.size()) != 1) throw std::runtime_error("sha256 failed");
  }
  void field(std::string_view text) {
    bytes(std::to_string(text.size()));
    bytes(":");
    bytes(text);
  }
};

LayerKey::LayerKey() : state_(std::make_unique<State>()) {
  if (!state_->context || EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("sha256 is not available");
}
LayerKey::~LayerKey() = default;

LayerKey& LayerKey::add(std::string_view label, std::string_view value) {
  state_->field(label);
  state_->field(value);
  return *this;
}

LayerKey& LayerKey::add(std::string_view label, const sandbox::EnvList& env) {
  add(label, std::to_string(env.size()));
  for (const auto& [name, value] : env) add(name, value);
  return *this;
}

LayerKey& LayerKey::add(const std::vector<sandbox::LayerBuildStep>& steps) {
  add("steps", std::to_string(steps.size()));
  for (const auto& step : steps) {
    add("argv", std::to_string(step.execution.argv.size()));
    for (const auto& word : step.execution.argv) add("word", word);
    add("env", step.execution.env);
    add("workdir", step.execution.workdir);
    if (!step.label.empty()) add("label", step.label);
  }
  return *this;
}

std::string LayerKey::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_DigestFinal_ex(state_->context, digest.data(), &size) != 1)
    throw std::runtime_error("sha256 failed");
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (unsigned int i = 0; i < size; ++i) {
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15];
  }
  return text;
}

}  // namespace images
