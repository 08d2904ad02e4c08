// The content key of a layer: a sha256 over labelled fields. Each field goes in with its length, so that no
// two different lists of fields can read the same.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/image_store.h"

namespace images {

class LayerKey {
 public:
  LayerKey();
  ~LayerKey();
  LayerKey(const LayerKey&) = delete;
  LayerKey& operator=(const LayerKey&) = delete;

  LayerKey& add(std::string_view label, std::string_view value);
  LayerKey& add(std::string_view label, const sandbox::EnvList& env);
  // argv and env only: limits, time-outs and host settings do not change what a step makes.
  LayerKey& add(const std::vector<sandbox::LayerBuildStep>& steps);
  std::string hex();  // once, last

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace images
