// What is left when no language is recognised: the base image as it is, plus the person's setup_commands.
#include "images/toolchains/languages.h"

namespace images {

namespace {

class UnknownToolchain : public Toolchain {
 public:
  std::string name() const override { return "unknown"; }
  std::string default_base() const override { return "debian:trixie-slim"; }
  BaseRecipe bootstrap_base() const override {
    return {"minimal",
            "trixie",
            {"ca-certificates"},
            "orchestrator/minimal:trixie",
            "Debian trixie, nothing but its base"};
  }
  std::vector<std::string> manifests() const override { return {}; }

  std::optional<Detection> detect(const Source&, const std::string&) const override {
    return Detection{"nothing that a toolchain knows"};
  }
  InstallPlan plan(const Source&, const InstallOptions&) const override { return {}; }
  sandbox::EnvList seed_env(std::int64_t seed) const override {
    return {{"TEST_SEED", std::to_string(seed)}};
  }
};

}  // namespace

const Toolchain& unknown_toolchain() {
  static const UnknownToolchain kUnknown;
  return kUnknown;
}

}  // namespace images
