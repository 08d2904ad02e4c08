// An attempt's seed can be recomputed by anybody from the job seed, the index and the range:
//
//   mix(x)    the finaliser of splitmix64, on 64 bits:
//               x ^= x >> 30;  x *= 0xBF58476D1CE4E5B9
//               x ^= x >> 27;  x *= 0x94D049BB133111EB
//               x ^= x >> 31
//   b         the smallest even number ≥ 2 with 2^b ≥ n, where n = max - min + 1; h = b / 2
//   key(r)    mix(job_seed + (r + 1) * 0x9E3779B97F4A7C15), for the rounds r = 0 … 7
//   round r   (left, right) becomes (right, left XOR the h highest bits of mix(key(r) XOR right))
//   permute   x is split into left (its h high bits) and right (its h low bits), goes through rounds 0 … 7
//   and is
//             put together again as left * 2^h + right
//   seed      x = index mod n;  do x = permute(x) while x ≥ n;  min + x
//
// A Feistel network is a permutation of 0 … 2^b - 1 whatever its rounds do, and walking a permutation until
// it is back inside 0 … n-1 is a permutation of those: two indices below n never share a seed.
#include "orchestrator/job/job.h"

namespace orchestrator {
namespace {

constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15ULL;
constexpr int kRounds = 8;

std::uint64_t mix(std::uint64_t x) {
  x ^= x >> 30;
  x *= 0xBF58476D1CE4E5B9ULL;
  x ^= x >> 27;
  x *= 0x94D049BB133111EBULL;
  x ^= x >> 31;
  return x;
}

int half_bits(std::uint64_t size) {
  int bits = 2;
  while (bits < 64 && (std::uint64_t{1} << bits) < size) bits += 2;
  return bits / 2;
}

std::uint64_t permute(std::uint64_t job_seed, int half, std::uint64_t x) {
  std::uint64_t left = x >> half;
  std::uint64_t right = x & ((std::uint64_t{1} << half) - 1);
  for (std::uint64_t round = 0; round < kRounds; ++round) {
    const std::uint64_t key = mix(job_seed + (round + 1) * kGolden);
    const std::uint64_t next = left ^ (mix(key ^ right) >> (64 - half));
    left = right;
    right = next;
  }
  return (left << half) | right;
}

}  // namespace

std::int64_t attempt_seed(std::uint64_t job_seed, std::uint64_t index, const SeedRange& range) {
  const std::uint64_t size = range.size();
  const int half = half_bits(size);
  std::uint64_t x = index % size;
  do {
    x = permute(job_seed, half, x);
  } while (x >= size);
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(range.min) + x);
}

}  // namespace orchestrator
