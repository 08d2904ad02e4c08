#include "sandbox/io/curl_loop.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace io {

struct CurlLoop::TimerEntry {
  std::function<void()> fn;  // empty: cancelled
};

struct CurlLoop::WatchEntry {
  int fd = -1;
  std::function<void()> fn;  // empty: no longer watched
};

class CurlLoop::TimerHandle : public Timer {
 public:
  explicit TimerHandle(std::shared_ptr<TimerEntry> entry) : entry_(std::move(entry)) {}
  ~TimerHandle() override { entry_->fn = nullptr; }

 private:
  std::shared_ptr<TimerEntry> entry_;
};

class CurlLoop::WatchHandle : public Watch {
 public:
  explicit WatchHandle(std::shared_ptr<WatchEntry> entry) : entry_(std::move(entry)) {}
  ~WatchHandle() override { entry_->fn = nullptr; }

 private:
  std::shared_ptr<WatchEntry> entry_;
};

CurlLoop::CurlLoop() {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_ALL);
  multi_ = ready == CURLE_OK ? curl_multi_init() : nullptr;
  if (!multi_) throw std::runtime_error("libcurl could not be started");
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 64L);
}

CurlLoop::~CurlLoop() {
  for (auto& [easy, transfer] : transfers_) curl_multi_remove_handle(multi_, easy);
  // Out of the map first: what a handler owns may be a handle, whose end looks its own transfer up.
  std::exchange(transfers_, {}).clear();
  graveyard_.clear();
  curl_multi_cleanup(multi_);
}

std::unique_ptr<Timer> CurlLoop::call_at(TimePoint when, std::function<void()> fn) {
  auto entry = std::make_shared<TimerEntry>(TimerEntry{std::move(fn)});
  timers_.emplace(when, entry);
  return std::make_unique<TimerHandle>(std::move(entry));
}

void CurlLoop::post(std::function<void()> fn) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(fn));
  }
  curl_multi_wakeup(multi_);
}

std::unique_ptr<Watch> CurlLoop::watch_readable(int fd, std::function<void()> fn) {
  auto entry = std::make_shared<WatchEntry>(WatchEntry{fd, std::move(fn)});
  watches_.push_back(entry);
  return std::make_unique<WatchHandle>(std::move(entry));
}

void CurlLoop::add(CURL* easy, std::shared_ptr<CurlTransfer> transfer) {
  transfers_.emplace(easy, std::move(transfer));
  if (performing_)
    to_add_.push_back(easy);
  else
    curl_multi_add_handle(multi_, easy);
}

void CurlLoop::remove(CURL* easy) {
  const auto found = transfers_.find(easy);
  if (found == transfers_.end()) return;
  if (performing_) {
    graveyard_.push_back(std::move(found->second));
    if (std::erase(to_add_, easy) == 0) to_remove_.push_back(easy);
  } else {
    curl_multi_remove_handle(multi_, easy);
  }
  transfers_.erase(easy);
}

void CurlLoop::resume(CURL* easy) { to_resume_.push_back(easy); }

void CurlLoop::run_until(const std::function<bool()>& done) {
  while (true) {
    run_posted();
    run_due_timers();
    perform();
    if (done()) return;
    wait();
  }
}

void CurlLoop::perform() {
  performing_ = true;
  int running = 0;
  curl_multi_perform(multi_, &running);
  performing_ = false;
  for (CURL* easy : std::exchange(to_add_, {})) curl_multi_add_handle(multi_, easy);
  for (CURL* easy : std::exchange(to_remove_, {})) curl_multi_remove_handle(multi_, easy);
  graveyard_.clear();

  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* easy = message->easy_handle;
    const CURLcode code = message->data.result;
    const auto found = transfers_.find(easy);
    if (found == transfers_.end()) continue;
    const std::shared_ptr<CurlTransfer> transfer = std::move(found->second);
    transfers_.erase(found);
    curl_multi_remove_handle(multi_, easy);
    transfer->completed(code);
  }
  for (CURL* easy : std::exchange(to_resume_, {}))
    if (transfers_.contains(easy)) curl_easy_pause(easy, CURLPAUSE_CONT);
}

int CurlLoop::timeout_ms() {
  {
    const std::lock_guard lock(mutex_);
    if (!posted_.empty()) return 0;
  }
  if (!to_resume_.empty()) return 0;
  while (!timers_.empty() && !timers_.begin()->second->fn) timers_.erase(timers_.begin());
  if (timers_.empty()) return 60'000;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first - now()).count();
  return static_cast<int>(std::clamp<long long>(left, 0, 60'000));
}

void CurlLoop::wait() {
  watches_.remove_if([](const auto& entry) { return !entry->fn; });
  std::vector<std::shared_ptr<WatchEntry>> watched(watches_.begin(), watches_.end());
  std::vector<curl_waitfd> fds;
  fds.reserve(watched.size());
  for (const auto& entry : watched) fds.push_back({entry->fd, CURL_WAIT_POLLIN, 0});
  const CURLMcode code =
      curl_multi_poll(multi_, fds.data(), static_cast<unsigned>(fds.size()), timeout_ms(), nullptr);
  if (code != CURLM_OK)
    throw std::runtime_error(std::string("curl_multi_poll: ") + curl_multi_strerror(code));
  for (std::size_t i = 0; i < fds.size(); ++i) {
    if (fds[i].revents == 0 || !watched[i]->fn) continue;
    const auto fn = watched[i]->fn;  // a copy: the callback may let go of its own watch
    fn();
  }
}

void CurlLoop::run_posted() {
  std::vector<std::function<void()>> batch;
  {
    const std::lock_guard lock(mutex_);
    batch.swap(posted_);
  }
  for (auto& fn : batch) fn();
}

void CurlLoop::run_due_timers() {
  const TimePoint until = now();
  while (!timers_.empty() && timers_.begin()->first <= until) {
    const std::shared_ptr<TimerEntry> entry = timers_.begin()->second;
    timers_.erase(timers_.begin());
    if (const auto fn = std::exchange(entry->fn, nullptr)) fn();
  }
}

}  // namespace io
