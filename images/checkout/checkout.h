// Brings a repository here once, at one commit, or reads a local folder. The hostile part (git's protocol,
// the repository's bytes) happens in a child process of our own binary with a deadline and a size cap; what
// comes back is a list of paths, a hash and the few manifests that decide how to build. Nothing of the tree
// is unpacked on the host: the sources go from the object database (or the folder) straight into a tar for
// the engine.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/io/loop.h"
#include "sandbox/io/result.h"

namespace images {

// Sent as HTTP basic authentication to `host` and to no other.
struct GitCredential {
  std::string host;  // "git.example.com" or "git.example.com:8443"
  std::string username = "x-access-token";
  std::string token;
  std::string origin = "the token";  // for messages
};

// What of this account's own access to git a checkout may use, beside a credential. Nothing of it for a
// repository that somebody from elsewhere names, but the key that an operator has given for one host.
struct GitAccess {
  // "git.example.com" or "git.example.com:2222": the only host that is reached by ssh (without a port: at
  // any), and the only one whose password git's credential helpers are asked for. Empty: none.
  std::string host;
  bool ssh = false;             // may be reached by ssh: by agent, keys and configuration as ssh finds them
  std::string ssh_key;          // a private key's file: this one and no other
  std::string ssh_known_hosts;  // a file instead of ~/.ssh/known_hosts
  std::string ssh_config;       // a file instead of ssh's own configuration
  bool own_settings = false;    // git's credential helpers and http.sslCAInfo
  std::string git_program;      // this program fetches, not libgit2: never together with allowed_hosts
};

struct CheckoutRequest {
  std::string repo;  // https or ssh address, or a local folder's path
  // Branch, tag or commit; empty: the default branch, and for a local folder the folder as it is.
  std::string ref;
  std::vector<std::string> include;  // globs that bring ignored files of a local folder back
  // Which files have changed since this branch, tag or commit is asked for, too; a local folder only.
  std::string changed_since;
  // What the Dockerfile at this path of the tree is built from is asked for, too; empty: none.
  std::string dockerfile;
  std::optional<GitCredential> credential;
  GitAccess access;
  std::string ca_file;  // PEM bundle to trust; empty: SSL_CERT_FILE and the like, else the system's
  // The only hosts that may be spoken to, redirects and submodules included; empty: any. For repositories
  // that somebody from elsewhere names.
  std::vector<std::string> allowed_hosts;
  std::string scratch;  // an existing empty folder of ours; the caller removes it afterwards
  std::chrono::milliseconds deadline{300'000};
  std::int64_t max_bytes = 4LL << 30;  // of the fetched pack, and of the tree
};

struct TreeEntry {
  std::string path;  // relative, '/' separated, no "..", valid as given by git
  char type = 'f';   // 'f' file, 'x' executable file, 'l' symlink
};

// Since the last commit that a base and what was checked out have in common.
struct ChangedFiles {
  std::string base;  // that commit, hex
  std::vector<std::string>
      files;  // added or changed, of Source::entries, sorted; a renamed one by its new name
};

// What a Dockerfile of the tree is built from: the tree without .git and without what its .dockerignore
// leaves out.
struct BuildContext {
  std::string dockerfile;  // its text
  std::string hash;        // sha256 hex over the context, as Source::tree_hash is over the tree
};

// What a checkout found. Manifests are the files that a toolchain names and what a repository says to us:
// lock files have up to 16 MiB, all others 1 MiB, together 64 MiB. Symlinks and what is in node_modules are
// not read.
struct Source {
  bool local = false;
  std::string url;        // without any credential
  std::string ref;        // what was asked for, or the default branch's name
  std::string commit;     // hex; empty for a folder that is no git repository
  bool dirty = false;     // a local folder that differs from its commit
  std::string tree_hash;  // sha256 hex over paths, modes and contents; commit and tags included where .git is
  std::vector<TreeEntry> entries;                // sorted by path; without .git
  std::map<std::string, std::string> manifests;  // contents, by path, of what a toolchain looks at
  std::int64_t total_bytes = 0;
  std::optional<ChangedFiles> changes;  // when they were asked for
  std::optional<BuildContext> context;  // when it was asked for
  std::vector<std::string> warnings;    // sentences

  bool has(std::string_view path) const;  // a file or symlink at exactly that path
  bool has_folder(std::string_view path) const;
  const std::string* manifest(std::string_view path) const;
};

// True for https:// and ssh:// URLs and user@host:path; false for a local path. Throws io::RequestError with
// the predecessor's text "Invalid repository URL or path: …" for anything else (other schemes, user:password@
// in the URL, a path that is no folder, metadata addresses by number).
bool is_remote(const std::string& repo);
// The URL without user and password, safe to print. Of an ssh address the user stays: it is no secret, and
// without it it is another address.
std::string without_credentials(const std::string& url);

class Checkout {
 public:
  virtual ~Checkout() = default;  // letting go kills the child
};

// `progress` gets sentences like "receiving objects 1200/5400 (3.1 MiB)". Errors: io::RequestError (no such
// ref, Git LFS pointers that cannot be fetched, not a repository), io::HostError ("Failed to clone
// repository: …"). A transport error is tried once more.
std::unique_ptr<Checkout> start_checkout(io::Loop& loop, CheckoutRequest request,
                                         std::function<void(std::string_view)> progress,
                                         std::function<void(io::Result<Source>)> done);

struct SourceArchive {
  std::string tar_file;  // inside the request's scratch folder; entries below `prefix`, uid = gid = owner
  std::string
      tree_hash;  // of what the archive holds: differs from Source's when a local folder changed meanwhile
};

// Writes the tree, with a .git of that one commit and its tags (no remote, no hooks), as an uncompressed tar.
// `request` is the one of the checkout. Deterministic: same tree, same bytes.
std::unique_ptr<Checkout> start_archive(io::Loop& loop, CheckoutRequest request, std::string prefix,
                                        int owner, std::function<void(io::Result<SourceArchive>)> done);

// Writes the context of the request's `dockerfile` in the same way: nothing of .git, everything root's. The
// hash is that of the context.
std::unique_ptr<Checkout> start_context(io::Loop& loop, CheckoutRequest request,
                                        std::function<void(io::Result<SourceArchive>)> done);

// Entry point of the child process (argv[1] == kCheckoutChild): reads its request as JSON from stdin, writes
// the answer as JSON to stdout and progress to stderr. Returns the exit code.
inline constexpr const char* kCheckoutChild = "__checkout";
int checkout_child_main();

}  // namespace images
