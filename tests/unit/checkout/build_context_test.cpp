// What a Dockerfile is built from, through the real child process and judged by the real tar program.
#include <gtest/gtest.h>

#include <filesystem>

#include "sandbox/io/curl_loop.h"
#include "tests/unit/checkout/checked_out.h"
#include "tests/unit/checkout/scratch.h"

namespace images {
namespace {

namespace fs = std::filesystem;

struct AContext : testing::Test {
  Scratch scratch;
  std::string repo = scratch.make_folder("repo");
  int scratches = 0;

  AContext() {
    scratch.write("repo/Dockerfile", "FROM base\n");
    scratch.write("repo/run.sh", "#!/bin/sh\n");
    fs::permissions(repo + "/run.sh", fs::perms(0755));
    scratch.write("repo/a/b.txt", "b");
    scratch.write("repo/a/c.log", "c");
    fs::create_symlink("a/b.txt", repo + "/link");
  }

  CheckoutRequest request(const std::string& dockerfile = "Dockerfile") {
    CheckoutRequest request;
    request.repo = repo;
    request.dockerfile = dockerfile;
    request.scratch = scratch.make_folder("scratch" + std::to_string(++scratches));
    return request;
  }
  SourceArchive packed(const CheckoutRequest& asked) {
    io::CurlLoop loop;
    std::unique_ptr<Checkout> running;
    const auto result = io::await<io::Result<SourceArchive>>(
        loop, [&](auto done) { running = start_context(loop, asked, done); });
    EXPECT_TRUE(result.ok()) << error_of(result);
    return result.ok() ? result.value() : SourceArchive{};
  }
  std::string listing(const std::string& dockerfile = "Dockerfile") {
    return shell("tar -tf " + packed(request(dockerfile)).tar_file).output;
  }
  std::string hash() { return source_of(request()).context->hash; }
};

TEST_F(AContext, IsTheTreeAsItIsButForGitsFolder) {
  init_repository(repo);
  commit_all(repo);
  EXPECT_EQ(listing(), "Dockerfile\na/\na/b.txt\na/c.log\nlink\nrun.sh\n");
  const std::string archive = packed(request()).tar_file;
  EXPECT_NE(shell("tar -tvf " + archive + " run.sh").output.find("-rwxr-xr-x 0/0"), std::string::npos);
  EXPECT_EQ(shell("tar -xOf " + archive + " a/b.txt").output, "b");
}

TEST_F(AContext, HasOneHashWhereverItIsFoundOut) {
  EXPECT_EQ(hash(), packed(request()).tree_hash);
  EXPECT_EQ(source_of(request()).context->dockerfile, "FROM base\n");
  EXPECT_FALSE(source_of([this] {
                 auto plain = request();
                 plain.dockerfile.clear();
                 return plain;
               }())
                   .context);
}

TEST_F(AContext, ChangesOnlyWithWhatIsInIt) {
  scratch.write("repo/.dockerignore", "**/*.log\n");
  const std::string before = hash();
  scratch.write("repo/a/c.log", "another");
  init_repository(repo);
  commit_all(repo);
  EXPECT_EQ(hash(), before);
  scratch.write("repo/a/b.txt", "another");
  EXPECT_NE(hash(), before);
}

TEST_F(AContext, HoldsTheFilesThatTheBuilderReadsWhateverIsIgnored) {
  scratch.write("repo/.dockerignore", "*\n!a/b.txt\n");
  EXPECT_EQ(listing(), ".dockerignore\nDockerfile\na/\na/b.txt\n");
}

TEST_F(AContext, TakesTheRulesBesideTheDockerfileBeforeThoseOfTheRoot) {
  scratch.write("repo/.dockerignore", "a\n");
  scratch.write("repo/docker/Test", "FROM base\n");
  scratch.write("repo/docker/Test.dockerignore", "run.sh\nlink\n.dockerignore\n");
  EXPECT_EQ(listing("docker/Test"),
            ".dockerignore\nDockerfile\na/\na/b.txt\na/c.log\ndocker/\ndocker/Test\n"
            "docker/Test.dockerignore\n");
}

TEST_F(AContext, OfADockerfileThatIsNotThereIsARequestThatIsWrong) {
  EXPECT_EQ(error_of(check_out(request("docker/Nobody")).source),
            "request: dockerfile: there is no file 'docker/Nobody' in the repository");
  EXPECT_EQ(error_of(check_out(request("a")).source),
            "request: dockerfile: there is no file 'a' in the repository");
  EXPECT_EQ(error_of(check_out(request("link")).source),
            "request: dockerfile: 'link' is a symlink; name the file that it leads to");
  scratch.write("repo/.dockerignore", "[\n");
  EXPECT_EQ(error_of(check_out(request()).source),
            "request: dockerfile: the pattern '[' of .dockerignore makes no sense");
}

}  // namespace
}  // namespace images
