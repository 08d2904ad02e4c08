#include "images/bases/bootstrap.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "images/bases/apt_sources.h"
#include "images/bases/root_tree.h"
#include "images/lifeline.h"
#include "sandbox/io/child.h"
#include "sandbox/io/error.h"

namespace images {

namespace {

constexpr const char* kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr const char* kKindLabel = "orchestrator.kind";  // by which an engine lists the images that are ours
constexpr auto kDeadline = std::chrono::minutes(30);

bool is_installed(const std::string& program) {
  for (std::string_view rest = kPath; !rest.empty();) {
    const auto colon = rest.find(':');
    const std::string file = std::string(rest.substr(0, colon)) + "/" + program;
    if (::access(file.c_str(), X_OK) == 0) return true;
    rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
  }
  return false;
}

// The proxies of this host serve the download; the tree gets none of them.
std::vector<std::string> child_env() {
  std::vector<std::string> env = {std::string("PATH=") + kPath, "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive",
                                  "HOME=/root"};
  for (const char* name : {"http_proxy", "https_proxy", "no_proxy", "ftp_proxy", "SSL_CERT_FILE"})
    if (const char* value = std::getenv(name)) env.push_back(std::string(name) + "=" + value);
  return env;
}

std::string log_end(const std::string& text, int count) {
  std::size_t at = text.size();
  while (at > 0 && text[at - 1] == '\n') --at;
  for (int lines = 0; at > 0; --at)
    if (text[at - 1] == '\n' && ++lines == count) break;
  return text.substr(at);
}

class BootstrapRun : public Bootstrap {
 public:
  BootstrapRun(io::Loop& loop, sandbox::ImageStore& store, BootstrapRequest request,
               std::function<void(std::string_view)> progress,
               std::function<void(io::Result<sandbox::Image>)> done)
      : loop_(loop),
        store_(store),
        request_(std::move(request)),
        root_(request_.scratch + "/" + request_.recipe.name + "-root"),
        tar_(request_.scratch + "/" + request_.recipe.name + ".tar"),
        progress_(std::move(progress)),
        done_(std::move(done)) {}

  ~BootstrapRun() override { remove_files(); }

  void start() {
    loop_.post(lifeline_.guard([this] {
      check_host();
      if (request_.mirror.empty()) request_.mirror = host_mirror();
      debootstrap();
    }));
  }

 private:
  static void check_host() {
    if (::geteuid() != 0)
      throw io::HostError(
          "making a base image needs root (it unpacks a system with its owners): run it with sudo");
    if (!is_installed("debootstrap"))
      throw io::HostError("debootstrap is not installed: apt-get install debootstrap");
    if (!is_installed("tar")) throw io::HostError("tar is not installed: apt-get install tar");
  }

  void debootstrap() {
    remove_root_tree(root_);
    std::string packages;
    for (const auto& package : request_.recipe.packages) packages += (packages.empty() ? "" : ",") + package;
    // Its progress is on its stdout; only stderr is followed line by line.
    std::vector<std::string> argv = {"/bin/sh", "-c", "exec debootstrap \"$@\" >&2", "debootstrap",
                                     "--variant=minbase"};
    if (!packages.empty()) argv.push_back("--include=" + packages);
    argv.insert(argv.end(), {request_.recipe.suite, root_});
    if (!request_.mirror.empty()) argv.push_back(request_.mirror);
    progress_(fmt::format("bootstrapping Debian {}", request_.recipe.suite));
    run(std::move(argv), [this](const io::ChildResult& result) {
      if (result.exit_code != 0) throw io::HostError(explain(result));
      unmount_below(root_);
      clean_root_tree(root_, request_.mirror, request_.recipe.suite);
      pack();
    });
  }

  std::string explain(const io::ChildResult& result) const {
    if (result.deadline_passed)
      return "debootstrap did not end within 30 minutes: is the mirror slow or out of reach?";
    return fmt::format("debootstrap failed (exit code {}); another mirror can be given with --mirror\n{}",
                       result.exit_code, log_end(result.errors, 15));
  }

  void pack() {
    progress_("packing the tree");
    run({"tar", "--create", "--file=" + tar_, "--directory=" + root_, "--numeric-owner", "--sort=name",
         "--one-file-system", "--xattrs", "--exclude=./dev/*", "--exclude=./proc/*", "--exclude=./sys/*",
         "--exclude=./run/*", "."},
        [this](const io::ChildResult& result) {
          if (result.exit_code != 0) throw io::HostError("tar failed: " + log_end(result.errors, 5));
          remove_root_tree(root_);
          import();
        });
  }

  void import() {
    progress_(fmt::format("importing {}", request_.recipe.reference));
    store_.import(tar_, request_.recipe.reference, {{kKindLabel, "base"}}, {{"PATH", kPath}},
                  lifeline_.guard([this](io::Result<sandbox::Image> result) { finish(std::move(result)); }));
  }

  template <class Fn>
  void run(std::vector<std::string> argv, Fn then) {
    io::ChildSpec spec;
    spec.argv = std::move(argv);
    spec.env = child_env();
    spec.deadline = kDeadline;
    child_ = io::spawn(loop_, std::move(spec), lifeline_.guard([this, then](io::ChildResult result) {
      // The child's object is let go of outside of its own callback.
      loop_.post(lifeline_.guard([then, result = std::move(result)] { then(result); }));
    }),
                       lifeline_.guard([this](std::string_view line) { show(line); }));
  }

  // "I: Retrieving libc6 2.41-12" → "retrieving libc6 2.41-12"
  void show(std::string_view line) {
    if (!line.starts_with("I: ") || line.size() < 4) return;
    std::string text(line.substr(3));
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    progress_(text);
  }

  void remove_files() noexcept {
    child_.reset();  // first: what is still writing must end
    std::remove(tar_.c_str());
    try {
      remove_root_tree(root_);
    } catch (const std::exception&) {
      // In a scratch folder that its owner removes; nothing more can be done about it here.
    }
  }

  void finish(io::Result<sandbox::Image> result) {
    lifeline_.cut();
    remove_files();
    auto done = std::move(done_);  // it may let go of this
    if (done) done(std::move(result));
  }

  io::Loop& loop_;
  sandbox::ImageStore& store_;
  BootstrapRequest request_;
  std::string root_;
  std::string tar_;
  std::function<void(std::string_view)> progress_;
  std::function<void(io::Result<sandbox::Image>)> done_;
  Lifeline lifeline_{[this](std::exception_ptr error) { finish(std::move(error)); }};
  std::unique_ptr<io::Child> child_;
};

}  // namespace

std::unique_ptr<Bootstrap> start_bootstrap(io::Loop& loop, sandbox::ImageStore& store,
                                           BootstrapRequest request,
                                           std::function<void(std::string_view)> progress,
                                           std::function<void(io::Result<sandbox::Image>)> done) {
  auto run =
      std::make_unique<BootstrapRun>(loop, store, std::move(request), std::move(progress), std::move(done));
  run->start();
  return run;
}

}  // namespace images
