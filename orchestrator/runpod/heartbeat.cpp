#include "orchestrator/runpod/heartbeat.h"

#include <curl/curl.h>

#include <memory>

#include "sandbox/io/trust.h"

namespace orchestrator::runpod {
namespace {

using std::chrono::steady_clock;

constexpr int kRetries = 3;

bool worth_a_retry(long status) {
  return status == 0 || status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

std::size_t ignore(char*, std::size_t size, std::size_t count, void*) { return size * count; }

int look_for_end(void* cancelled, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return (*static_cast<const std::function<bool()>*>(cancelled))() ? 1 : 0;
}

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

}  // namespace

long ping_once(const std::string& url, const Pinger& pinger, std::chrono::milliseconds timeout,
               const std::function<bool()>& cancelled) {
  const std::unique_ptr<CURL, EasyDeleter> easy(curl_easy_init());
  const std::string key = "Authorization: " + pinger.key;
  const std::unique_ptr<curl_slist, ListDeleter> headers(curl_slist_append(nullptr, key.c_str()));
  if (!easy || !headers) return 0;
  curl_easy_setopt(easy.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(easy.get(), CURLOPT_USERAGENT, pinger.user_agent.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
  curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, &ignore);
  io::set_trust(easy.get(), pinger.ca_file);
  if (cancelled) {
    curl_easy_setopt(easy.get(), CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy.get(), CURLOPT_XFERINFOFUNCTION, &look_for_end);
    curl_easy_setopt(easy.get(), CURLOPT_XFERINFODATA, &cancelled);
  }
  if (curl_easy_perform(easy.get()) != CURLE_OK) return 0;
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  return status;
}

Heartbeat::Heartbeat(Addresses addresses, Pinger pinger, std::chrono::seconds interval)
    : addresses_(std::move(addresses)),
      pinger_(std::move(pinger)),
      interval_(interval),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Heartbeat::~Heartbeat() {
  thread_.request_stop();
  thread_.join();
}

void Heartbeat::set_jobs(const std::vector<std::string>& ids) {
  std::string joined = joined_ids(ids);
  const std::lock_guard lock(mutex_);
  ids_.swap(joined);
}

std::string Heartbeat::ids() {
  const std::lock_guard lock(mutex_);
  return ids_;
}

// False when it is to end.
bool Heartbeat::rest(const std::stop_token& stop, steady_clock::time_point until) {
  std::unique_lock lock(resting_);
  woken_.wait_until(lock, stop, until, [] { return false; });
  return !stop.stop_requested();
}

void Heartbeat::run(const std::stop_token& stop) {
  auto next = steady_clock::now();
  while (!stop.stop_requested()) {
    ping(stop);
    // What took longer than the interval is not made up for.
    next = std::max(next + interval_, steady_clock::now());
    if (!rest(stop, next)) return;
  }
}

void Heartbeat::ping(const std::stop_token& stop) {
  const auto cancelled = [&stop] { return stop.stop_requested(); };
  for (int tries = 0;; ++tries) {
    const long status = ping_once(addresses_.ping(ids(), pinger_.version), pinger_, 2 * interval_, cancelled);
    if (!worth_a_retry(status) || tries == kRetries) return;
    if (!rest(stop, steady_clock::now() + std::chrono::seconds(1 << tries))) return;
  }
}

}  // namespace orchestrator::runpod
