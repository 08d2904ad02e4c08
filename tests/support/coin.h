// Chance for simulations, the same in every run.
#pragma once

#include <cstdint>

namespace orchestrator {

// splitmix64 (Steele, Lea and Flood, 2014): the same numbers on every platform.
class Coin {
 public:
  explicit Coin(std::uint64_t seed) : state_(seed) {}
  bool falls(double rate) {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1.0p-53 < rate;
  }

 private:
  std::uint64_t state_;
};

}  // namespace orchestrator
