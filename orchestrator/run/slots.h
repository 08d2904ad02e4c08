// The cap on what runs at once. A Slot is held by an attempt while its container may run; it is move-only and
// gives itself back, so the cap cannot leak. Loop's thread only.
#pragma once

#include <memory>
#include <optional>
#include <utility>

namespace orchestrator {

class Slots;

class Slot {
 public:
  Slot(Slot&& other) noexcept : slots_(std::exchange(other.slots_, nullptr)) {}
  Slot& operator=(Slot&& other) noexcept {
    std::swap(slots_, other.slots_);
    return *this;
  }
  ~Slot();

 private:
  friend class Slots;
  explicit Slot(Slots* slots) : slots_(slots) {}
  Slots* slots_;
};

class Slots {
 public:
  explicit Slots(int capacity) : capacity_(capacity) {}
  std::optional<Slot> try_take() {
    if (taken_ >= capacity_) return std::nullopt;
    ++taken_;
    return Slot(this);
  }
  int taken() const { return taken_; }

 private:
  friend class Slot;
  int capacity_;
  int taken_ = 0;
};

inline Slot::~Slot() {
  if (slots_) --slots_->taken_;
}

}  // namespace orchestrator
