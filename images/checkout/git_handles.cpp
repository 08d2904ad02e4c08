#include "images/checkout/git_handles.h"

namespace images::checkout {

GitLibrary::GitLibrary(bool own_configuration, std::int64_t max_bytes) {
  git_check(::git_libgit2_init(), "cannot start libgit2");
  if (!own_configuration)
    for (int level : {GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL,
                      GIT_CONFIG_LEVEL_PROGRAMDATA})
      ::git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "/nonexistent");
  constexpr std::size_t kMostObjects = 20'000'000;  // a pack says its count before it proves it
  ::git_libgit2_opts(GIT_OPT_SET_PACK_MAX_OBJECTS, kMostObjects);
#ifdef LIBGIT2_BOUNDS_PACK_OBJECTS
  ::git_libgit2_opts(GIT_OPT_SET_PACK_MAX_OBJECT_SIZE, static_cast<std::size_t>(max_bytes));
#else
  (void)max_bytes;  // the child's own limit of memory is what is left
#endif
  // Whose folder it is does not matter: nothing that its configuration names is ever executed.
  ::git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
  const char* extensions[] = {"worktreeconfig", "partialclone", "preciousobjects"};
  ::git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions, std::size_t{3});
}

GitLibrary::~GitLibrary() { ::git_libgit2_shutdown(); }

}  // namespace images::checkout
