// `serve` among those who speak with it beside the SDKs: curl, a service manager, the receiver of a webhook,
// somebody who reads a log as it grows, and two jobs that need the same image.
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/functional/worker.h"
#include "tests/support/post_server.h"
#include "tests/support/serving.h"

namespace {

using namespace testing_support;
using nlohmann::json;

json line_job(const std::string& line, int runs = 1) { return quick_job(programs(), line, runs); }

// Images of its own go with the repository.
RunResult remember(const Repository& repository, const json& status) {
  RunResult run;
  run.report = status.at("output");
  return repository.remember(std::move(run));
}

// ---- curl, as the predecessor's documentation called an endpoint

class CurlCalls : public testing::Test {
 protected:
  std::string curl(Strings words) const {
    words.insert(words.begin(), {"curl", "-sS", "--fail-with-body", "--max-time", "100", "-H",
                                 "Authorization: Bearer " + token_.secret});
    const Finished run = run_command(words);
    EXPECT_EQ(run.exit_code, 0) << told(run);
    return run.out;
  }
  json call(const Strings& words) const { return json::parse(curl(words)); }
  json post(const std::string& target, const json& body) const {
    return call(
        {"-X", "POST", serve_.url() + target, "-H", "Content-Type: application/json", "-d", body.dump()});
  }
  json run_to_end(const std::string& id) const {
    json status;
    EXPECT_TRUE(eventually([&] {
      status = call({serve_.url() + "/v2/flaky/status-sync/" + id + "?wait=10000"});
      return status.at("status") != "IN_QUEUE" && status.at("status") != "IN_PROGRESS";
    })) << status;
    ServedRepository::get().remember(status.value("output", json()));
    return status;
  }
  Strings flags() const {
    write_file(folder_ / "tokens", token_.line);
    Strings flags = ServedRepository::get().flags();
    flags.resize(flags.size() - 2);  // the state folder is its own
    flags.insert(flags.end(), {"--token-file", folder_ / "tokens"});
    return flags;
  }

  const TemporaryFolder folder_;
  const Token token_ = new_token("curl", "admin");
  Serving serve_{programs(), flags()};
};

TEST_F(CurlCalls, RunAskAndCancel) {
  const std::string id =
      post("/v2/flaky/run", {{"input", job_input("test $ATTEMPT != 1", {{"runs", 3}})}}).at("id");
  const json status = run_to_end(id);
  EXPECT_EQ(status.at("status"), "COMPLETED") << status;
  EXPECT_EQ(status.at("output").at("total_runs"), 3);
  EXPECT_EQ(status.at("output").at("failures"), 1);

  const std::string endless = post("/v2/flaky/run", {{"input", job_input("exec sleep 1000")}}).at("id");
  EXPECT_EQ(post("/v2/flaky/cancel/" + endless, json::object()).at("status"), "CANCELLED");
  EXPECT_EQ(call({serve_.url() + "/v2/flaky/health"}).at("jobs").at("completed"), 1);
  EXPECT_EQ(ask(serve_.port(), "GET", "/v2/flaky/health").status, 401);
}

TEST_F(CurlCalls, WaitForAReport) {
  const json answer = post("/v2/flaky/runsync", {{"input", job_input("true")}});
  EXPECT_EQ(run_to_end(answer.at("id")).at("output").at("failures"), 0);
  const std::string reports = serve_.url() + "/api/v1/jobs/" + answer.at("id").get<std::string>();
  EXPECT_EQ(call({reports + "/report.json"}).at("total_runs"), 2);
  EXPECT_NE(curl({reports + "/report.html"}).find("<!DOCTYPE html>"), std::string::npos);
}

TEST_F(CurlCalls, ReadALogWhileItGrows) {
  run_to_end(post("/v2/flaky/run", {{"input", job_input("true")}}).at("id"));  // its images go with the test
  const std::string id =
      post("/v2/flaky/run", {{"input", job_input("echo first; sleep 3; echo second; exec sleep 1000")}})
          .at("id");
  const std::string log = serve_.url() + "/api/v1/jobs/" + id + "/attempts/0/stdout?follow=1";
  ASSERT_TRUE(eventually([&] { return !containers_of(serve_.pid()).empty(); })) << serve_.log();
  // Each line comes as it is printed: the attempt never ends.
  const Companion reader({"sh", "-c",
                          "curl -sSN --max-time 100 -H 'Authorization: Bearer " + token_.secret + "' '" +
                              log + "' | sed -n -u '/second/p'"});
  EXPECT_EQ(reader.first_line(), "second");
  EXPECT_EQ(call({serve_.url() + "/v2/flaky/status/" + id}).at("status"), "IN_PROGRESS");
}

TEST(ServeOnAUnixSocket, AnswersCurlUntilItStops) {
  const TemporaryFolder folder;
  const std::string socket = folder / "serve.sock";
  Serving serve(programs(), {"--socket", socket});
  const auto curl = [&](const std::string& target, Strings more = {}) {
    more.insert(more.begin(), {"curl", "-sS", "--fail-with-body", "--max-time", "100", "--unix-socket",
                               socket, "http://server" + target});
    const Finished run = run_command(more);
    EXPECT_EQ(run.exit_code, 0) << target << told(run);
    return run.out;
  };
  EXPECT_EQ(curl("/readyz"), "ok\n");
  const json made = json::parse(curl("/api/v1/jobs", {"-H", "Content-Type: application/json", "-d",
                                                      line_job("test $ATTEMPT != 1", 3).dump()}));
  const std::string target = "/api/v1/jobs/" + made.at("id").get<std::string>();
  EXPECT_TRUE(eventually([&] { return json::parse(curl(target)).at("state") == "completed"; }))
      << curl(target);
  EXPECT_EQ(json::parse(curl(target + "/report.json")).at("failures"), 1);
  serve.signal(SIGTERM);
  EXPECT_EQ(serve.finish(), 0);
  EXPECT_FALSE(std::filesystem::exists(socket));
}

// ---- a service manager

// What systemd is, as far as Type=notify needs it.
class Manager {
 public:
  Manager() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = folder_ / "notify";
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("cannot bind " + path);
    const timeval longest{60, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof longest);
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  ~Manager() {
    ::unsetenv("NOTIFY_SOCKET");
    ::close(socket_);
  }
  std::string hears() const {
    char said[256];
    const auto size = ::recv(socket_, said, sizeof said, 0);
    return size < 0 ? "nothing" : std::string(said, static_cast<std::size_t>(size));
  }

 private:
  TemporaryFolder folder_;
  int socket_;
};

TEST(ServeUnderAManager, SaysWhenItIsReadyAndWhenItStops) {
  const Manager manager;
  Serving serve(programs());
  EXPECT_EQ(manager.hears(), "READY=1");
  EXPECT_EQ(serve.get("/readyz").status, 200);
  serve.signal(SIGTERM);
  EXPECT_EQ(manager.hears(), "STOPPING=1");
  EXPECT_EQ(serve.finish(), 0);
}

// ---- webhooks

TEST(ServeWebhooks, AreTriedThreeTimesInAll) {
  const PostServer receiver({"--first", "503", "--first", "500", "--first", "500"});
  Serving serve(programs(), {"--allow-private-webhooks"});
  const std::string id =
      serve.posted("/v2/flaky/run", {{"input", line_job("true")}, {"webhook", receiver.url() + "/hook"}})
          .at("id");
  serve.ended(id);
  ASSERT_TRUE(eventually([&] { return receiver.requests().size() == 3; })) << serve.log();
  for (const auto& request : receiver.requests()) {
    EXPECT_EQ(request.at("method"), "POST");
    const json body = json::parse(request.at("body").get<std::string>());
    EXPECT_EQ(body.at("id"), id);
    EXPECT_EQ(body.at("status"), "COMPLETED");
    EXPECT_EQ(body.at("output").at("total_runs"), 1);
  }
  std::this_thread::sleep_for(std::chrono::seconds(12));
  EXPECT_EQ(receiver.requests().size(), 3u) << "there is no fourth";
}

TEST(ServeWebhooks, AreNotCalledInThisHostsOwnNetwork) {
  const PostServer receiver;
  Serving serve(programs());
  serve.ended(
      serve.posted("/v2/flaky/run", {{"input", line_job("true")}, {"webhook", receiver.url() + "/hook"}})
          .at("id"));
  ASSERT_TRUE(eventually([&] { return serve.log().find("was not reached") != std::string::npos; }))
      << serve.log();
  EXPECT_TRUE(receiver.requests().empty());
}

// ---- repositories that ask for a credential

TEST(ServeWithAGitToken, ShowsItToItsHostAlone) {
  const Repository origin;
  origin.init();
  origin.write("README", "behind a password\n");
  origin.commit_all();
  images::Scratch ours, theirs;
  for (const auto* scratch : {&ours, &theirs}) images::serve(*scratch, origin.path(), "project");
  const images::GitServer known(ours, {"--token", "s3cr3t"}), stranger(theirs, {"--token", "s3cr3t"});
  const TemporaryFolder folder;
  write_file(folder / "token", "s3cr3t");
  write_file(folder / "ca.pem", read_file(known.ca_file()) + read_file(stranger.ca_file()));
  Serving serve(programs(), {"--git-token-file", folder / "token", "--git-host", known.host(),
                             "--allow-repo-host", "127.0.0.1", "--ca-file", folder / "ca.pem"});
  const json served = serve.ended(serve.run(quick_job(known.url("/project.git"), "cat README", 1)));
  EXPECT_EQ(served.at("status"), "COMPLETED") << served;
  remember(origin, served);
  EXPECT_GT(known.requests("Basic "), 0u);

  const json refused = serve.ended(serve.run(quick_job(stranger.url("/project.git"), "cat README", 1)));
  EXPECT_EQ(refused.at("status"), "FAILED") << refused;
  EXPECT_GT(stranger.requests("/project.git"), 0u);
  EXPECT_EQ(stranger.requests("Basic "), 0u) << stranger.log();
  const std::string told = served.dump() + refused.dump() + serve.log();
  for (const char* secret : {"s3cr3t", "Basic "}) EXPECT_EQ(told.find(secret), std::string::npos) << secret;
}

// ---- two jobs of one tree

TEST(ServeTwoJobs, OfOneTreeBuildItOnce) {
  const Repository repository;
  repository.write("first.sh", "echo built once\n");
  Serving serve(repository.path(), {"--jobs", "2"});
  Strings ids;
  json job = quick_job(repository.path(), "sh first.sh", 1);
  job["setup_commands"] = {"sleep 3 # of " + repository.path()};  // so that both want it at once
  for (int i = 0; i < 2; ++i) ids.push_back(serve.run(job));
  std::map<std::string, int> built;
  for (const auto& id : ids) {
    const json status = serve.ended(id);
    ASSERT_EQ(status.at("status"), "COMPLETED") << status;
    for (const auto& kind : built_layers(remember(repository, status))) ++built[kind];
  }
  EXPECT_EQ(built, (std::map<std::string, int>{{"tools", 1}, {"sources", 1}, {"seal", 1}}));
}

}  // namespace
