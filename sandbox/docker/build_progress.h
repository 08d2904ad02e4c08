// What an engine says while it builds by a Dockerfile: JSON lines, all inside a 200 answer, of which some are
// meant for people alone. What a build's own commands print is among them and may look like any of these
// texts: nothing that is found here is to be trusted with more than telling it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sandbox::docker {

struct BuildNews {
  enum class Kind {
    step,  // "step 2: RUN make" begins
    out,   // of what it runs
    err,
  };
  Kind kind;
  std::string text;
};

struct BuildError {
  std::string message;
  std::optional<int> exit_code;  // of a command that ended so
};

class BuildProgress {
 public:
  // Pieces as they come; answers what they complete.
  std::vector<BuildNews> add(std::string_view bytes);

  const std::string& step() const { return step_; }    // the last that began, "step 2: RUN make"
  bool fetches() const;                                // … is one that names the image to build on
  const std::string& image() const { return image_; }  // id of the last stage that is complete
  const std::optional<BuildError>& error() const { return error_; }  // that ended the build
  // Beginnings of the ids of images that steps of this very build have left, in their order.
  const std::vector<std::string>& made() const { return made_; }

 private:
  void take(std::string_view line, std::vector<BuildNews>& news);
  void take_text(std::string text, std::vector<BuildNews>& news);
  void take_image(std::string_view id);

  std::string line_;  // that is not complete
  bool too_long_ = false;
  std::string step_, image_;
  bool cached_ = false;  // the image of this step was there
  std::optional<BuildError> error_;
  std::vector<std::string> made_;
};

}  // namespace sandbox::docker
