// Files that hold others: written and read back, and such as nobody should have written.
#include "images/packed_file.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "sandbox/io/aside.h"
#include "sandbox/io/error.h"
#include "tests/support/made_tar.h"
#include "tests/support/temporary_folder.h"

namespace images {
namespace {

namespace fs = std::filesystem;
using testing_support::MadeTar;

class PackedFile : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << content;
    return folder_ + "/" + name;
  }
  std::map<std::string, std::string> unpacked(const std::string& path) const {
    std::map<std::string, std::string> found;
    read_packed_file(path, [&](const std::string& name, std::int64_t size) -> MemberSink {
      EXPECT_GE(size, 0);
      return [&found, name](std::string_view bytes) { found[name].append(bytes); };
    });
    return found;
  }
  std::string complaint(const std::string& content) const {
    try {
      unpacked(write("it", content));
    } catch (const io::RequestError& error) {
      return error.what();
    }
    return "";
  }

  const testing_support::TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path();
};

TEST_F(PackedFile, HoldsWhatWasPutThere) {
  std::string large;
  for (int i = 0; large.size() < 5'000'000; ++i) large += std::to_string(i);
  const std::string path = folder_ + "/packed";
  write_packed_file(
      path, {{"a.json", write("a", "{}")}, {"empty", write("b", "")}, {"large", write("c", large)}}, {});
  EXPECT_EQ(unpacked(path), (std::map<std::string, std::string>{{"a.json", "{}"}, {"large", large}}));
  EXPECT_LT(fs::file_size(path), large.size()) << "it is compressed";
  EXPECT_FALSE(fs::exists(path + ".part"));
}

TEST_F(PackedFile, HasTheSumOfAllOfItAndNothingBehindItsEnd) {
  const std::string path = folder_ + "/packed";
  write_packed_file(path, {{"a", write("a", "some")}}, {});
  const auto sum = [&] {
    return read_packed_file(path, [](const std::string&, std::int64_t) { return [](std::string_view) {}; });
  };
  EXPECT_EQ(sum(), sum_of_file(path, {}).sha256);
  std::ofstream(path, std::ios::app) << "behind its end";
  EXPECT_THROW(sum(), io::RequestError);
}

TEST_F(PackedFile, ThatCannotBeWrittenLeavesNothingThere) {
  EXPECT_THROW(write_packed_file(folder_ + "/none/packed", {}, {}), io::HostError);
  EXPECT_THROW(write_packed_file(folder_ + "/packed", {{"a", folder_ + "/missing"}}, {}), io::HostError);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(write_packed_file(folder_ + "/packed", {{"a", write("a", "x")}}, stop.get_token()),
               io::GivenUp);
  EXPECT_FALSE(fs::exists(folder_ + "/packed"));
  EXPECT_FALSE(fs::exists(folder_ + "/packed.part"));
}

TEST_F(PackedFile, ThatIsNoneIsRefusedInASentence) {
  EXPECT_NE(complaint("hello"), "");
  EXPECT_NE(complaint(MadeTar().symlink("report.json", "/etc/passwd").bytes()).find("plain files"),
            std::string::npos);
  EXPECT_NE(complaint(MadeTar().file("a", "x").hardlink("b", "a").bytes()).find("plain files"),
            std::string::npos);
  const std::string whole = MadeTar().file("a", std::string(2000, 'x')).bytes();
  EXPECT_NE(complaint(whole.substr(0, 1500)), "");
  EXPECT_EQ(complaint(whole), "");
  EXPECT_THROW(unpacked(folder_ + "/missing"), io::RequestError);
  EXPECT_THROW(unpacked(folder_), io::RequestError);
}

}  // namespace
}  // namespace images
