// libgit2's objects with owners, and its error codes as exceptions. Used in the child process only, on its
// one thread.
#pragma once

#include <git2.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

namespace images::checkout {

// A failed call of libgit2: its code and its last message.
class GitError : public std::runtime_error {
 public:
  GitError(int code, const std::string& what) : std::runtime_error(what), code_(code) {}
  int code() const { return code_; }

 private:
  int code_;
};

inline void git_check(int code, const std::string& what) {
  if (code >= 0) return;
  const git_error* error = ::git_error_last();
  throw GitError(code, what + ": " + (error && error->message ? error->message : "unknown error"));
}

template <auto Free>
struct GitFree {
  template <class T>
  void operator()(T* handle) const {
    Free(handle);
  }
};
template <class T, auto Free>
using GitHandle = std::unique_ptr<T, GitFree<Free>>;

using Repository = GitHandle<git_repository, ::git_repository_free>;
using Remote = GitHandle<git_remote, ::git_remote_free>;
using Commit = GitHandle<git_commit, ::git_commit_free>;
using Tree = GitHandle<git_tree, ::git_tree_free>;
using Object = GitHandle<git_object, ::git_object_free>;
using Tag = GitHandle<git_tag, ::git_tag_free>;
using Odb = GitHandle<git_odb, ::git_odb_free>;
using OdbObject = GitHandle<git_odb_object, ::git_odb_object_free>;
using Index = GitHandle<git_index, ::git_index_free>;
using Reference = GitHandle<git_reference, ::git_reference_free>;
using ReferenceIterator = GitHandle<git_reference_iterator, ::git_reference_iterator_free>;
using StatusList = GitHandle<git_status_list, ::git_status_list_free>;
using PackBuilder = GitHandle<git_packbuilder, ::git_packbuilder_free>;
using Config = GitHandle<git_config, ::git_config_free>;

// git_make(git_commit_lookup, "what failed", repo, &oid): calls fn(&out, args…) and owns what came out.
template <class Handle, class Fn, class... Args>
Handle git_make(const std::string& what, Fn fn, Args... args) {
  typename Handle::pointer out = nullptr;
  git_check(fn(&out, args...), what);
  return Handle(out);
}

// The library's global state, with the settings that hostile repositories call for.
class GitLibrary {
 public:
  // `own_configuration`: read the user's configuration (for a local folder: their global ignore file). A
  // clone must not: url.*.insteadOf there would lead around the rules for addresses.
  // `max_bytes`: of one object.
  explicit GitLibrary(bool own_configuration, std::int64_t max_bytes = 4LL << 30);
  ~GitLibrary();
  GitLibrary(const GitLibrary&) = delete;
  GitLibrary& operator=(const GitLibrary&) = delete;
};

inline std::string hex(const git_oid& oid) {
  char text[GIT_OID_HEXSZ + 1];
  return ::git_oid_tostr(text, sizeof text, &oid);
}

}  // namespace images::checkout
