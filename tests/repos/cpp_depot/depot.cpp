#include "depot.h"

#include <cstdlib>
#include <numeric>

std::vector<std::string> parcels;

int weigh(const std::vector<int>& weights) { return std::accumulate(weights.begin(), weights.end(), 0); }

int seed() {
  const char* text = std::getenv("TEST_SEED");
  return text ? static_cast<int>(std::strtoll(text, nullptr, 10) % 1000000) : 0;
}
