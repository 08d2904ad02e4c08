#include "orchestrator/run/repository_file.h"

#include <gtest/gtest.h>

namespace orchestrator {
namespace {

using Sentences = std::vector<std::string>;

images::Source source_of(const std::vector<images::TreeEntry>& entries) {
  images::Source source;
  for (const auto& entry : entries) {
    source.entries.push_back(entry);
    if (entry.type != 'l') source.manifests[entry.path] = "of " + entry.path;
  }
  return source;
}

TEST(RepositoryFile, IsThatOfTheFolderAskedForElseOfTheRoot) {
  const auto source = source_of({{".flaky-detector.yml", 'f'}, {"web/.flaky-detector.yml", 'x'}});
  for (const auto& [subdir, where] : std::vector<std::pair<std::string, std::string>>{
           {"", ".flaky-detector.yml"}, {"web", "web/.flaky-detector.yml"}, {"api", ".flaky-detector.yml"}}) {
    const auto found = find_repository_file(source, subdir);
    EXPECT_EQ(found.where, where);
    ASSERT_TRUE(found.text);
    EXPECT_EQ(*found.text, "of " + where);
    EXPECT_EQ(found.warnings, Sentences{});
  }
  EXPECT_FALSE(find_repository_file(source_of({{"a", 'f'}}), "").text);
}

TEST(RepositoryFile, ThatIsASymlinkIsNotFollowedAndSaidSo) {
  const auto found = find_repository_file(source_of({{".flaky-detector.yml", 'l'}}), "");
  EXPECT_FALSE(found.text);
  EXPECT_EQ(found.warnings, Sentences{".flaky-detector.yml is a symlink and was not read: the settings of a "
                                      "repository must be a plain file"});
}

TEST(RepositoryFile, ThatIsAFolderOrHasAnotherNameIsSaidSo) {
  const auto found = find_repository_file(
      source_of(
          {{".flaky-detector.yaml", 'f'}, {".flaky-detector.yml", 'f'}, {"web/.flaky-detector.yml/a", 'f'}}),
      "web");
  EXPECT_EQ(found.where, ".flaky-detector.yml");
  EXPECT_EQ(
      found.warnings,
      (Sentences{"web/.flaky-detector.yml is a folder and was not read: the settings of a repository must "
                 "be a plain file",
                 ".flaky-detector.yaml was not read: the file must be named .flaky-detector.yml"}));
}

}  // namespace
}  // namespace orchestrator
