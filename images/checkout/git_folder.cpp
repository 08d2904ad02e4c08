#include "images/checkout/git_folder.h"

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "images/checkout/file_content.h"
#include "images/checkout/pack_writer.h"
#include "images/checkout/path_rules.h"
#include "sandbox/io/error.h"

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

// The objects that a shallow clone of the commit holds, each once, in an order that only they decide.
struct Wanted {
  std::vector<git_oid> ids;
  std::set<std::string> seen;

  bool add(const git_oid& id) {
    if (!seen.emplace(reinterpret_cast<const char*>(id.id), GIT_OID_RAWSZ).second) return false;
    ids.push_back(id);
    return true;
  }
};

void add_tree(Wanted& wanted, git_repository* repository, const git_oid& id, std::size_t depth = 0) {
  if (depth > kDeepestFolder) throw io::RequestError("the commit's folders are nested too deeply");
  if (!wanted.add(id)) return;
  const auto tree = git_make<Tree>("cannot read a folder", ::git_tree_lookup, repository, &id);
  for (std::size_t i = 0; i < ::git_tree_entrycount(tree.get()); ++i) {
    const git_tree_entry* entry = ::git_tree_entry_byindex(tree.get(), i);
    const git_object_t type = ::git_tree_entry_type(entry);
    if (type == GIT_OBJECT_TREE) add_tree(wanted, repository, *::git_tree_entry_id(entry), depth + 1);
    if (type == GIT_OBJECT_BLOB) wanted.add(*::git_tree_entry_id(entry));
  }
}

Wanted wanted_objects(git_repository* repository, const GitState& state) {
  Wanted wanted;
  const git_oid id = oid_of(state.commit);
  wanted.add(id);
  for (const GitTag& tag : state.tags) {
    git_oid at = oid_of(tag.oid);
    git_tag* found = nullptr;
    while (::git_tag_lookup(&found, repository, &at) == 0) {  // a tag may be of a tag
      const Tag owner(found);
      wanted.add(at);
      at = *::git_tag_target_id(found);
    }
  }
  const auto commit = git_make<Commit>("cannot read the commit", ::git_commit_lookup, repository, &id);
  add_tree(wanted, repository, *::git_commit_tree_id(commit.get()));
  return wanted;
}

PackWriter write_pack(git_repository* repository, const GitState& state, const std::string& folder) {
  const auto odb = git_make<Odb>("cannot open the object database", ::git_repository_odb, repository);
  const Wanted wanted = wanted_objects(repository, state);
  PackWriter pack(folder, static_cast<std::uint32_t>(wanted.ids.size()));
  for (const git_oid& id : wanted.ids) {
    const auto object = git_make<OdbObject>("cannot read object " + hex(id), ::git_odb_read, odb.get(), &id);
    pack.add(
        id, ::git_odb_object_type(object.get()),
        {static_cast<const char*>(::git_odb_object_data(object.get())), ::git_odb_object_size(object.get())});
  }
  pack.finish();
  return pack;
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
  const std::string packs = scratch + "/packs", index = scratch + "/index";
  fs::remove_all(packs);
  fs::create_directories(packs);
  fs::remove(index);
  const PackWriter pack = write_pack(objects, state, packs);
  write_index(objects, state, index);

  tar.folder(place);
  tar.file(place + "/HEAD", state.head + "\n");
  tar.file(place + "/config", kConfig);
  copy_file(tar, place + "/index", index);
  tar.folder(place + "/objects");
  tar.folder(place + "/objects/pack");
  copy_file(tar, place + "/objects/pack/pack-" + pack.name() + ".idx", pack.index_file());
  copy_file(tar, place + "/objects/pack/pack-" + pack.name() + ".pack", pack.pack_file());
  tar.file(place + "/packed-refs", packed_refs(state));
  tar.folder(place + "/refs");
  tar.file(place + "/shallow", state.commit + "\n");
  fs::remove_all(packs);
}

}  // namespace images::checkout
