// RunPod's queue on this host and a bucket (tests/support/runpod_server.py), and what a worker is told of a
// queue.
#pragma once

#include <algorithm>
#include <sstream>

#include "tests/support/companion.h"

namespace testing_support {

using Json = nlohmann::json;

// What RunPod sets for a worker of an endpoint; `base`: the URL that endpoints are below.
inline std::vector<std::string> runpod_environment(const std::string& base, const std::string& endpoint,
                                                   const std::string& worker, const std::string& key) {
  const std::string url = base + "/" + endpoint;
  return {"RUNPOD_WEBHOOK_GET_JOB=" + url + "/job-take/$ID?gpu=x",
          "RUNPOD_WEBHOOK_POST_OUTPUT=" + url + "/job-done/$RUNPOD_POD_ID/$ID?gpu=x",
          "RUNPOD_WEBHOOK_POST_STREAM=" + url + "/job-stream/$RUNPOD_POD_ID/$ID?gpu=x",
          "RUNPOD_WEBHOOK_PING=" + url + "/ping/$RUNPOD_POD_ID",
          "RUNPOD_PING_INTERVAL=1000",
          "RUNPOD_AI_API_KEY=" + key,
          "RUNPOD_POD_ID=" + worker,
          "RUNPOD_POD_HOSTNAME=host-of-the-pod",
          "RUNPOD_ENDPOINT_ID=" + endpoint};
}

class RunpodServer {
 public:
  // `more`: flags of the program; with --cert it is https.
  explicit RunpodServer(std::vector<std::string> more = {})
      : scheme_(std::count(more.begin(), more.end(), "--cert") > 0 ? "https" : "http"),
        companion_(argv(std::move(more))) {}

  std::string url() const { return scheme_ + "://127.0.0.1:" + companion_.first_line(); }

  // What is answered next; see the program.
  void control(const Json& what) const {
    write_file(folder_ / "control", what.dump());  // it may be longer than a program's argument
    const auto told = run_command({"curl", "-sS", "-k", "--noproxy", "*", "--data-binary",
                                   "@" + (folder_ / "control"), url() + "/control"});
    if (told.exit_code != 0) ADD_FAILURE() << told.err;
  }
  void hand_out(const Json& job) const { control({{"take", {{{"job", job}}}}}); }

  // All requests so far whose path holds this, in their order.
  std::vector<Json> requests(const std::string& part = "") const {
    std::vector<Json> all;
    std::istringstream lines(read_file(folder_ / "log"));
    for (std::string line; std::getline(lines, line);) {
      const Json request = Json::parse(line, nullptr, false);
      if (request.is_object() && request.at("path").get<std::string>().find(part) != std::string::npos)
        all.push_back(request);
    }
    return all;
  }

  // Of a job: what was posted to job-done, progress apart.
  std::vector<Json> finals(const std::string& job) const { return posts(job, false); }
  std::vector<Json> progress(const std::string& job) const { return posts(job, true); }

  std::vector<std::string> environment(const std::string& worker = "pod1") const {
    return runpod_environment(url() + "/v2", "ep", worker, "rpa_the_key");
  }

 private:
  std::vector<Json> posts(const std::string& job, bool progress) const {
    std::vector<Json> found;
    for (auto& request : requests("/job-done/")) {
      if (request.at("path").get<std::string>().find("/" + job + "?") == std::string::npos) continue;
      request["json"] = Json::parse(request.at("body").get<std::string>());
      if ((request["json"].value("status", "") == "IN_PROGRESS") == progress) found.push_back(request);
    }
    return found;
  }
  std::vector<std::string> argv(std::vector<std::string> more) const {
    std::vector<std::string> words{"python3", source_path("tests/support/runpod_server.py"), "--log",
                                   folder_ / "log"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  TemporaryFolder folder_;
  const std::string scheme_;
  Companion companion_;
};

}  // namespace testing_support
