#include "images/checkout/git_state.h"

#include <algorithm>

namespace images::checkout {

GitState read_git_state(git_repository* repository, const git_oid& commit, const std::string& branch) {
  GitState state;
  state.commit = hex(commit);
  state.head = branch.empty() ? state.commit : "ref: " + branch;
  auto tags = git_make<ReferenceIterator>("cannot list the tags", ::git_reference_iterator_glob_new,
                                          repository, "refs/tags/*");
  git_reference* next = nullptr;
  while (::git_reference_next(&next, tags.get()) == 0) {
    const Reference reference(next);
    const git_oid* target = ::git_reference_target(next);
    if (!target) continue;  // symbolic: not a tag of ours to give
    git_object* peeled = nullptr;
    if (::git_reference_peel(&peeled, next, GIT_OBJECT_COMMIT) != 0) continue;
    const Object owner(peeled);
    if (!::git_oid_equal(::git_object_id(peeled), &commit)) continue;
    const bool is_annotated = !::git_oid_equal(target, &commit);
    state.tags.push_back({::git_reference_name(next), hex(*target), is_annotated ? state.commit : ""});
  }
  std::sort(state.tags.begin(), state.tags.end(),
            [](const GitTag& a, const GitTag& b) { return a.name < b.name; });
  return state;
}

}  // namespace images::checkout
