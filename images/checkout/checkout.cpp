#include "images/checkout/checkout.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "images/checkout/messages.h"
#include "images/checkout/ssh_url.h"
#include "sandbox/io/child.h"
#include "sandbox/io/error.h"

namespace images {
namespace {

namespace fs = std::filesystem;
using checkout::ChildAnswer;
using checkout::ChildRequest;

constexpr std::size_t kLargestRequest = 64 * 1024;  // what spawn() writes to a child

using Names = std::vector<const char*>;

// Of the programs ssh and git and of git's credential helpers, where these may be used.
const Names kOfOwnAccess{"SSH_AUTH_SOCK",     "USER",
                         "LOGNAME",           "GIT_CONFIG_GLOBAL",
                         "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM",
                         "XDG_CACHE_HOME",    "XDG_DATA_HOME",
                         "XDG_RUNTIME_DIR",   "DBUS_SESSION_BUS_ADDRESS",
                         "GNUPGHOME"};

// Nothing else of the environment is the child's business.
std::vector<std::string> child_environment(const GitAccess& access) {
  Names names{"PATH",           "HOME",           "XDG_CONFIG_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR",
              "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "https_proxy",     "HTTPS_PROXY",   "all_proxy",
              "ALL_PROXY",      "no_proxy",       "NO_PROXY"};
  if (access.ssh || access.own_settings || !access.git_program.empty())
    names.insert(names.end(), kOfOwnAccess.begin(), kOfOwnAccess.end());
  std::vector<std::string> env;
  for (const char* name : names)
    if (const char* value = std::getenv(name)) env.push_back(std::string(name) + "=" + value);
  return env;
}

void empty_folder(const std::string& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) fs::remove_all(entry.path(), ignored);
}

// One request of the child, with its second try. `deliver` gets the answer's exception, or the answer.
class ChildCheckout : public Checkout {
 public:
  using Deliver = std::function<void(io::Result<ChildAnswer>)>;

  ChildCheckout(io::Loop& loop, ChildRequest request, std::function<void(std::string_view)> progress,
                Deliver deliver)
      : loop_(loop),
        request_(std::move(request)),
        progress_(std::move(progress)),
        deliver_(std::move(deliver)),
        deadline_(loop.now() + request_.request.deadline) {
    later([this] { start(); });
  }

 private:
  // Through a timer, not a post: it dies with us.
  void later(std::function<void()> fn) { timer_ = loop_.call_at(loop_.now(), std::move(fn)); }

  void start() {
    try {
      io::ChildSpec spec;
      spec.argv = {io::self_path(), kCheckoutChild};
      spec.env = child_environment(request_.request.access);
      spec.stdin_text = checkout::encode(request_);
      if (spec.stdin_text.size() > kLargestRequest)
        throw io::RequestError("the include patterns are too long");
      spec.deadline =
          std::max(std::chrono::milliseconds(1),
                   std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - loop_.now()));
      ++tries_;
      child_ = io::spawn(
          loop_, std::move(spec), [this](io::ChildResult result) { ended(std::move(result)); },
          [this](std::string_view line) {
            if (progress_) progress_(line);
          });
    } catch (const io::RequestError&) {
      finish(std::current_exception());
    } catch (const std::exception& error) {
      finish(io::failure(io::HostError(failed() + error.what())));
    }
  }

  void ended(io::ChildResult result) {
    if (result.deadline_passed) {
      const auto seconds =
          std::chrono::duration_cast<std::chrono::seconds>(request_.request.deadline).count();
      return finish(
          io::failure(io::HostError(failed() + "it took longer than " + std::to_string(seconds) + " s")));
    }
    if (result.signal != 0)
      return finish(io::failure(io::HostError(failed() + "the child process was ended by signal " +
                                              std::to_string(result.signal))));
    try {
      ChildAnswer answer = checkout::decode_answer(result.output);
      answer.message = without_token(answer.message);
      if (answer.kind == ChildAnswer::Kind::transport_error && tries_ < 2 && loop_.now() < deadline_)
        return try_again(answer.message);
      if (answer.kind == ChildAnswer::Kind::request_error) throw io::RequestError(answer.message);
      if (answer.kind == ChildAnswer::Kind::lasting_error) throw io::LastingError(failed() + answer.message);
      if (answer.kind != ChildAnswer::Kind::done) throw io::HostError(failed() + answer.message);
      finish(std::move(answer));
    } catch (const std::exception&) {
      finish(std::current_exception());
    }
  }

  void try_again(const std::string& reason) {
    if (progress_) progress_("trying once more: " + reason);
    if (!request_.archive) empty_folder(request_.request.scratch);
    later([this] { start(); });  // the child's own callback is still on the stack
  }

  // Whoever is told may let go of us.
  void finish(io::Result<ChildAnswer> answer) {
    const Deliver deliver = std::move(deliver_);
    deliver(std::move(answer));
  }

  std::string failed() const {
    const std::string& repo = request_.request.repo;
    const bool remote = repo.find("://") != std::string::npos || checkout::is_ssh_form(repo);
    if (request_.archive) return "Failed to pack the sources: ";
    return remote ? "Failed to clone repository: " : "Failed to read the local folder: ";
  }

  std::string without_token(std::string text) const {
    const auto& credential = request_.request.credential;
    if (!credential || credential->token.empty()) return text;
    for (std::size_t at = text.find(credential->token); at != std::string::npos;
         at = text.find(credential->token, at + 3))
      text.replace(at, credential->token.size(), "***");
    return text;
  }

  io::Loop& loop_;
  ChildRequest request_;
  std::function<void(std::string_view)> progress_;
  Deliver deliver_;
  io::TimePoint deadline_;
  int tries_ = 0;
  std::unique_ptr<io::Timer> timer_;
  std::unique_ptr<io::Child> child_;
};

bool entry_before(const TreeEntry& entry, std::string_view path) { return entry.path < path; }

}  // namespace

std::unique_ptr<Checkout> start_checkout(io::Loop& loop, CheckoutRequest request,
                                         std::function<void(std::string_view)> progress,
                                         std::function<void(io::Result<Source>)> done) {
  const std::string file = request.scratch + "/" + checkout::kSourceFile;
  auto deliver = [file, done = std::move(done)](io::Result<ChildAnswer> answer) {
    if (!answer) return done(answer.error());
    std::optional<io::Result<Source>> source;
    try {
      source.emplace(checkout::read_source(file));
    } catch (const std::exception&) {
      source.emplace(std::current_exception());
    }
    done(std::move(*source));
  };
  return std::make_unique<ChildCheckout>(loop, ChildRequest{std::move(request), false, "", 0},
                                         std::move(progress), std::move(deliver));
}

std::unique_ptr<Checkout> start_archive(io::Loop& loop, CheckoutRequest request, std::string prefix,
                                        int owner, std::function<void(io::Result<SourceArchive>)> done) {
  auto deliver = [done = std::move(done)](io::Result<ChildAnswer> answer) {
    if (!answer) return done(answer.error());
    done(std::move(answer.value().archive));
  };
  return std::make_unique<ChildCheckout>(
      loop, ChildRequest{std::move(request), true, std::move(prefix), owner}, nullptr, std::move(deliver));
}

std::unique_ptr<Checkout> start_context(io::Loop& loop, CheckoutRequest request,
                                        std::function<void(io::Result<SourceArchive>)> done) {
  return start_archive(loop, std::move(request), "", 0, std::move(done));
}

bool Source::has(std::string_view path) const {
  const auto found = std::lower_bound(entries.begin(), entries.end(), path, entry_before);
  return found != entries.end() && found->path == path;
}

bool Source::has_folder(std::string_view path) const {
  std::string below(path);
  while (below.ends_with('/')) below.pop_back();
  if (below.empty() || below == ".") return true;
  below += '/';
  const auto found = std::lower_bound(entries.begin(), entries.end(), below, entry_before);
  return found != entries.end() && found->path.starts_with(below);
}

const std::string* Source::manifest(std::string_view path) const {
  const auto found = manifests.find(std::string(path));
  return found == manifests.end() ? nullptr : &found->second;
}

}  // namespace images
