#include "images/checkout/git_folder.h"

#include <git2/sys/repository.h>

#include <filesystem>
#include <map>

#include "images/checkout/file_content.h"

namespace images::checkout {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConfig =
    "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = false\n";

git_oid oid_of(const std::string& text) {
  git_oid oid{};
  git_check(::git_oid_fromstr(&oid, text.c_str()), "not an object id: " + text);
  return oid;
}

// A repository of ours that borrows the objects of another, so that settings of ours decide how they are
// packed.
Repository borrowing(git_repository* objects, const std::string& folder) {
  fs::remove_all(folder);
  auto repository =
      git_make<Repository>("cannot prepare the pack", ::git_repository_init, folder.c_str(), 1u);
  auto config = git_make<Config>("cannot prepare the pack", ::git_repository_config, repository.get());
  // Files above this size are stored whole: looking for deltas would take longer than they save in a copy
  // that lives for one run, and nothing in them depends on order.
  git_check(::git_config_set_int64(config.get(), "core.bigFileThreshold", 1), "cannot prepare the pack");
  auto odb = git_make<Odb>("cannot prepare the pack", ::git_repository_odb, repository.get());
  const std::string borrowed = std::string(::git_repository_commondir(objects)) + "objects";
  git_check(::git_odb_add_disk_alternate(odb.get(), borrowed.c_str()),
            "cannot read the repository's objects");
  return repository;
}

void insert_tag_objects(git_packbuilder* builder, git_repository* repository, const GitState& state) {
  for (const GitTag& tag : state.tags) {
    git_oid at = oid_of(tag.oid);
    git_tag* found = nullptr;
    while (::git_tag_lookup(&found, repository, &at) == 0) {  // a tag may be of a tag
      const Tag owner(found);
      git_check(::git_packbuilder_insert(builder, &at, nullptr), "cannot pack a tag");
      at = *::git_tag_target_id(found);
    }
  }
}

void write_pack(git_repository* repository, const GitState& state, const std::string& folder) {
  const git_oid commit = oid_of(state.commit);
  auto builder = git_make<PackBuilder>("cannot prepare the pack", ::git_packbuilder_new, repository);
  ::git_packbuilder_set_threads(builder.get(), 1);  // more would make the order of work a matter of luck
  git_check(::git_packbuilder_insert_commit(builder.get(), &commit), "cannot pack the commit");
  insert_tag_objects(builder.get(), repository, state);
  git_check(::git_packbuilder_write(builder.get(), folder.c_str(), 0644, nullptr, nullptr),
            "cannot write the pack");
}

void write_index(git_repository* repository, const GitState& state, const std::string& file) {
  const git_oid id = oid_of(state.commit);
  auto commit = git_make<Commit>("cannot read the commit", ::git_commit_lookup, repository, &id);
  auto tree =
      git_make<Tree>("cannot read the tree", ::git_commit_tree, static_cast<const git_commit*>(commit.get()));
  auto index = git_make<Index>("cannot make the index", ::git_index_open, file.c_str());
  git_check(::git_index_read_tree(index.get(), tree.get()), "cannot make the index");
  git_check(::git_index_write(index.get()), "cannot write the index");
}

std::string packed_refs(const GitState& state) {
  std::string text = "# pack-refs with: peeled fully-peeled sorted \n";
  constexpr std::string_view kPrefix = "ref: ";
  if (state.head.starts_with(kPrefix)) text += state.commit + ' ' + state.head.substr(kPrefix.size()) + '\n';
  for (const GitTag& tag : state.tags) {
    text += tag.oid + ' ' + tag.name + '\n';
    if (!tag.peeled.empty()) text += '^' + tag.peeled + '\n';
  }
  return text;
}

void copy_file(TarWriter& tar, const std::string& path, const std::string& from) {
  const auto content = open_file(from);
  tar.begin_file(path, content->size(), 0644);
  for (auto piece = content->next(); !piece.empty(); piece = content->next()) tar.append(piece);
}

}  // namespace

void write_git_folder(TarWriter& tar, const std::string& place, git_repository* objects,
                      const GitState& state, const std::string& scratch) {
  const Repository repository = borrowing(objects, scratch + "/pack.git");
  const std::string packs = scratch + "/packs", index = scratch + "/index";
  fs::remove_all(packs);
  fs::create_directories(packs);
  fs::remove(index);
  write_pack(repository.get(), state, packs);
  write_index(repository.get(), state, index);

  tar.folder(place);
  tar.file(place + "/HEAD", state.head + "\n");
  tar.file(place + "/config", kConfig);
  copy_file(tar, place + "/index", index);
  tar.folder(place + "/objects");
  tar.folder(place + "/objects/pack");
  std::map<std::string, std::string> files;
  for (const auto& file : fs::directory_iterator(packs))
    files[file.path().filename().string()] = file.path().string();
  for (const auto& [name, path] : files) copy_file(tar, place + "/objects/pack/" + name, path);
  tar.file(place + "/packed-refs", packed_refs(state));
  tar.folder(place + "/refs");
  tar.file(place + "/shallow", state.commit + "\n");
  fs::remove_all(packs);
}

}  // namespace images::checkout
