// The whole API server but for a worker: the test plays that.
#pragma once

#include <gtest/gtest.h>

#include <atomic>

#include "orchestrator/api/api_server.h"
#include "tests/support/program.h"
#include "tests/support/wire.h"

namespace testing_support {

using namespace orchestrator;
using nlohmann::json;

inline const std::string kInput = R"({"repo":"https://github.com/a/b","test_command":"true"})";
inline const std::string kRun = R"({"input":)" + kInput + "}";

class ApiFixture : public testing::Test {
 protected:
  void start() {
    settings_.version = "9.9";
    settings_.reports = folder_ / "reports";
    server_ = std::make_unique<ApiServer>(
        settings_, ApiHost{queue_, events_, history_, metrics_, [this] { return not_ready_; },
                           [this] { return metrics_.text(queue_.counts(""), 0, 0, 2); }});
    queue_.on_change([this](const std::string& id) { server_->job_changed(id); });
    events_.on_append([this](const auto&) { server_->events_came(); });
    server_->start();
  }
  ~ApiFixture() override {
    if (server_) server_->stop(std::chrono::milliseconds(0));
  }

  HttpAnswer get(const std::string& target, const Headers& headers = {}) const {
    return ask(server_->port(), "GET", target, "", headers);
  }
  HttpAnswer post(const std::string& target, const std::string& body = "",
                  const Headers& headers = {}) const {
    return ask(server_->port(), "POST", target, body, headers);
  }
  json got(const std::string& target) const { return json::parse(get(target).body); }
  json posted(const std::string& target, const std::string& body = "") const {
    return json::parse(post(target, body).body);
  }
  // A job of the endpoint "flaky".
  std::string submitted() const { return posted("/v2/flaky/run", kRun).at("id"); }
  StoredJob take() { return queue_.take("", "local", 1).at(0); }

  TemporaryFolder folder_;
  Database database_{folder_ / "jobs.db"};
  std::atomic<Milliseconds> now_{1'764'000'000'000};
  JobQueue queue_{database_, {}, [this] { return now_.load(); }};
  EventStore events_{database_};
  History history_{database_};
  Metrics metrics_;
  std::optional<std::string> not_ready_;
  ApiSettings settings_;
  std::unique_ptr<ApiServer> server_;
};

}  // namespace testing_support
