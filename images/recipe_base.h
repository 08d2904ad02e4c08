// Finds the base image of a recipe. Unless a person wants it otherwise, a registry is asked only when nothing
// usable is here: an unchanged second run must not depend on anybody but the engine, so that an image made by
// `images bootstrap` is taken without asking.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "images/base_wish.h"
#include "images/toolchains/toolchain.h"
#include "sandbox/image_store.h"

namespace images {

struct FoundBase {
  sandbox::Image image;
  std::string reference;
  std::vector<std::string> notes;
};

class BaseSearch {
 public:
  virtual ~BaseSearch() = default;  // letting go forgets the answer
};

// Errors: io::HostError that says how to get one. `done` is never called before this returns.
std::unique_ptr<BaseSearch> find_base_image(sandbox::ImageStore& store, const Toolchain& toolchain,
                                            BaseWish wish, std::function<void(io::Result<FoundBase>)> done);

}  // namespace images
