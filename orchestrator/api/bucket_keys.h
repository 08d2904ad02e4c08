// What clients say of the bucket that their job's worker is to put its report into (RunPod's s3Config). There
// are secrets in it: it is kept in memory only, given to the worker that takes the job and to nobody else,
// and forgotten when the job has ended, or with this process. A worker without it uses its own bucket, or
// none. Any thread.
#pragma once

#include <map>
#include <mutex>
#include <string>

namespace orchestrator {

class BucketKeys {
 public:
  // `config`: JSON; empty: nothing is kept.
  void keep(const std::string& job, std::string config) {
    const std::lock_guard lock(mutex_);
    if (!config.empty()) configs_[job] = std::move(config);
  }
  // Empty: there is none.
  std::string find(const std::string& job) const {
    const std::lock_guard lock(mutex_);
    const auto found = configs_.find(job);
    return found == configs_.end() ? "" : found->second;
  }
  bool has(const std::string& job) const {
    const std::lock_guard lock(mutex_);
    return configs_.contains(job);
  }
  void forget(const std::string& job) {
    const std::lock_guard lock(mutex_);
    configs_.erase(job);
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string> configs_;  // guarded by mutex_
};

}  // namespace orchestrator
