#include "sandbox/io/whole_file.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "sandbox/io/error.h"
#include "tests/support/program.h"

namespace io {
namespace {

class WholeFile : public testing::Test {
 protected:
  void write(const std::string& text) const {
    write_whole_file(file_, [&](std::ostream& out) { out << text; });
  }
  // All that lies in the folder.
  int files() const {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
      count += entry.path().empty() ? 0 : 1;
    return count;
  }
  std::string text() const { return testing_support::read_file(file_); }

  testing_support::TemporaryFolder folder_;
  const std::string file_ = folder_ / "file";
};

TEST_F(WholeFile, HoldsWhatWasWrittenLast) {
  write("one, which is longer");
  write("two");
  sync_folder(folder_.path());
  EXPECT_EQ(text(), "two");
  EXPECT_EQ(files(), 1);
}

TEST_F(WholeFile, IsTheOldOneUntilTheNewOneIsThere) {
  write("old");
  write_whole_file(file_, [&](std::ostream& out) {
    out << "new" << std::flush;
    EXPECT_EQ(text(), "old");
  });
  EXPECT_EQ(text(), "new");
}

TEST_F(WholeFile, IsWrittenByOneAtATime) {
  write_whole_file(file_, [&](std::ostream& out) {
    out << "first" << std::flush;
    EXPECT_THROW(write("second"), HostError);
  });
  EXPECT_EQ(text(), "first");
  EXPECT_EQ(files(), 1);
  write("third");
  EXPECT_EQ(text(), "third");
}

TEST_F(WholeFile, MayBeReadByOthers) {
  write("one");
  const auto read = std::filesystem::perms::owner_read | std::filesystem::perms::others_read;
  EXPECT_EQ(std::filesystem::status(file_).permissions() & read, read);
}

TEST_F(WholeFile, StaysAsItWasWhenItsWriterFails) {
  write("old");
  EXPECT_THROW(write_whole_file(file_,
                                [](std::ostream& out) {
                                  out << "half";
                                  throw std::runtime_error("no");
                                }),
               std::runtime_error);
  EXPECT_THROW(write_whole_file(file_, [](std::ostream& out) { out.setstate(std::ios::badbit); }), HostError);
  EXPECT_EQ(text(), "old");
  EXPECT_EQ(files(), 1);
}

TEST_F(WholeFile, NamesThePathThatCannotBeWritten) {
  try {
    write_whole_file(folder_ / "missing/file", [](std::ostream&) {});
    FAIL() << "nothing was thrown";
  } catch (const HostError& error) {
    const std::string said = error.what();
    EXPECT_NE(said.find("missing/file: No such file"), std::string::npos) << said;
  }
  EXPECT_THROW(sync_folder(folder_ / "missing"), HostError);
}

}  // namespace
}  // namespace io
