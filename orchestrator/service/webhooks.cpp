#include "orchestrator/service/webhooks.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "sandbox/io/curl_loop.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

constexpr int kTries = 3;
constexpr Milliseconds kPause = 10'000;
constexpr int kAtOnce = 16;

}  // namespace

Webhooks::Webhooks(io::CurlLoop& loop, Background& background, JobQueue& queue, WebhookSettings settings)
    : loop_(loop),
      background_(background),
      queue_(queue),
      settings_(std::move(settings)),
      client_(loop),
      self_(std::make_shared<Webhooks*>(this)) {}

Webhooks::~Webhooks() { *self_ = nullptr; }

void Webhooks::look() {
  if (std::exchange(looking_, true)) {
    again_ = true;
    return;
  }
  ask(
      background_, loop_, self_, "webhooks were not looked for",
      [this, under_way = under_way()] {
        return queue_.webhooks_due(kAtOnce - static_cast<int>(under_way.size()), under_way);
      },
      [](Webhooks& self, const std::vector<StoredJob>& due) {
        self.looking_ = false;
        for (const auto& job : due) self.begin(job);
        if (std::exchange(self.again_, false)) self.look();
      });
}

std::vector<std::string> Webhooks::under_way() const {
  std::vector<std::string> ids;
  for (const auto& [id, call] : calls_) ids.push_back(id);
  return ids;
}

void Webhooks::begin(const StoredJob& job) {
  if (!calls_.emplace(job.id, nullptr).second) return;
  try {
    call(job);
  } catch (const std::exception& error) {
    // An address may be one that cannot even be tried: the others are called all the same.
    spdlog::warn("the webhook of job {} cannot be called: {}", job.id, error.what());
    called(job.id, job.ended, false);
  }
}

void Webhooks::call(const StoredJob& job) {
  const bool speaks = job.webhook.starts_with("https://") || job.webhook.starts_with("http://");
  if (!speaks) return called(job.id, job.ended, true);  // it was never one
  io::HttpRequest request;
  request.method = "POST";
  request.url = job.webhook;
  request.ca_file = settings_.ca_file;
  request.headers = {"Content-Type: application/json"};
  request.body = settings_.body(job);
  request.timeout = std::chrono::seconds(10);
  request.max_body = 64 * 1024;
  request.public_only = !settings_.allow_private;
  calls_[job.id] = client_.send(
      std::move(request), [this, id = job.id, ended = job.ended](io::Result<io::HttpResponse> result) {
        const bool reached = result.ok() && result.value().status == 200;
        // The address may hold a secret: it is not logged.
        if (!reached)
          spdlog::warn(
              "the webhook of job {} was not reached: {}", id,
              result.ok() ? fmt::format("status {}", result.value().status) : io::describe(result.error()));
        called(id, ended, reached);
      });
}

void Webhooks::called(const std::string& id, Milliseconds ended, bool reached) {
  ask(
      background_, loop_, self_, "what a webhook has come to was not written",
      [this, id, ended, reached] {
        if (reached)
          queue_.webhook_reached(id, ended);
        else
          queue_.webhook_failed(id, ended, kPause, kTries);
        return true;
      },
      [id](Webhooks& self, bool written) {
        self.calls_.erase(id);
        if (written)
          self.look();  // there is room for another; what was not written would be called at once again
        self.later_ = self.loop_.call_after(std::chrono::milliseconds(kPause), [&self] { self.look(); });
      });
}

}  // namespace orchestrator
