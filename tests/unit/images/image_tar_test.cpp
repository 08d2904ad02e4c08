// Tars of images as engines write them, and those by which one would be given a name that the look does not
// see.
#include "images/image_tar.h"

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

using testing_support::MadeTar;

constexpr const char* kNameless = R"([{"Config":"c.json","RepoTags":null,"Layers":["a/layer.tar"]}])";
constexpr const char* kNamed = R"([{"Config":"c.json","RepoTags":["python:3.12-slim"],"Layers":[]}])";
constexpr const char* kNames = "would give the engine's images names";
constexpr const char* kNoKey = "which no engine writes";
constexpr const char* kNoEntry = "holds an entry that no engine writes";

const std::string kId(64, 'a'), kOtherId(64, 'b'), kDigest(64, 'd');

class ImageTar : public ::testing::Test {
 protected:
  std::string complaint(const std::string& bytes, const std::stop_token& stop = {}) const {
    const std::string path = folder_ + "/image.tar";
    std::ofstream(path, std::ios::binary) << bytes;
    try {
      check_image_tar(path, "it", stop);
    } catch (const io::RequestError& error) {
      return error.what();
    }
    return "";
  }
  void expect_refused(const std::string& bytes, const std::string& why) const {
    const std::string said = complaint(bytes);
    EXPECT_TRUE(said.starts_with("it ") && said.find(why) != std::string::npos) << said;
  }
  void expect_refused(const MadeTar& tar, const std::string& why) const { expect_refused(tar.bytes(), why); }
  void expect_taken(const MadeTar& tar) const { EXPECT_EQ(complaint(tar.bytes()), ""); }

  // Behind an image without names.
  static MadeTar usual() { return MadeTar().file("manifest.json", kNameless); }
  static MadeTar with_manifest(const std::string& text) { return MadeTar().file("manifest.json", text); }
  static MadeTar with_index(const std::string& text) { return usual().file("index.json", text); }

  const testing_support::TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path();
};

// ---- as engines write them

TEST_F(ImageTar, OfDocker20IsTaken) {
  const auto layer = [](MadeTar tar, const std::string& id) {
    return tar.folder(id + "/").file(id + "/VERSION", "1.0").file(id + "/json", "{}");
  };
  expect_taken(layer(MadeTar(), kId)
                   .file(kId + "/layer.tar", "…")
                   .file(kDigest + ".json", "{}")
                   .file("manifest.json", kNameless));
  expect_taken(layer(layer(MadeTar(), kId).file(kId + "/layer.tar", "…"), kOtherId)
                   .symlink(kOtherId + "/layer.tar", "../" + kId + "/layer.tar")
                   .file(kDigest + ".json", "{}")
                   .file("manifest.json", kNameless));
}

TEST_F(ImageTar, OfDocker25IsTaken) {
  const std::string blob = "blobs/sha256/" + kDigest, digest = "sha256:" + kDigest;
  const auto tar = [&](const std::string& index) {
    return MadeTar()
        .folder("blobs/")
        .folder("blobs/sha256/")
        .file(blob, "…")
        .file("index.json", index)
        .file("manifest.json", R"([{"Config":")" + blob + R"(","RepoTags":null,"Layers":[")" + blob +
                                   R"("],"LayerSources":{")" + digest +
                                   R"(":{"mediaType":"application/vnd.oci.image.layer.v1.tar","size":3,)" +
                                   R"("digest":")" + digest + R"("}}}])")
        .file("oci-layout", R"({"imageLayoutVersion": "1.0.0"})");
  };
  const std::string start = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json",)";
  expect_taken(tar(start + R"("manifests":null})"));  // 25.0 has an image there only by its names
  expect_taken(tar(start + R"("manifests":[{"mediaType":"m","digest":")" + digest + R"(","size":3}]})"));
  // with containerd
  expect_taken(tar(start + R"("manifests":[{"mediaType":"m","digest":")" + digest +
                   R"(","size":3,"platform":{"architecture":"amd64","os":"linux"},"annotations":)" +
                   R"({"containerd.io/distribution.source.docker.io":"library/python"}}]})"));
}

TEST_F(ImageTar, OfPodmanIsTaken) {
  expect_taken(MadeTar()
                   .file(kDigest + ".tar", "…")
                   .symlink(kId + "/layer.tar", "../" + kDigest + ".tar")
                   .file(kId + "/VERSION", "1.0")
                   .file(kId + "/json", "{}")
                   .file(kOtherId + ".json", "{}")
                   .file("manifest.json", R"([{"Config":"c.json","RepoTags":[],"Layers":["d.tar"]}])")
                   .file("repositories", "{}"));
}

TEST_F(ImageTar, MayHaveWhatGoWritesForALargeFile) {
  expect_taken(usual().pax("mtime", "16725225600").file("a", "x"));
  expect_taken(usual().pax("size", "9").entry('0', "a", "123456789", "", [](std::string& header) {
    header.replace(124, 11, "00000000000");
  }));
  expect_taken(
      usual().entry('0', "rest", "x", "", [](std::string& header) { header.replace(345, 6, "folder"); }));
}

// ---- names

TEST_F(ImageTar, ThatWouldNameImagesIsRefused) {
  EXPECT_EQ(complaint(with_manifest(kNamed).bytes()),
            "it would give the engine's images names, which none of ours does: python:3.12-slim");
  expect_refused(with_manifest(R"([{"RepoTags":"a:1"}])"), kNames);
  expect_refused(usual().file("repositories", R"({"python":{"3.12-slim":"a"}})"), kNames);
  for (const char* key :
       {"io.containerd.image.name", "org.opencontainers.image.ref.name", "IO.containerd.image.name"})
    expect_refused(with_index(R"({"manifests":[{"annotations":{")" + std::string(key) + R"(":"a:1"}}]})"),
                   kNames);
}

TEST_F(ImageTar, IsRefusedForAKeyInAnotherSpelling) {
  for (const char* key : {"repotags", "REPOTAGS", "repoTags", "RepoTagſ", "Repo\\u0054ags\\u0000", "Else"})
    expect_refused(with_manifest(R"([{"RepoTags":null,")" + std::string(key) + R"(":["python:3"]}])"),
                   kNoKey);
  const std::string named = R"([{"annotations":{"io.containerd.image.name":"a:1"}}])";
  expect_refused(with_index(R"({"Manifests":)" + named + "}"), kNoKey);
  expect_refused(with_index(R"({"manifests":[],"MANIFESTS":)" + named + "}"), kNoKey);
  for (const char* key : {"Annotations", "annotationS", "annotationſ"})
    expect_refused(
        with_index(R"({"manifests":[{")" + std::string(key) + R"(":{"io.containerd.image.name":"a:1"}}]})"),
        kNoKey);
  expect_refused(with_manifest(R"([{"LayerSources":{"sha256:d":{"Digest":"sha256:d"}}}])"), kNoKey);
  expect_refused(with_index(R"({"manifests":[{"platform":{"OS":"linux"}}]})"), kNoKey);
  expect_refused(usual().file("oci-layout", R"({"ImageLayoutVersion":"1.0.0"})"), kNoKey);
}

TEST_F(ImageTar, IsRefusedForAKeyThatIsThereTwice) {
  expect_refused(with_manifest(R"([{"RepoTags":["python:3"],"RepoTags":null}])"), "twice");
  expect_refused(with_manifest(R"([{"RepoTags":["python:3"],"Repo\u0054ags":null}])"), "twice");
  expect_refused(with_index(R"({"manifests":[],"manifests":[]})"), "twice");
  expect_refused(with_index(R"({"manifests":[{"annotations":{"a":"1"},"annotations":{}}]})"), "twice");
}

TEST_F(ImageTar, ThatIsNoneOrSeveralIsRefused) {
  expect_refused(MadeTar(), "no image");
  expect_refused(MadeTar().file("index.json", R"({"manifests":null})"), "no image");
  expect_refused(with_manifest("no JSON"), "no JSON");
  expect_refused(with_manifest(std::string(kNameless) + kNamed), "no JSON");  // Go would read the first only
  expect_refused(with_manifest("[]"), "exactly one");
  expect_refused(with_manifest("[{},{}]"), "exactly one");
  expect_refused(with_manifest("[7]"), "another form");
  expect_refused(with_index(R"({"manifests":[{},{}]})"), "exactly one");
  expect_refused(with_index(R"({"manifests":{}})"), "exactly one");
  expect_refused(with_manifest(std::string(2 << 20, ' ')), "none of an engine's");
  EXPECT_THROW(check_image_tar(folder_ + "/missing", "it"), io::RequestError);
  EXPECT_THROW(check_image_tar(folder_, "it"), io::RequestError);
}

// ---- entries that only an engine would see, or would see elsewhere

TEST_F(ImageTar, IsRefusedForANameThatIsNotAsItIsMeant) {
  for (const char* name : {"./manifest.json", "/manifest.json", "x/../manifest.json", "../x",
                           "x//manifest.json", "manifest.json/.", "manifest.json/", "repositories/", "x/./y",
                           ".", "", ".wh.x", "a\nb", "a\\b", "a b", "ä", "1/2/3/4/5"})
    expect_refused(usual().file(name, kNamed), kNoEntry);
  for (const char* name : {"Manifest.json", "INDEX.JSON", "Repositories", "OCI-layout"})
    expect_refused(usual().file(name, "{}"), "none of an engine's");
  expect_refused(usual().folder("repositories/"), "none of an engine's");
  expect_refused(usual().folder("a//"), kNoEntry);
  expect_refused(usual().entry('\0', "repositories/", "{}", ""), kNoEntry);
}

TEST_F(ImageTar, IsRefusedForANameThatIsSaidElsewhere) {
  const std::string name("repositories\0", 13);
  expect_refused(usual().entry('L', "././@LongLink", name, "").file("a", kNamed), kNoEntry);
  expect_refused(usual().entry('L', "LongLink", name, "").file("a", kNamed), "neither file");
  expect_refused(usual().entry('K', "LongLink", name, "").symlink("a/layer.tar", "../b"), "neither file");
  for (const char* key : {"path", "linkpath", "GNU.sparse.name", "GNU.sparse.major", "hdrcharset", "comment"})
    expect_refused(usual().pax(key, "repositories").file("a", kNamed), "more than a size or a time");
  expect_refused(usual().entry('g', "x", "21 path=repositories\n", "").file("a", kNamed), "neither file");
  expect_refused(
      usual().entry('0', "a", "{}", "", [](std::string& header) { header.replace(345, 3, "..b"); }),
      "a name of another form");
  expect_refused(
      usual().entry('0', "", "{}", "", [](std::string& header) { header.replace(345, 12, "repositories"); }),
      "a name of another form");
  expect_refused(usual().entry('0', "a", "{}", "", [](std::string& header) { header[50] = 'b'; }),
                 "a text behind a text");
}

TEST_F(ImageTar, IsRefusedForAPaxHeaderThatIsNotPlain) {
  for (const char* size : {"1x", "+1", "-1", " 1", "", "99999999999999999999", "1.0"})
    expect_refused(usual().pax("size", size).file("a", "x"), "no number");
  for (const char* time : {"1.", ".5", "1.2.3", "now"})
    expect_refused(usual().pax("mtime", time).file("a", "x"), "no number");
  expect_refused(usual().pax("size", "2").file("a", "x"), "two sizes");
  expect_refused(usual().pax("size", "512").folder("a/"), "a content where there can be none");
  expect_refused(usual().pax("size", "1").pax("size", "1").file("a", "x"), "neither file");
  for (const char* records : {"", "9 size=1\n", "10 size=1\n", "8 size=1\n", "9 size=1x", "9 size:11\n",
                              "size=1\n", "0 size=1\n", "9 size=1\n9 size=1\n"})
    expect_refused(usual().entry('x', "x", records, "").file("a", "xx"), kNoEntry);
  expect_refused(usual().entry('x', "x", std::string(513, 'x'), "").file("a", "x"), kNoEntry);
}

TEST_F(ImageTar, IsRefusedForAnEntryInThePlaceOfAnother) {
  expect_refused(usual().file("manifest.json", kNameless), "twice");
  expect_refused(usual().folder("a/").folder("a"), "twice");
  expect_refused(usual().folder("a/").file("a", ""), "twice");
  expect_refused(usual().file("a/b", "").file("a", ""), "twice");
  expect_refused(usual().file("a", "").file("a/b", ""), "below one that is no folder");
  expect_refused(usual().symlink("a/layer.tar", "../b").file("a/layer.tar/repositories", "{}"),
                 "below one that is no folder");
}

TEST_F(ImageTar, IsRefusedForALinkThatIsNoLayer) {
  for (const char* target : {"..", "../..", "../../x", "../../../etc/passwd", "/etc/passwd", "x", ".", "",
                             "../b/../../x", "..//x", "../b/"})
    expect_refused(usual().symlink("a/layer.tar", target), "a link that no engine makes");
  for (const char* name :
       {"layer.tar", "manifest.json", "repositories", "here", "a/xlayer.tar", "a/b/layer.tar"})
    expect_refused(MadeTar().symlink(name, "../b"), "a link that no engine makes");
  for (const char type : {'1', '3', '4', '6', '7', 'S', 'D', 'V', 'X', 'A'})
    expect_refused(usual().entry(type, "a", "", "manifest.json"), "neither file");
}

TEST_F(ImageTar, IsRefusedForAHeaderOfAnotherForm) {
  const auto with = [](std::size_t at, const std::string& bytes) {
    return usual().entry('0', "a", "x", "",
                         [&](std::string& header) { header.replace(at, bytes.size(), bytes); });
  };
  expect_taken(with(124, "00000000001"));
  expect_refused(with(124, std::string("\x80\0\0\0\0\0\0\0\0\0\0\x01", 12)), "octal");
  expect_refused(with(124, "-0000000001"), "octal");
  expect_refused(with(124, "          1"), "octal");
  expect_refused(with(124, "000000000012"), "octal");
  expect_refused(with(257, std::string("ustar  \0", 8)), "POSIX");  // GNU's
  expect_refused(with(257, std::string(8, '\0')), "POSIX");
  expect_refused(with(508, std::string("tar\0", 4)), "POSIX");  // star's
  std::string wrong = usual().file("a", "x").bytes();
  wrong[1024] = 'b';
  expect_refused(wrong, "checksum");
}

TEST_F(ImageTar, IsRefusedForWhatStandsBehindItsEnd) {
  const std::string named = MadeTar().file("repositories", kNamed).bytes();
  expect_refused(usual().bytes() + named, "behind its end");
  expect_refused(usual().bytes() + std::string(10'240, '\0') + "x", "behind its end");
  const std::string whole = usual().bytes();
  expect_refused(whole.substr(0, whole.size() - 512) + named, "behind its end");
  EXPECT_EQ(complaint(whole + std::string(2 << 20, '\0')), "");
  for (const std::size_t size : {0u, 100u, 512u, 600u, 1024u, 1536u})
    expect_refused(whole.substr(0, size), "ends early");
  expect_refused(
      usual().entry('0', "a", "", "", [](std::string& header) { header.replace(124, 11, "77777777777"); }),
      "ends early");
}

// What an engine takes for a compressed file is unpacked first, and may be another tar than the one here.
TEST_F(ImageTar, ThatIsACompressedFileTooIsRefused) {
  for (const std::string magic : {"\x1f\x8b\x08",
                                  "\xfd"
                                  "7zXZ",
                                  "\x28\xb5\x2f\xfd", "\x50\x2a\x4d\x18", "BZh91AY&SY", "BZh9\x17rE8P\x90"}) {
    expect_refused(MadeTar().file(magic, "x").file("manifest.json", kNameless), "a name of another form");
    expect_refused(
        MadeTar().entry('x', magic, "9 size=1\n", "").file("a", "x").file("manifest.json", kNameless),
        "a name of another form");
  }
}

TEST_F(ImageTar, IsNotLookedAtWhenNobodyWantsItAnyMore) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(complaint(usual().bytes(), stop.get_token()), io::GivenUp);
}

}  // namespace
}  // namespace images
