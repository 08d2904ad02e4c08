#include "sandbox/docker/image_name.h"

#include <gtest/gtest.h>

namespace sandbox::docker {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a'), kOther = "sha256:" + std::string(64, 'b');

struct Parts {
  const char* reference;
  const char *registry, *path, *asked_for;
};

TEST(AnImagesName, SaysWhichRegistryIsAskedAndForWhat) {
  const Parts all[] = {
      {"python", "docker.io", "library/python", "python:latest"},
      {"python:3.12-slim", "docker.io", "library/python", "python:3.12-slim"},
      {"team/app:1", "docker.io", "team/app", "team/app:1"},
      {"docker.io/python", "docker.io", "library/python", "docker.io/python:latest"},
      {"index.docker.io/team/app", "docker.io", "team/app", "index.docker.io/team/app:latest"},
      {"localhost/app", "localhost", "app", "localhost/app:latest"},
      {"localhost:5000/app", "localhost:5000", "app", "localhost:5000/app:latest"},
      {"127.0.0.1:5000/team/app:1.0", "127.0.0.1:5000", "team/app", "127.0.0.1:5000/team/app:1.0"},
      {"[::1]:5000/app:1", "[::1]:5000", "app", "[::1]:5000/app:1"},
      {"registry.example.org/a/b/c", "registry.example.org", "a/b/c", "registry.example.org/a/b/c:latest"},
  };
  for (const auto& [reference, registry, path, asked_for] : all) {
    const ImageName name = image_name(reference);
    EXPECT_EQ(name.registry, registry) << reference;
    EXPECT_EQ(name.path, path) << reference;
    EXPECT_EQ(name.reference(), asked_for) << reference;
    EXPECT_EQ(name.is_on_docker_hub(), std::string(registry) == "docker.io") << reference;
  }
}

TEST(AnImagesName, WithADigestIsAskedForByThatAlone) {
  EXPECT_EQ(image_name("python@" + kDigest).reference(), "python@" + kDigest);
  const ImageName both = image_name("localhost:5000/app:1.0@" + kDigest);
  EXPECT_EQ(both.reference(), "localhost:5000/app@" + kDigest);
  EXPECT_EQ(both.digest, kDigest);
  EXPECT_EQ(both.tag, "");
}

TEST(AnImagesName, IsNoId) {
  EXPECT_TRUE(is_image_id(kDigest));
  EXPECT_TRUE(is_image_id(std::string(64, '0')));
  for (const char* name : {"python", "sha256", "sha256:abc", "deadbeef"})
    EXPECT_FALSE(is_image_id(name)) << name;
  EXPECT_FALSE(is_image_id("python@" + kDigest));
}

TEST(DigestOfAnImage, IsTheOneOfTheRegistryThatWasAsked) {
  const std::vector<std::string> digests = {"localhost:5000/mirror/python@" + kOther, "python@" + kDigest};
  EXPECT_EQ(digest_of(digests, image_name("python:3.12")), kDigest);
  EXPECT_EQ(digest_of(digests, image_name("docker.io/library/python")), kDigest);
  EXPECT_EQ(digest_of(digests, image_name("localhost:5000/mirror/python:1")), kOther);
  EXPECT_EQ(digest_of(digests, image_name("python@" + kOther)), kOther) << "the image has that too";
  EXPECT_EQ(digest_of(digests, image_name("elsewhere/app")), kOther) << "better than none";
  EXPECT_EQ(digest_of({}, image_name("python")), "");
}

TEST(DigestOfAnImage, IsFoundWhateverTheRepository) {
  EXPECT_TRUE(have_digest({"a@" + kOther, "b@" + kDigest}, kDigest));
  EXPECT_FALSE(have_digest({"a@" + kOther}, kDigest));
}

}  // namespace
}  // namespace sandbox::docker
