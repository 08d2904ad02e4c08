// The parts of an image's name as an engine reads them: who is asked for it, for what, and which one of them.
// Whether the name is well formed is not looked at. Pure.
#pragma once

#include <string>
#include <vector>

namespace sandbox::docker {

struct ImageName {
  std::string registry;    // "docker.io", "localhost:5000"
  std::string path;        // at that registry: "library/python", "team/app"
  std::string repository;  // as it was written: "python", "localhost:5000/team/app"
  std::string tag;         // empty beside a digest, which says all
  std::string digest;      // "sha256:…", or empty

  // What an engine is asked for: "python:latest", "python@sha256:…".
  std::string reference() const;
  bool is_on_docker_hub() const;
};

// "python", "localhost:5000/team/app:1.0", "name:tag@sha256:…".
ImageName image_name(const std::string& reference);

// "sha256:…", or 64 hex digits: an image of this engine, of which no registry knows.
bool is_image_id(const std::string& reference);

// By which digest an image is known where `name` comes from: that of the name itself when the image has it,
// else that of its repository, else any. `repo_digests` is the engine's list of "name@sha256:…". Empty when
// there is none.
std::string digest_of(const std::vector<std::string>& repo_digests, const ImageName& name);
// Whether one of them is exactly this digest, whatever the repository.
bool have_digest(const std::vector<std::string>& repo_digests, const std::string& digest);

}  // namespace sandbox::docker
