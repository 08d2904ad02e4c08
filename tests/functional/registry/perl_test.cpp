// Perl, the smallest toolchain: what it says of itself is enough for all that a run does.
#include "tests/support/repositories.h"
#include "tests/support/served_folder.h"

namespace {

using namespace testing_support;
using nlohmann::json;
using Words = std::vector<std::string>;

TEST(Perl, OfTheSampleIsFoundFlakyByTheOrderOfItsHashes) {
  const Words command{"prove", "-l", "t"};
  const Repository repository;
  repository.copy_sample("perl_depot");
  const Words flags = flags_for(repository.path(), {"--runs", "20", "--seed", "2"});
  const auto run = repository.remember(run_job(flags, command));
  EXPECT_EQ(run.exit_code, 1) << told(run);
  EXPECT_EQ(run.report.at("framework"), "perl");
  const std::string packages = run.report.at("environment").at("packages").dump();
  EXPECT_NE(packages.find("perl==5."), std::string::npos) << packages;
  for (const json& result : run.report.at("results")) {
    if (result.at("passed").get<bool>()) continue;
    // The seed of a failed attempt fails again.
    const auto again =
        run_job(flags_for(repository.path(), {"--runs", "20", "--seed", "2", "--only-attempt",
                                              std::to_string(result.at("attempt").get<int>())}),
                command);
    EXPECT_EQ(again.exit_code, 3) << told(again);
    break;
  }
}

// A mirror of CPAN with one distribution.
class OwnMirror {
 public:
  OwnMirror() {
    write_file(served_.path("Local-Weights-1.0/Makefile.PL"),
               "use ExtUtils::MakeMaker;\n"
               "WriteMakefile(NAME => 'Local::Weights', VERSION_FROM => 'lib/Local/Weights.pm');\n");
    write_file(served_.path("Local-Weights-1.0/lib/Local/Weights.pm"),
               "package Local::Weights;\nour $VERSION = '1.0';\nsub gram { 1 }\n1;\n");
    write_file(served_.path("modules/02packages.details.txt"),
               "File: 02packages.details.txt\n\nLocal::Weights 1.0 L/LO/LOCAL/Local-Weights-1.0.tar.gz\n");
    shell("cd '" + served_.path("") +
          "' && gzip modules/02packages.details.txt && mkdir -p authors/id/L/LO/LOCAL && "
          "tar -czf authors/id/L/LO/LOCAL/Local-Weights-1.0.tar.gz Local-Weights-1.0");
  }
  std::string option() const { return "PERL_CPANM_OPT=--mirror " + served_.url() + " --mirror-only"; }

 private:
  ServedFolder served_;
};

// What has been installed by a cpanfile that no other test has goes with its test.
class OwnDependencies {
 public:
  ~OwnDependencies() { run_command({"docker", "rmi", "-f", image_}); }
  void remember(const RunResult& run) {
    for (const json& layer : layers(run))
      if (layer.at("kind") == "dependencies") image_ = layer.at("image");
  }

 private:
  std::string image_;
};

TEST(Perl, KeepsModulesByTheCpanfileAlone) {
  const OwnMirror mirror;
  OwnDependencies dependencies;  // gone after what stands on them
  const Repository repository;
  repository.write("cpanfile", "requires 'Local::Weights', '1.0';\n# " + repository.path() + "\n");
  repository.write("t/weighs.t",
                   "use Test::More tests => 1;\nuse Local::Weights;\nis(Local::Weights::gram(), 1);\n");
  const Words flags = flags_for(repository.path(), {"--runs", "1"});
  const ProgramOptions host{.env = {mirror.option()}};
  const auto first = repository.remember(run_job(flags, {"prove", "t"}, host));
  ASSERT_EQ(first.exit_code, 0) << told(first);
  dependencies.remember(first);
  const std::string packages = first.report.at("environment").at("packages").dump();
  EXPECT_NE(packages.find("Local-Weights==1.0"), std::string::npos) << packages;
  repository.write("t/more.t", "use Test::More tests => 1;\npass();\n");
  const auto second = repository.remember(run_job(flags, {"prove", "t"}, host));
  ASSERT_EQ(second.exit_code, 0) << told(second);
  EXPECT_EQ(built_layers(second), (Words{"sources", "seal"})) << told(second);
}

}  // namespace
