// Sources made of a few files, and a loop that only knows posted functions.
#pragma once

#include <deque>
#include <map>
#include <stdexcept>
#include <string>

#include "images/checkout/checkout.h"
#include "sandbox/io/loop.h"

namespace images_test {

inline images::Source source_of(const std::map<std::string, std::string>& files) {
  images::Source source;
  source.local = true;
  source.tree_hash = "tree-1";
  for (const auto& [path, content] : files) {
    source.entries.push_back({path, 'f'});
    source.manifests[path] = content;
  }
  return source;
}

class PostLoop : public io::Loop {
 public:
  io::TimePoint now() const override { return {}; }
  std::unique_ptr<io::Timer> call_at(io::TimePoint, std::function<void()>) override {
    throw std::logic_error("nothing here needs a timer");
  }
  void post(std::function<void()> fn) override { posted_.push_back(std::move(fn)); }
  std::unique_ptr<io::Watch> watch_readable(int, std::function<void()>) override {
    throw std::logic_error("nothing here watches a descriptor");
  }
  // Stops when nothing is left to do, whatever `done` says: a test then sees that no answer came.
  void run_until(const std::function<bool()>& done) override {
    while (!done() && !posted_.empty()) {
      auto next = std::move(posted_.front());
      posted_.pop_front();
      next();
    }
  }

 private:
  std::deque<std::function<void()>> posted_;
};

}  // namespace images_test
