// Something that is to be done soon after somebody wanted it, on another thread, and once for all who wanted
// it until it begins. Any thread; must outlive what `later` has been given.
#pragma once

#include <atomic>
#include <functional>
#include <utility>

namespace io {

class Soon {
 public:
  using Later = std::function<void(std::function<void()>)>;

  // `later` calls what it is given once, but never from inside. `act` throws nothing; where two threads of
  // `later` overlap it is called by both.
  Soon(Later later, std::function<void()> act) : later_(std::move(later)), act_(std::move(act)) {}

  void want() {
    if (wanted_.exchange(true)) return;
    later_([this] {
      wanted_ = false;  // first: what is wanted from now on may be too late for this time
      act_();
    });
  }

 private:
  Later later_;
  std::function<void()> act_;
  std::atomic<bool> wanted_{false};
};

}  // namespace io
