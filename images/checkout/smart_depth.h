// "Only the newest commit" for a libgit2 that cannot ask for it (before 1.7): a line added to the request of
// git's smart protocol (version 0), and the section of the answer that it causes taken out again. Pure but
// for the filter's own state.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace images::checkout {

// Does the server's advertisement of references offer shallow fetches?
bool offers_depth(std::string_view advertisement);

// `body` with "deepen 1" after its wants; unchanged when it does not start with any.
std::string with_depth_one(const std::string& body);

// Takes the answer in any pieces and gives it back without its leading "shallow" section.
class ShallowSectionFilter {
 public:
  std::string feed(std::string_view bytes);

 private:
  bool passed_ = false;  // the section is over
  std::string held_;
};

}  // namespace images::checkout
