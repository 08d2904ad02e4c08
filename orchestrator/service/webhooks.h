// Tells whoever asked for it that a job has ended: one POST of its status, up to two more when that fails.
// What is due is in the queue's database, so that a restart forgets none. Receivers
// and clients have their turns, see JobQueue::webhooks_due. The address is a stranger's: only
// the internet is called, and no redirect is followed. Loop's thread only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/service/background.h"
#include "orchestrator/store/job_queue.h"
#include "sandbox/io/http_client.h"
#include "sandbox/io/loop.h"

namespace orchestrator {

struct WebhookSettings {
  bool allow_private = false;  // addresses that are not of the internet, and a proxy of this host
  std::string ca_file;
  std::function<std::string(const StoredJob&)> body;  // JSON
};

class Webhooks {
 public:
  Webhooks(io::CurlLoop& loop, Background& background, JobQueue& queue, WebhookSettings settings);
  ~Webhooks();

  // Looks for what is due; called when a job has ended, at a start, and by itself for later tries.
  void look();

 private:
  std::vector<std::string> under_way() const;
  void begin(const StoredJob& job);
  void call(const StoredJob& job);
  void called(const std::string& id, Milliseconds ended, bool reached);

  io::Loop& loop_;
  Background& background_;
  JobQueue& queue_;
  WebhookSettings settings_;
  io::HttpClient client_;
  std::map<std::string, std::unique_ptr<io::HttpCall>> calls_;  // by job; empty: not sent
  std::unique_ptr<io::Timer> later_;
  bool looking_ = false, again_ = false;
  std::shared_ptr<Webhooks*> self_;  // empty once this is gone
};

}  // namespace orchestrator
