#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <iostream>
#include <iterator>

#include "images/checkout/archive.h"
#include "images/checkout/build_context.h"
#include "images/checkout/changed_files.h"
#include "images/checkout/checkout.h"
#include "images/checkout/messages.h"
#include "images/checkout/own_git_settings.h"
#include "images/checkout/scan.h"
#include "images/checkout/sources.h"

namespace images {
namespace {

using checkout::ChildAnswer;
using checkout::ChildRequest;

// It handles what strangers wrote: no core file with the token in it, no new privileges, no life after its
// parent.
void confine() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::signal(SIGPIPE, SIG_IGN);
}

// Whose shadow memory is larger than any limit of ours.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
constexpr bool kSanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool kSanitized = false;
#endif

// A pack may unfold to much more than it is; the host's memory is not to be its measure.
void limit_memory(std::int64_t max_bytes) {
  if (kSanitized) return;
  const rlim_t most = static_cast<rlim_t>(max_bytes) + (rlim_t{1} << 30);
  const rlimit data{most, most};
  ::setrlimit(RLIMIT_DATA, &data);
}

void report(std::string_view sentence) {
  const std::string line = std::string(sentence) + "\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

ChildAnswer work(const ChildRequest& child) {
  const CheckoutRequest& request = child.request;
  limit_memory(request.max_bytes);
  const checkout::GitLibrary library(!is_remote(request.repo), request.max_bytes);
  checkout::Sources sources = checkout::open_sources(request, report);
  ChildAnswer answer;
  answer.kind = ChildAnswer::Kind::done;
  if (child.archive && child.prefix.empty()) {
    answer.archive = checkout::write_context(sources, request.dockerfile, request.scratch);
  } else if (child.archive) {
    answer.archive = checkout::write_archive(sources, request.scratch, child.prefix, child.owner);
  } else {
    Source source = checkout::scan(sources, request.dockerfile);
    if (!request.changed_since.empty()) source.changes = checkout::changed_files(request, source);
    checkout::write_source(request.scratch + "/" + checkout::kSourceFile, source);
  }
  return answer;
}

ChildAnswer answer_to(const std::string& text) {
  ChildAnswer answer;
  try {
    return work(checkout::decode_request(text));
  } catch (const io::RequestError& error) {
    answer.kind = ChildAnswer::Kind::request_error;
    answer.message = error.what();
  } catch (const checkout::TransportError& error) {
    answer.kind = ChildAnswer::Kind::transport_error;
    answer.message = error.what();
  } catch (const io::LastingError& error) {
    answer.kind = ChildAnswer::Kind::lasting_error;
    answer.message = error.what();
  } catch (const std::exception& error) {
    answer.kind = ChildAnswer::Kind::host_error;
    answer.message = error.what();
  }
  answer.message = checkout::without_own_passwords(answer.message);
  return answer;
}

}  // namespace

int checkout_child_main() {
  confine();
  const std::string text{std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
  const ChildAnswer answer = answer_to(text);
  std::cout << checkout::encode(answer) << std::endl;
  return answer.kind == ChildAnswer::Kind::done ? 0 : 1;
}

}  // namespace images
