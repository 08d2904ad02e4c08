#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "images/bases/apt_sources.h"
#include "images/bases/bootstrap.h"
#include "images/bases/root_tree.h"
#include "tests/support/temporary_folder.h"

namespace {

namespace fs = std::filesystem;

TEST(AptSources, FindTheMirrorOfAOneLineList) {
  EXPECT_EQ(
      images::mirror_of_list("# deb http://no.example/debian bookworm main\n"
                             "deb-src http://src.example/debian bookworm main\n"
                             "deb [arch=amd64 signed-by=/k] https://other.example/apt cloud-bookworm main\n"
                             "deb [arch=amd64] https://docker.example/linux/debian bookworm stable\n"
                             "deb http://sec.example/debian-security bookworm-security main\n"
                             "deb [ signed-by=/k ] http://mirror.example/debian bookworm main contrib\n"),
      "http://mirror.example/debian");
  EXPECT_EQ(images::mirror_of_list("deb cdrom:[Debian]/ bookworm main\n"), "");
}

TEST(AptSources, FindTheMirrorOfADeb822File) {
  EXPECT_EQ(images::mirror_of_deb822(
                "Types: deb\nURIs: http://off.example/debian\nSuites: bookworm\nComponents: main\n"
                "Enabled: no\n\nTypes: deb-src\nURIs: http://src.example/debian\n"
                "Suites: bookworm\nComponents: main\n\n# comment\nTypes: deb\nURIs:\n"
                " http://mirror.example/debian\nSuites: bookworm bookworm-updates\n"
                "Components: main\nSigned-By: /k\n"),
            "http://mirror.example/debian");
  EXPECT_EQ(images::mirror_of_deb822(""), "");
}

TEST(AptSources, ReadAHostsFoldersAndMayFindNothing) { EXPECT_EQ(images::host_mirror("/nowhere"), ""); }

TEST(AptSources, WriteNoCredentialIntoTheBase) {
  EXPECT_EQ(images::sources_list("http://me:secret@mirror.example/debian", "trixie"),
            "deb http://mirror.example/debian trixie main\n");
  EXPECT_EQ(images::sources_list("http://mirror.example/debian", "trixie"),
            "deb http://mirror.example/debian trixie main\n");
}

TEST(Bases, AreFoundByNameAndByReference) {
  ASSERT_NE(images::find_base("python"), nullptr);
  EXPECT_EQ(images::find_base("python"), images::find_base("orchestrator/python:trixie"));
  EXPECT_EQ(images::find_base("fedora"), nullptr);
}

TEST(Bases, StandInTheOrderInWhichTheyCame) {
  std::vector<std::string> names;
  for (const auto& recipe : images::base_recipes()) names.push_back(recipe.name);
  names.resize(8);  // later ones follow
  EXPECT_EQ(names, (std::vector<std::string>{"python", "minimal", "python3.11", "node", "go", "cpp", "rust",
                                             "java"}));
}

class RootTreeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* folder :
         {"etc/apt/apt.conf.d", "var/cache/apt/archives", "var/lib/apt/lists", "var/log/apt", "tmp"})
      fs::create_directories(root_ / folder);
  }

  void write(const std::string& path, const std::string& text) { std::ofstream(root_ / path) << text; }
  std::string read(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  const testing_support::TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path(), root_ = folder_ / "root";
};

TEST_F(RootTreeTest, KeepsNothingOfTheHost) {
  write("etc/resolv.conf", "nameserver 10.0.0.53");
  write("etc/hostname", "build-host-7");
  write("etc/machine-id", "0123");
  write("etc/apt/apt.conf.d/90curtin-aptproxy", "Acquire::http::Proxy \"http://u:p@10.0.0.1\";");
  write("etc/apt/apt.conf.d/50keep", "keep");
  write("etc/apt/sources.list", "deb http://u:p@mirror.example/debian trixie main");
  write("var/cache/apt/archives/a.deb", "a package");
  write("var/log/bootstrap.log", "from build-host-7");
  images::clean_root_tree(root_.string(), "http://u:p@mirror.example/debian", "trixie");
  EXPECT_EQ(read(root_ / "etc/resolv.conf"), "");
  EXPECT_EQ(read(root_ / "etc/hostname"), "localhost\n");
  EXPECT_EQ(read(root_ / "etc/machine-id"), "");
  EXPECT_FALSE(fs::exists(root_ / "etc/apt/apt.conf.d/90curtin-aptproxy"));
  EXPECT_TRUE(fs::exists(root_ / "etc/apt/apt.conf.d/50keep"));
  EXPECT_EQ(read(root_ / "etc/apt/sources.list"), "deb http://mirror.example/debian trixie main\n");
  EXPECT_FALSE(fs::exists(root_ / "var/cache/apt/archives/a.deb"));
  EXPECT_EQ(read(root_ / "var/log/bootstrap.log"), "");
}

TEST_F(RootTreeTest, FollowsNoSymlinkOutOfTheTree) {
  std::ofstream(folder_ / "outside") << "of the host";
  fs::create_symlink(folder_ / "outside", root_ / "etc/resolv.conf");
  fs::create_symlink(folder_, root_ / "var/tmp");
  images::clean_root_tree(root_.string(), "", "trixie");
  EXPECT_EQ(read(folder_ / "outside"), "of the host");
  EXPECT_FALSE(fs::is_symlink(root_ / "etc/resolv.conf"));
}

TEST_F(RootTreeTest, IsRemovedWhole) {
  fs::create_symlink(folder_, root_ / "tmp/link");
  std::ofstream(folder_ / "outside") << "of the host";
  images::remove_root_tree(root_.string());
  EXPECT_FALSE(fs::exists(root_));
  EXPECT_TRUE(fs::exists(folder_ / "outside"));
  EXPECT_NO_THROW(images::remove_root_tree(root_.string()));
}

}  // namespace
