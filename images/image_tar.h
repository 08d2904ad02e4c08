// A look into the tar of an image before an engine gets it. An engine gives the names that stand inside, also
// those of other images ("python:3.12-slim"), so that a file from elsewhere could replace what later runs
// stand on. What the look cannot be sure to understand as an engine does, it refuses. Any thread.
#pragma once

#include <stop_token>
#include <string>

namespace images {

// Throws io::RequestError with one sentence, which `what` begins, unless it holds exactly one image and no
// name; io::GivenUp once `stop` is asked for.
void check_image_tar(const std::string& path, const std::string& what, const std::stop_token& stop = {});

}  // namespace images
