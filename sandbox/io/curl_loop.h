// The loop of the real program: curl_multi_poll over all transfers, the watched descriptors and the next
// timer.
#pragma once

#include <curl/curl.h>

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "sandbox/io/loop.h"

namespace io {

// A curl easy handle in the loop's multi handle.
class CurlTransfer {
 public:
  virtual ~CurlTransfer() = default;
  virtual void completed(CURLcode code) = 0;  // the handle is out of the multi handle by then
};

class CurlLoop : public Loop {
 public:
  CurlLoop();
  ~CurlLoop() override;

  TimePoint now() const override { return Clock::now(); }
  std::unique_ptr<Timer> call_at(TimePoint when, std::function<void()> fn) override;
  void post(std::function<void()> fn) override;
  std::unique_ptr<Watch> watch_readable(int fd, std::function<void()> fn) override;
  void run_until(const std::function<bool()>& done) override;

  // Adds a transfer, kept alive until it has completed or was removed. Both are safe inside any callback.
  void add(CURL* easy, std::shared_ptr<CurlTransfer> transfer);
  void remove(CURL* easy);
  // Lets a paused transfer go on; safe inside any callback.
  void resume(CURL* easy);

 private:
  struct TimerEntry;
  struct WatchEntry;
  class TimerHandle;
  class WatchHandle;

  void perform();
  void wait();
  void run_posted();
  void run_due_timers();
  int timeout_ms();

  CURLM* multi_ = nullptr;
  bool performing_ = false;  // inside curl: handles must be neither added nor removed now
  std::map<CURL*, std::shared_ptr<CurlTransfer>> transfers_;
  std::vector<CURL*> to_add_;
  std::vector<CURL*> to_remove_;
  std::vector<std::shared_ptr<CurlTransfer>> graveyard_;  // removed while curl still held their handles
  std::vector<CURL*> to_resume_;
  std::multimap<TimePoint, std::shared_ptr<TimerEntry>> timers_;
  std::list<std::shared_ptr<WatchEntry>> watches_;
  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;  // guarded by mutex_
};

}  // namespace io
