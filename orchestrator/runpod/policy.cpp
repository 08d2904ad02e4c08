#include "orchestrator/runpod/policy.h"

#include <algorithm>
#include <memory>
#include <random>

namespace orchestrator::runpod {
namespace {

std::function<double()> really_random() {
  return [engine = std::make_shared<std::mt19937>(std::random_device{}())] {
    return std::uniform_real_distribution<double>(0, 1)(*engine);
  };
}

}  // namespace

Backoff::Backoff(Span first, Span most, std::function<double()> random)
    : first_(first), most_(most), doubled_(first), random_(random ? std::move(random) : really_random()) {}

Span Backoff::next() {
  const Span wait = std::min(
      most_,
      doubled_ + Span(static_cast<std::int64_t>(static_cast<double>(doubled_.count()) * 0.5 * random_())));
  doubled_ = std::min(most_, doubled_ * 2);
  return wait;
}

std::optional<Span> TakePolicy::after(const TakeAnswer& answer, io::TimePoint asked, io::TimePoint now) {
  using Kind = TakeAnswer::Kind;
  if (answer.kind != Kind::refused) refused_since_.reset();
  if (answer.kind != Kind::refused && answer.kind != Kind::failed) backoff_.reset();
  switch (answer.kind) {
    case Kind::jobs:
      return Span(0);
    case Kind::nothing:
      return std::max(Span(0), kGap - std::chrono::duration_cast<Span>(now - asked));
    case Kind::not_now:
      return kGap;
    case Kind::too_many:
      return answer.retry_after.count() > 0 ? Span(answer.retry_after) : Span(5'000);
    case Kind::refused:
      if (!refused_since_) refused_since_ = asked;
      if (now - *refused_since_ >= kPatience) return std::nullopt;
      break;
    case Kind::failed:
      break;
  }
  return std::max(backoff_.next(), Span(answer.retry_after));
}

Span StopPolicy::after(const StopAnswer& answer) {
  using Kind = StopAnswer::Kind;
  if (answer.kind != Kind::absent) absent_.reset();
  if (answer.kind != Kind::failed) failed_.reset();
  if (answer.kind == Kind::absent) return absent_.next();
  if (answer.kind == Kind::failed) return failed_.next();
  return answer.kind == Kind::too_many ? Span(5'000) : Span(1'000);
}

PostFate fate_of_post(long status) {
  if (status >= 200 && status < 300) return PostFate::delivered;
  if (status == 400 || status == 413) return PostFate::shrink;
  if (status == 404 || status == 410) return PostFate::gone;
  // 401 and 403 come and go on the live service.
  const bool passes = status == 0 || status == 401 || status == 403 || status == 408 || status == 429;
  return passes || status >= 500 ? PostFate::again : PostFate::lost;
}

}  // namespace orchestrator::runpod
