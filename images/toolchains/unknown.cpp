// What is left when no language is recognised, or one is named that nobody has taught us to install yet: the
// base image as it is, plus the person's setup_commands.
#include <array>

#include "images/toolchains/languages.h"

namespace images {

namespace {

class PlainToolchain : public Toolchain {
 public:
  PlainToolchain(std::string name, std::string seed_variable)
      : name_(std::move(name)), seed_variable_(std::move(seed_variable)) {}

  std::string name() const override { return name_; }
  std::string default_base() const override { return "debian:trixie-slim"; }
  std::string bootstrap_base() const override { return "minimal"; }

  std::optional<Detection> detect(const Source&, const std::string&) const override {
    if (name_ != "unknown") return std::nullopt;
    return Detection{"nothing that a toolchain knows"};
  }

  InstallPlan plan(const Source&, const InstallOptions&) const override {
    InstallPlan plan;
    if (name_ != "unknown")
      plan.notes.push_back("no toolchain for " + name_ +
                           " yet: nothing is installed but what setup_commands install");
    return plan;
  }

  sandbox::EnvList seed_env(std::int64_t seed) const override {
    sandbox::EnvList env = {{"TEST_SEED", std::to_string(seed)}};
    if (!seed_variable_.empty()) env.emplace_back(seed_variable_, std::to_string(seed));
    return env;
  }

 private:
  std::string name_;
  std::string seed_variable_;
};

}  // namespace

const Toolchain& unknown_toolchain() {
  static const PlainToolchain kUnknown("unknown", "");
  return kUnknown;
}

const Toolchain* named_toolchain(const std::string& name) {
  static const std::array<PlainToolchain, 4> kNamed = {PlainToolchain("go", "GO_TEST_SEED"),
                                                       PlainToolchain("typescript-jest", "JEST_SEED"),
                                                       PlainToolchain("typescript-vitest", "VITE_TEST_SEED"),
                                                       PlainToolchain("javascript-mocha", "MOCHA_SEED")};
  for (const auto& toolchain : kNamed)
    if (toolchain.name() == name) return &toolchain;
  return nullptr;
}

}  // namespace images
