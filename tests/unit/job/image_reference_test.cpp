#include "orchestrator/job/image_reference.h"

#include <gtest/gtest.h>

#include "tests/unit/job/errors_of.h"

namespace orchestrator {
namespace {

std::string hex(std::size_t length) { return std::string(length, 'a'); }

TEST(ImageReference, MayBeWhatAnEngineTakes) {
  for (const std::string& good :
       {std::string("python"), std::string("python:3.12-slim"), std::string("orchestrator/python:trixie"),
        std::string("host:5000/team/app:V1.0_x"), std::string("[fd00::1]:5000/app"),
        std::string("Registry.example.com/a/b__c/d--e.f"), std::string("localhost/a"), "a:" + hex(128),
        "app@sha256:" + hex(64), "host.example/app:1@sha256:" + hex(64), "sha256:" + hex(64), hex(64),
        std::string("0123abcdef"), hex(255)})
    EXPECT_EQ(check_image_reference(good), "") << good;
}

TEST(ImageReference, ThatAnEngineWouldRefuseIsToldWhy) {
  const std::string no_name = "is no name of an image, as in python:3.12-slim or host:5000/team/app:1.0";
  const std::string no_tag = "has no tag behind its ':', as in python:3.12-slim";
  const std::string no_digest = "has no digest behind its '@', as in sha256:…";
  const std::pair<std::string, std::string> bad[] = {
      {"UPPER", "must be in lower case but for a tag"},
      {"Team/app", "must be in lower case but for a tag"},
      {"host:5000/App", "must be in lower case but for a tag"},
      {"../../x", "names no registry before its first '/'"},
      {"-host.example/x", "names no registry before its first '/'"},
      {"host:port/x", "names no registry before its first '/'"},
      {"\xff", no_name},
      {"a//b", no_name},
      {"/a", no_name},
      {"a/", no_name},
      {"a..b", no_name},
      {"a___b", no_name},
      {"-a", no_name},
      {"a b", no_name},
      {"host.example/", no_name},
      {":1", no_name},
      {"", no_name},
      {"a:", no_tag},
      {"a:-1", no_tag},
      {"a:" + hex(129), no_tag},
      {"a@", no_digest},
      {"a@sha256:abc", no_digest},
      {"a@sha256:" + std::string(64, 'x'), no_digest},
      {hex(256), "has a name of more than 255 characters"},
      {hex(9000), "is longer than a name of an image can be"},
  };
  for (const auto& [reference, why] : bad) EXPECT_EQ(check_image_reference(reference), why) << reference;
}

TEST(ImageReference, IsRefusedWhereItWasSaid) {
  const auto job = [] { parse_job(R"({"image": "UPPER:1"})", UnknownFields::error, ""); };
  EXPECT_EQ(testing::errors_of(job), "/image: image 'UPPER:1' must be in lower case but for a tag\n");
}

}  // namespace
}  // namespace orchestrator
