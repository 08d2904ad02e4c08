#include <algorithm>
#include <iterator>

#include "images/bases/base_recipe.h"
#include "images/toolchains/toolchain.h"

namespace images {

namespace {

// In the order in which they came, all later ones behind them: where any base will do, a host goes on with
// the one that its layers stand on.
constexpr const char* kFirstBases[] = {"python", "minimal", "python3.11", "node",
                                       "go",     "cpp",     "rust",       "java"};

std::ptrdiff_t rank_of(const BaseRecipe& recipe) {
  return std::find(std::begin(kFirstBases), std::end(kFirstBases), recipe.name) - std::begin(kFirstBases);
}

// Several toolchains may share one.
std::vector<BaseRecipe> recipes_of_toolchains() {
  std::vector<BaseRecipe> all;
  const auto add = [&](BaseRecipe recipe) {
    if (std::none_of(all.begin(), all.end(), [&](const auto& other) { return other.name == recipe.name; }))
      all.push_back(std::move(recipe));
  };
  for (const Toolchain* toolchain : toolchains()) {
    add(toolchain->bootstrap_base());
    for (BaseRecipe& recipe : toolchain->other_bases()) add(std::move(recipe));
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return rank_of(a) < rank_of(b); });
  return all;
}

}  // namespace

const std::vector<BaseRecipe>& base_recipes() {
  static const std::vector<BaseRecipe> kRecipes = recipes_of_toolchains();
  return kRecipes;
}

const BaseRecipe* find_base(const std::string& name) {
  for (const auto& recipe : base_recipes())
    if (recipe.name == name || recipe.reference == name) return &recipe;
  return nullptr;
}

}  // namespace images
