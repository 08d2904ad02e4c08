#include "orchestrator/runpod/job_posts.h"

#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/runpod/bodies.h"

namespace orchestrator::runpod {
namespace {

constexpr std::chrono::seconds kProgressEvery{1};
constexpr std::chrono::seconds kSmallTimeout{10};   // of progress and chunks
constexpr std::chrono::seconds kFinalTimeout{120};  // of a result, and a second more for each …
constexpr std::size_t kLeastRate = 32 * 1024;       // … of its bytes, as serve has it
// Our pings keep the job alive at the queue for as long as we hold it. How long it may run is not told to its
// worker: so long RunPod keeps a job by default (its ttl). A queue that knows it no more says so, and ends
// this at once.
constexpr std::chrono::hours kFinalPatience{24};
constexpr std::chrono::seconds kChunkPatience{30};  // for chunks that the result waits behind
constexpr std::chrono::seconds kLastWords{10};
constexpr std::size_t kMostChunks = 10'000;  // waiting; a queue that is away for long loses the oldest
constexpr std::size_t kSmallBody = 1'000'000;

}  // namespace

JobPosts::JobPosts(io::Loop& loop, QueueClient& queue, std::string job, Handlers handlers)
    : loop_(loop), queue_(queue), job_(std::move(job)), handlers_(std::move(handlers)) {}

void JobPosts::progress(const nlohmann::json& progress) {
  if (final_ || gone_) return;
  progress_ = progress_body(progress);
  next();
}

void JobPosts::chunk(const nlohmann::json& chunk) {
  if (final_ || gone_ || !streams_ || !queue_.addresses().stream(job_)) return;
  if (chunks_.size() >= kMostChunks) chunks_.pop_front();
  chunks_.push_back(chunk_body(chunk));
  next();
}

void JobPosts::finish(Final final, std::function<void(bool delivered)> done) {
  final_ = std::move(final);
  done_ = std::move(done);
  progress_.reset();
  until_ = loop_.now() + kFinalPatience;
  chunks_until_ = loop_.now() + kChunkPatience;
  timer_.reset();
  if (hurried_) shorten();
  next();
}

void JobPosts::hurry() {
  if (std::exchange(hurried_, true) || !final_ || gone_) return;
  timer_.reset();
  shorten();
  next();
}

// What is under way may be stuck: half of the time that is left is its, the other half that of the next try.
void JobPosts::shorten() {
  until_ = std::min(until_, loop_.now() + kLastWords);
  chunks_until_ = std::min(chunks_until_, loop_.now() + kLastWords / 2);
  backoff_.reset();
  if (!call_) return;
  timer_ = loop_.call_after(kLastWords / 2, [this] {
    timer_.reset();
    call_.reset();
    next();
  });
}

void JobPosts::next() {
  if (call_ || timer_ || gone_) return;
  if (final_ && loop_.now() >= chunks_until_) chunks_.clear();
  if (!chunks_.empty()) return post_chunk();
  if (final_) return post_final();
  if (progress_) post_progress();
}

void JobPosts::post(std::string url, std::string body, std::chrono::milliseconds timeout,
                    std::function<void(PostAnswer)> done) {
  call_ = queue_.post(std::move(url), job_, std::move(body), timeout,
                      [this, done = std::move(done)](const PostAnswer& answer) {
                        call_.reset();
                        timer_.reset();
                        done(answer);
                      });
}

// Of an answer of job-done.
bool JobPosts::says_gone(const PostAnswer& answer) {
  if (fate_of_post(answer.status) != PostFate::gone) return false;
  gone_ = true;
  const auto told = handlers_.gone;
  told();
  return true;
}

void JobPosts::again_after(Span wait) {
  timer_ = loop_.call_after(wait, [this] {
    timer_.reset();
    next();
  });
}

void JobPosts::post_chunk() {
  std::string body = std::move(chunks_.front());
  chunks_.pop_front();
  post(*queue_.addresses().stream(job_), body, kSmallTimeout,
       [this, body](const PostAnswer& answer) { chunk_answered(body, answer); });
}

// A chunk is of use only while somebody watches: tried once more, not for ever, and never at the cost of the
// result that waits behind it.
void JobPosts::chunk_answered(const std::string& body, const PostAnswer& answer) {
  const PostFate fate = fate_of_post(answer.status);
  const bool again = fate == PostFate::again && !final_ && !chunk_again_;
  chunk_again_ = again;
  if (again) {
    chunks_.push_front(body);
    return again_after(std::max(Span(1'000), Span(answer.retry_after)));
  }
  // A queue without this route says nothing about the job.
  if (fate == PostFate::gone) streams_ = false;
  if (!streams_ || (fate == PostFate::again && final_)) chunks_.clear();
  next();
}

void JobPosts::post_progress() {
  if (const auto now = loop_.now(); now < next_progress_)
    return again_after(std::chrono::ceil<Span>(next_progress_ - now));
  next_progress_ = loop_.now() + kProgressEvery;
  const std::string body = std::move(*progress_);
  progress_.reset();
  post(queue_.addresses().done(job_, false), body, kSmallTimeout, [this](const PostAnswer& answer) {
    if (!says_gone(answer)) next();
  });
}

void JobPosts::post_final() {
  const Span left = std::max(Span(1'000), std::chrono::ceil<Span>(until_ - loop_.now()));
  const Span timeout = kFinalTimeout + std::chrono::seconds(final_->body.size() / kLeastRate);
  post(queue_.addresses().done(job_, final_->streamed), final_->body, std::min(left, timeout),
       [this](const PostAnswer& answer) {
         if (!says_gone(answer)) final_answered(answer);
       });
}

void JobPosts::final_answered(const PostAnswer& answer) {
  const std::string what =
      answer.status == 0 ? answer.problem : fmt::format("the queue answered {}", answer.status);
  switch (fate_of_post(answer.status)) {
    case PostFate::delivered:
      return end(true);
    case PostFate::shrink:
      if (std::exchange(shrunk_, true)) break;
      final_->body = final_->smaller(std::min(kSmallBody, final_->body.size() / 4));
      handlers_.trouble(fmt::format("the result was not accepted ({}); it is sent again with {} bytes", what,
                                    final_->body.size()));
      return next();
    case PostFate::again: {
      const Span wait = std::max(backoff_.next(), Span(answer.retry_after));
      if (loop_.now() + wait >= until_) break;
      handlers_.trouble(fmt::format("the result was not delivered ({}); again in {:.1f} s", what,
                                    static_cast<double>(wait.count()) / 1000));
      return again_after(wait);
    }
    case PostFate::gone:
    case PostFate::lost:
      break;
  }
  handlers_.trouble(fmt::format("the result is lost: {}", what));
  end(false);
}

void JobPosts::end(bool delivered) {
  gone_ = true;
  const auto done = std::move(done_);
  done(delivered);
}

}  // namespace orchestrator::runpod
