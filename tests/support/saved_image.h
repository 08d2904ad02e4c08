#pragma once

#include "tests/support/program.h"

namespace testing_support {

// Every layer, configuration and history of an image, unpacked; a layer that is compressed is looked into,
// too.
class SavedImage {
 public:
  explicit SavedImage(const std::string& id) {
    shell("docker save " + id + " | tar -x -C " + folder_.path());
    write_file(folder_ / "history", shell("docker history --no-trunc " + id));
    write_file(folder_ / "inspect", shell("docker inspect " + id));
  }
  bool holds(const std::string& text) const { return holds_any({text}); }
  bool holds_any(const std::vector<std::string>& texts) const {
    const TemporaryFolder words;
    std::string lines;
    for (const auto& text : texts) lines += text + "\n";
    write_file(words / "words", lines);
    const auto found = run_command({"/bin/sh", "-c",
                                    "find \"$1\" -type f -exec sh -c 'zcat -f \"$2\" | grep -qaF -f \"$1\" "
                                    "&& echo \"$2\"' sh \"$2\" {} \\;",
                                    "sh", folder_.path(), words / "words"});
    return !found.out.empty();
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace testing_support
