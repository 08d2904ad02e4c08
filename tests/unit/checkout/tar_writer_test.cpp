#include "images/tar_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/unit/checkout/scratch.h"

namespace images {
namespace {

struct Read {
  std::string content, link;
  int type = 0, mode = 0, uid = 0;
  std::int64_t mtime = 0;
};

std::map<std::string, Read> read_tar(const std::string& path) {
  std::map<std::string, Read> found;
  archive* reader = archive_read_new();
  archive_read_support_format_tar(reader);
  EXPECT_EQ(archive_read_open_filename(reader, path.c_str(), 65536), ARCHIVE_OK);
  archive_entry* entry = nullptr;
  while (archive_read_next_header(reader, &entry) == ARCHIVE_OK) {
    Read read;
    read.type = static_cast<int>(archive_entry_filetype(entry));
    read.mode = static_cast<int>(archive_entry_perm(entry));
    read.uid = static_cast<int>(archive_entry_uid(entry));
    read.mtime = archive_entry_mtime(entry);
    if (archive_entry_symlink(entry)) read.link = archive_entry_symlink(entry);
    read.content.resize(static_cast<std::size_t>(archive_entry_size(entry)));
    EXPECT_EQ(archive_read_data(reader, read.content.data(), read.content.size()),
              static_cast<la_ssize_t>(read.content.size()));
    found[archive_entry_pathname(entry)] = read;
  }
  archive_read_free(reader);
  return found;
}

TEST(TarWriter, WritesFilesFoldersAndSymlinksThatAnotherReaderUnderstands) {
  Scratch scratch;
  const std::string tar = scratch.path("a.tar");
  TarWriter writer(tar, 1000);
  writer.folder("work");
  writer.file("work/a.txt", "hello");
  writer.file("work/empty", "", 0755);
  writer.symlink("work/link", "nowhere at all");
  writer.begin_file("work/big", 1'500'000, 0644);
  for (int i = 0; i < 1500; ++i) writer.append(std::string(1000, static_cast<char>('a' + i % 7)));
  writer.finish();

  auto found = read_tar(tar);
  ASSERT_EQ(found.size(), 5u);
  EXPECT_EQ(found["work/"].type, static_cast<int>(AE_IFDIR));
  EXPECT_EQ(found["work/a.txt"].content, "hello");
  EXPECT_EQ(found["work/a.txt"].mode, 0644);
  EXPECT_EQ(found["work/a.txt"].uid, 1000);
  EXPECT_EQ(found["work/a.txt"].mtime, 1'700'000'000);
  EXPECT_EQ(found["work/empty"].mode, 0755);
  EXPECT_EQ(found["work/link"].link, "nowhere at all");
  EXPECT_EQ(found["work/big"].content.size(), 1'500'000u);
  EXPECT_EQ(found["work/big"].content[1000], 'b');
}

TEST(TarWriter, KeepsNamesAndTargetsOfAnyLength) {
  Scratch scratch;
  const std::string tar = scratch.path("a.tar");
  std::map<std::string, std::string> links;
  {
    TarWriter writer(tar);
    for (std::size_t length : {99u, 100u, 101u, 255u, 1000u}) {
      const std::string name(length, 'n');
      links[name] = std::string(length, 't');
      writer.symlink(name, links[name]);
    }
    writer.file("line\nbreak", "x");
    writer.finish();
  }
  auto found = read_tar(tar);
  ASSERT_EQ(found.size(), links.size() + 1);
  for (const auto& [name, target] : links) EXPECT_EQ(found[name].link, target);
  EXPECT_EQ(found["line\nbreak"].content, "x");
}

TEST(TarWriter, WritesTheSameBytesForTheSameEntries) {
  Scratch scratch;
  auto write = [&](const std::string& name) {
    TarWriter writer(scratch.path(name), 7);
    writer.folder("f");
    writer.file("f/a", "content");
    writer.finish();
    return scratch.read(name);
  };
  EXPECT_EQ(write("one.tar"), write("two.tar"));
}

TEST(TarWriter, RefusesAFileThatIsNotAsLongAsItWasSaidToBe) {
  Scratch scratch;
  TarWriter writer(scratch.path("a.tar"));
  writer.begin_file("a", 3, 0644);
  EXPECT_THROW(writer.append("four"), std::logic_error);
  writer.append("on");
  EXPECT_THROW(writer.finish(), std::logic_error);
  EXPECT_THROW(writer.file("b", "x"), std::logic_error);
}

TEST(TarWriter, SaysWhereItCannotWrite) {
  EXPECT_THROW(TarWriter("/nonexistent/folder/a.tar"), std::system_error);
}

}  // namespace
}  // namespace images
