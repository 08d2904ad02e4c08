// The order of what is posted, pings and uploads, against a queue on loopback.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "orchestrator/runpod/heartbeat.h"
#include "orchestrator/runpod/job_posts.h"
#include "orchestrator/runpod/upload.h"
#include "tests/support/runpod_server.h"
#include "tests/support/skipping_loop.h"
#include "tests/support/wire.h"

namespace orchestrator::runpod {
namespace {

using testing_support::Json;
using testing_support::RunpodServer;
using testing_support::TemporaryFolder;

Environment environment_at(const RunpodServer& server) {
  const auto all = server.environment();
  return read_environment([&](const char* name) -> std::optional<std::string> {
    for (const auto& each : all)
      if (each.starts_with(std::string(name) + "=")) return each.substr(std::string(name).size() + 1);
    return std::nullopt;
  });
}

// A port at which whoever comes is refused, until it is opened: then it says yes to each request of this
// body.
class ClosedPort {
 public:
  explicit ClosedPort(std::string body) : body_(std::move(body)) {
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof place;
    auto* const address = reinterpret_cast<sockaddr*>(&place);
    if (::bind(fd_, address, size) != 0 || ::getsockname(fd_, address, &size) != 0)
      throw std::runtime_error("no port");
    port_ = ntohs(place.sin_port);
  }
  ~ClosedPort() {
    ::shutdown(fd_, SHUT_RDWR);  // nobody waits for another peer any more
    if (answering_.joinable()) answering_.join();
    ::close(fd_);
  }
  ClosedPort(const ClosedPort&) = delete;
  ClosedPort& operator=(const ClosedPort&) = delete;

  void open() {
    ::listen(fd_, 8);
    answering_ = std::thread([this] {
      for (int peer; (peer = ::accept(fd_, nullptr, nullptr)) >= 0; ::close(peer)) answer(peer);
    });
  }
  int answered() const { return answered_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  void answer(int peer) {
    std::string said;
    std::array<char, 4096> bytes;
    while (!said.ends_with(body_)) {
      const ssize_t n = ::recv(peer, bytes.data(), bytes.size(), 0);
      if (n <= 0) return;
      said.append(bytes.data(), static_cast<std::size_t>(n));
    }
    ++answered_;
    constexpr std::string_view kYes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    ::send(peer, kYes.data(), kYes.size(), MSG_NOSIGNAL);
  }

  const std::string body_;
  const int fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::uint16_t port_ = 0;
  std::atomic<int> answered_ = 0;
  std::thread answering_;
};

class RunpodPosts : public testing::Test {
 protected:
  // Handles events until it is so; asks every few milliseconds, since the server's log makes no event.
  template <class Condition>
  bool until(Condition condition, std::chrono::seconds limit = std::chrono::seconds(30)) {
    const auto end = loop_.now() + limit;
    bool held = false;
    std::function<void()> tick;
    std::unique_ptr<io::Timer> timer;
    tick = [&] { timer = loop_.call_after(std::chrono::milliseconds(20), tick); };
    tick();
    loop_.run_until([&] { return (held = condition()) || loop_.now() >= end; });
    return held;
  }
  void finish(const std::string& body, std::function<std::string(std::size_t)> smaller = {}) {
    posts_.finish({body, std::move(smaller), false}, [this](bool delivered) { delivered_ = delivered; });
  }

  RunpodServer server_;
  testing_support::SkippingLoop loop_;
  QueueClient queue_{loop_, Addresses(environment_at(server_)), "rpa_the_key", "agent/1", ""};
  bool gone_ = false;
  std::vector<std::string> troubles_;
  std::optional<bool> delivered_;
  JobPosts posts_{loop_,
                  queue_,
                  "j1",
                  {[this] { gone_ = true; }, [this](const std::string& text) { troubles_.push_back(text); }}};
};

TEST_F(RunpodPosts, AreSentAsTheSdkSendsThem) {
  finish(R"({"output":1})");
  ASSERT_TRUE(until([&] { return delivered_.has_value(); }));
  EXPECT_TRUE(*delivered_);
  const auto sent = server_.finals("j1").at(0);
  EXPECT_EQ(sent.at("path"), "/v2/ep/job-done/pod1/j1?gpu=x&isStream=false");
  EXPECT_EQ(sent.at("body"), R"({"output":1})");
  EXPECT_EQ(sent.at("headers").at("authorization"), "rpa_the_key");
  EXPECT_EQ(sent.at("headers").at("content-type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(sent.at("headers").at("charset"), "utf-8");
  EXPECT_EQ(sent.at("headers").at("x-request-id"), "j1");
  EXPECT_EQ(sent.at("headers").at("user-agent"), "agent/1");
  EXPECT_FALSE(sent.at("headers").contains("expect"));
}

TEST_F(RunpodPosts, DropProgressOnceTheResultIsThere) {
  server_.control({{"progress", {"hold"}}});
  posts_.progress({{"attempts", 1}});
  ASSERT_TRUE(until([&] { return server_.progress("j1").size() == 1; }));
  posts_.progress({{"attempts", 2}});
  finish(R"({"output":1})");
  posts_.progress({{"attempts", 3}});
  EXPECT_EQ(server_.finals("j1").size(), 0u) << "the result waits for the post before it";
  server_.control(Json::object());
  ASSERT_TRUE(until([&] { return delivered_.has_value(); }));
  EXPECT_EQ(server_.progress("j1").size(), 1u);
  EXPECT_EQ(server_.finals("j1").size(), 1u);
}

TEST_F(RunpodPosts, SendChunksBeforeTheResult) {
  for (int i = 0; i < 5; ++i) posts_.chunk({{"attempt", i}});
  finish(R"({"output":[]})");
  ASSERT_TRUE(until([&] { return delivered_.has_value(); }));
  const auto all = server_.requests();
  ASSERT_EQ(all.size(), 6u);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(all[i].at("path"), "/v2/ep/job-stream/pod1/j1?gpu=x&isStream=false");
    EXPECT_EQ(all[i].at("body"), R"({"output":{"attempt":)" + std::to_string(i) + "}}");
  }
}

TEST_F(RunpodPosts, TryAgainAfterAServersErrorAndWait) {
  server_.control({{"done", {500, 429}}});
  finish(R"({"output":1})");
  ASSERT_TRUE(until([&] { return delivered_.has_value(); }));
  EXPECT_TRUE(*delivered_);
  const auto sent = server_.finals("j1");
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_GE(sent[1].at("time").get<double>() - sent[0].at("time").get<double>(), 0.9);
  EXPECT_GE(sent[2].at("time").get<double>() - sent[1].at("time").get<double>(), 1.9);
  EXPECT_EQ(troubles_.size(), 2u);
}

TEST_F(RunpodPosts, TryAgainUntilSomebodyListens) {
  ClosedPort port(R"({"output":1})");
  Environment environment;
  environment.done = port.url() + "/job-done/$ID";
  QueueClient queue(loop_, Addresses(environment), "rpa_the_key", "agent/1", "");
  JobPosts posts(loop_, queue, "j1",
                 {[this] { gone_ = true; }, [this](const std::string& text) { troubles_.push_back(text); }});
  posts.finish({R"({"output":1})", {}, false}, [this](bool delivered) { delivered_ = delivered; });
  ASSERT_TRUE(until([&] { return troubles_.size() == 2; }));
  EXPECT_NE(troubles_[1].find("not delivered"), std::string::npos) << troubles_[1];
  EXPECT_FALSE(delivered_.has_value());
  port.open();
  ASSERT_TRUE(until([&] { return delivered_.has_value(); }));
  EXPECT_TRUE(*delivered_);
  EXPECT_FALSE(gone_);
  EXPECT_EQ(port.answered(), 1);
}

TEST_F(RunpodPosts, TryAgainForAsLongAsTheJobMayLive) {
  server_.control({{"done", std::vector<int>(50, 503)}});
  finish(R"({"output":1})");
  ASSERT_TRUE(until([&] { return troubles_.size() == 1; }));
  loop_.skip(std::chrono::hours(20));
  ASSERT_TRUE(until([&] { return troubles_.size() == 2; }));
  EXPECT_FALSE(delivered_.has_value());
  loop_.skip(std::chrono::hours(5));
  ASSERT_TRUE(until([&] { return delivered_.has_value(); }));
  EXPECT_FALSE(*delivered_);
}

TEST_F(RunpodPosts, EndWithTheResultOfAJobThatTheQueueKnowsNoMore) {
  server_.control({{"done", {503, 404}}});
  finish(R"({"output":1})");
  ASSERT_TRUE(until([&] { return gone_; }));
  EXPECT_EQ(server_.finals("j1").size(), 2u);
}

TEST_F(RunpodPosts, APollMayBringMoreThanOtherAnswersHave) {
  server_.control({{"take", {{{"job", {{"id", "a"}, {"input", std::string(40'000'000, 'x')}}}}}}});
  std::optional<TakeAnswer> taken;
  const auto call = queue_.take(1, false, [&](TakeAnswer answer) { taken = std::move(answer); });
  ASSERT_TRUE(until([&] { return taken.has_value(); }));
  EXPECT_EQ(taken->jobs.size(), 1u) << taken->problem;
}

TEST_F(RunpodPosts, TryASmallerResultOnceWhenItIsTooLarge) {
  server_.control({{"done", {400, 400}}});
  std::vector<std::size_t> asked;
  finish(R"({"output":")" + std::string(4'000, 'x') + "\"}", [&](std::size_t most) {
    asked.push_back(most);
    return std::string(R"({"output":"less"})");
  });
  ASSERT_TRUE(until([&] { return delivered_.has_value(); }));
  EXPECT_FALSE(*delivered_);
  EXPECT_EQ(asked, (std::vector<std::size_t>{1'003}));
  ASSERT_EQ(server_.finals("j1").size(), 2u);
  EXPECT_EQ(server_.finals("j1")[1].at("body"), R"({"output":"less"})");
}

TEST_F(RunpodPosts, EndWhenTheQueueDoesNotKnowTheJob) {
  server_.control({{"progress", {404}}});
  posts_.progress({{"attempts", 1}});
  ASSERT_TRUE(until([&] { return gone_; }));
  posts_.progress({{"attempts", 2}});
  posts_.chunk({{"attempt", 2}});
  EXPECT_EQ(server_.requests().size(), 1u);
}

TEST_F(RunpodPosts, GoOnWithoutChunksWhereTheQueueTakesNone) {
  server_.control({{"chunk", {404}}});
  posts_.chunk({{"attempt", 0}});
  posts_.chunk({{"attempt", 1}});
  ASSERT_TRUE(until([&] { return server_.requests("/job-stream/").size() == 1; }));
  posts_.progress({{"attempts", 1}});
  ASSERT_TRUE(until([&] { return server_.progress("j1").size() == 1; }));
  posts_.chunk({{"attempt", 2}});
  finish(R"({"output":[1]})");
  ASSERT_TRUE(until([&] { return delivered_.has_value(); }));
  EXPECT_TRUE(*delivered_);
  EXPECT_FALSE(gone_);
  EXPECT_EQ(server_.requests("/job-stream/").size(), 1u);
}

TEST_F(RunpodPosts, LeaveOutChunksThatFailBeforeTheResult) {
  server_.control({{"chunk", std::vector<int>(50, 503)}});
  for (int i = 0; i < 20; ++i) posts_.chunk({{"attempt", i}});
  finish(R"({"output":[1]})");
  ASSERT_TRUE(until([&] { return delivered_.has_value(); }));
  EXPECT_TRUE(*delivered_);
  EXPECT_EQ(server_.requests("/job-stream/").size(), 1u);
}

TEST_F(RunpodPosts, TryAStuckResultOnceMoreWhenTheProcessEnds) {
  server_.control({{"done", {"hold"}}});
  finish(R"({"output":1})");
  ASSERT_TRUE(until([&] { return server_.finals("j1").size() == 1; }));
  const auto start = loop_.now();
  posts_.hurry();
  ASSERT_TRUE(until([&] { return delivered_.has_value(); }));
  EXPECT_TRUE(*delivered_);
  EXPECT_LT(loop_.now() - start, std::chrono::seconds(25));
  EXPECT_EQ(server_.finals("j1").size(), 2u);
}

TEST_F(RunpodPosts, DoNotWaitForAStuckChunkWhenTheProcessEnds) {
  server_.control({{"chunk", {"hold", "hold"}}});
  posts_.chunk({{"attempt", 0}});
  posts_.chunk({{"attempt", 1}});
  ASSERT_TRUE(until([&] { return server_.requests("/job-stream/").size() == 1; }));
  posts_.hurry();
  const auto start = loop_.now();
  finish(R"({"output":[1]})");
  ASSERT_TRUE(until([&] { return delivered_.has_value(); }));
  EXPECT_TRUE(*delivered_);
  EXPECT_LT(loop_.now() - start, std::chrono::seconds(10));
  EXPECT_EQ(server_.requests("/job-stream/").size(), 1u);
}

TEST_F(RunpodPosts, AreGivenUpSoonWhenTheProcessEnds) {
  posts_.hurry();
  server_.control({{"done", std::vector<int>(50, 503)}});
  const auto start = loop_.now();
  finish(R"({"output":1})");
  ASSERT_TRUE(until([&] { return delivered_.has_value(); }));
  EXPECT_FALSE(*delivered_);
  EXPECT_LT(loop_.now() - start, std::chrono::seconds(15));
  EXPECT_GE(server_.finals("j1").size(), 3u);
}

TEST_F(RunpodPosts, APollMayBringABatch) {
  server_.control({{"take", {{{"job", {{"id", "a"}}}}, {{"job", {{"id", "b"}}}}}}});
  std::optional<TakeAnswer> taken;
  const auto call = queue_.take(2, false, [&](TakeAnswer answer) { taken = std::move(answer); });
  ASSERT_TRUE(until([&] { return taken.has_value(); }));
  EXPECT_EQ(taken->jobs.size(), 2u);
  EXPECT_EQ(server_.requests().at(0).at("headers").at("content-type"), "application/json");
}

TEST_F(RunpodPosts, APollThatNobodyHearsHasFailed) {
  const ClosedPort port("");
  Environment environment;
  environment.take = port.url() + "/job-take/$ID";
  QueueClient queue(loop_, Addresses(environment), "rpa_the_key", "agent/1", "");
  std::optional<TakeAnswer> taken;
  const auto call = queue.take(1, false, [&](TakeAnswer answer) { taken = std::move(answer); });
  ASSERT_TRUE(until([&] { return taken.has_value(); }));
  EXPECT_EQ(taken->kind, TakeAnswer::Kind::failed);
  EXPECT_NE(taken->problem, "");
}

// ---- pings

TEST_F(RunpodPosts, PingsTellTheJobsOfThatMoment) {
  const auto begun = std::chrono::steady_clock::now();
  Heartbeat heartbeat(queue_.addresses(), {"rpa_the_key", "agent/1", "o/1", ""}, std::chrono::seconds(1));
  ASSERT_TRUE(until([&] { return !server_.requests("/ping/").empty(); }));
  heartbeat.set_jobs({"s2", "s1"});
  ASSERT_TRUE(until([&] { return server_.requests("job_id=").size() >= 2; }));
  const auto pings = server_.requests("/ping/");
  EXPECT_EQ(pings[0].at("path"), "/v2/ep/ping/pod1?runpod_version=o%2F1");
  EXPECT_EQ(pings[0].at("headers").at("authorization"), "rpa_the_key");
  EXPECT_EQ(server_.requests("job_id=").at(0).at("path"),
            "/v2/ep/ping/pod1?job_id=s2%2Cs1&runpod_version=o%2F1");
  const auto passed = std::chrono::steady_clock::now() - begun;
  EXPECT_LE(pings.size(), static_cast<std::size_t>(passed / std::chrono::seconds(1)) + 1);
}

TEST_F(RunpodPosts, PingsGoOutWhileTheLoopIsHeldUp) {
  const Heartbeat heartbeat(queue_.addresses(), {"rpa_the_key", "agent/1", "o/1", ""},
                            std::chrono::seconds(1));
  // Nobody runs the loop meanwhile.
  const auto most = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (server_.requests("/ping/").size() < 3 && std::chrono::steady_clock::now() < most)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_GE(server_.requests("/ping/").size(), 3u);
}

TEST(RunpodHeartbeat, EndsAtOnceWhereNobodyAnswers) {
  Environment environment;
  environment.ping = "http://127.0.0.1:9/";  // nobody listens there
  const auto start = std::chrono::steady_clock::now();
  { Heartbeat heartbeat(Addresses(environment), {"k", "a", "v", ""}, std::chrono::seconds(60)); }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

// ---- a bucket

class RunpodUpload : public RunpodPosts {
 protected:
  RunpodUpload() { testing_support::write_file(folder_ / "report.json", "{\"a\": 1}\n"); }
  std::string put(Bucket bucket, bool private_urls = false) {
    std::optional<std::string> problem;
    UploadSpec spec;
    spec.bucket = std::move(bucket);
    spec.private_urls = private_urls;
    spec.files = {{folder_ / "report.json", "job 1/report.json", "application/json"}};
    Upload upload(loop_, spec, [&](const std::string& told) { problem = told; });
    EXPECT_TRUE(until([&] { return problem.has_value(); }));
    return problem.value_or("nothing");
  }
  Bucket bucket(const std::string& secret) const {
    return make_bucket(server_.url(), "bucket", "reports", "id", secret);
  }

  TemporaryFolder folder_;
};

TEST_F(RunpodUpload, IsSignedAsAwsSays) {
  RunpodServer strict({"--secret", "the secret"});
  Bucket its = make_bucket(strict.url(), "bucket", "reports", "id", "the secret");
  EXPECT_EQ(put(its), "");
  const auto sent = strict.requests("/bucket/").at(0);
  EXPECT_EQ(sent.at("path"), "/bucket/reports/job%201/report.json");
  EXPECT_EQ(sent.at("signature"), "good");
  EXPECT_EQ(sent.at("body"), "{\"a\": 1}\n");
  its.secret = "another";
  put(its);
  EXPECT_EQ(strict.requests("/bucket/").at(1).at("signature"), "bad: another secret");
}

TEST_F(RunpodUpload, ToWhereAJobSaysDoesNotReachTheOwnNetwork) {
  Bucket stranger = bucket("s");
  stranger.of_job = true;
  EXPECT_NE(put(stranger), "") << "it is not https";
  stranger.url.replace(0, 4, "https");
  EXPECT_NE(put(stranger).find("public internet"), std::string::npos);
  EXPECT_EQ(server_.requests().size(), 0u);
  stranger.url.replace(0, 5, "http");
  EXPECT_EQ(put(stranger, true), "");
}

// ---- whom it trusts

// A queue and a bucket with a certificate that only this test knows.
class RunpodTrust : public RunpodPosts {
 protected:
  RunpodTrust() { testing_support::write_file(folder_ / "report.json", "{}\n"); }

  QueueClient queue(const std::string& ca_file) {
    return {loop_, Addresses(environment_at(*secure_)), "rpa_the_key", "agent/1", ca_file};
  }
  TakeAnswer take(const std::string& ca_file) {
    QueueClient client = queue(ca_file);
    std::optional<TakeAnswer> taken;
    const auto call = client.take(1, false, [&](TakeAnswer answer) { taken = std::move(answer); });
    EXPECT_TRUE(until([&] { return taken.has_value(); }));
    return taken.value_or(TakeAnswer{});
  }
  StopAnswer ask_stop(const std::string& ca_file) {
    QueueClient client = queue(ca_file);
    std::optional<StopAnswer> told;
    const auto call = client.ask_stop([&](StopAnswer answer) { told = std::move(answer); });
    EXPECT_TRUE(until([&] { return told.has_value(); }));
    return told.value_or(StopAnswer{});
  }
  long post(const std::string& ca_file) {
    QueueClient client = queue(ca_file);
    std::optional<PostAnswer> answer;
    const auto call = client.post(client.addresses().done("j1", false), "j1", "{}", std::chrono::seconds(30),
                                  [&](PostAnswer told) { answer = std::move(told); });
    EXPECT_TRUE(until([&] { return answer.has_value(); }));
    return answer.value_or(PostAnswer{}).status;
  }
  long ping(const std::string& ca_file) const {
    return ping_once(queue_address("/ping/pod1"), {"rpa_the_key", "agent/1", "o/1", ca_file},
                     std::chrono::seconds(30));
  }
  std::string put(const std::string& ca_file) {
    UploadSpec spec;
    spec.bucket = make_bucket(secure_->url(), "bucket", "", "id", "secret");
    spec.files = {{folder_ / "report.json", "report.json", "application/json"}};
    spec.ca_file = ca_file;
    spec.tries = 1;
    std::optional<std::string> problem;
    Upload upload(loop_, spec, [&](const std::string& told) { problem = told; });
    EXPECT_TRUE(until([&] { return problem.has_value(); }));
    return problem.value_or("nothing");
  }
  std::string queue_address(const std::string& path) const { return secure_->url() + "/v2/ep" + path; }

  TemporaryFolder folder_;
  const std::string ca_file_ = made_certificate();
  std::unique_ptr<RunpodServer> secure_ = std::make_unique<RunpodServer>(
      std::vector<std::string>{"--cert", ca_file_, "--key", folder_ / "key.pem", "--hold", "0"});

 private:
  std::string made_certificate() const {
    std::string file = folder_ / "cert.pem";
    const auto made = testing_support::run_command(
        {"openssl", "req", "-x509", "-days", "2", "-nodes", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-subj", "/CN=queue", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", folder_ / "key.pem", "-out", file});
    EXPECT_EQ(made.exit_code, 0) << made.err;
    return file;
  }
};

TEST_F(RunpodTrust, IsWhatTheOperatorHasNamed) {
  EXPECT_EQ(take(ca_file_).kind, TakeAnswer::Kind::nothing);
  EXPECT_EQ(ask_stop(ca_file_).kind, StopAnswer::Kind::nothing);
  EXPECT_EQ(post(ca_file_), 200);
  EXPECT_EQ(ping(ca_file_), 200);
  EXPECT_EQ(put(ca_file_), "");
}

TEST_F(RunpodTrust, IsNotAnybodys) {
  const TakeAnswer taken = take("");
  EXPECT_EQ(taken.kind, TakeAnswer::Kind::failed);
  EXPECT_NE(taken.problem.find("--ca-file"), std::string::npos) << taken.problem;
  EXPECT_EQ(post(""), 0);
  EXPECT_EQ(ping(""), 0);
  EXPECT_NE(put("").find("--ca-file"), std::string::npos);
  EXPECT_EQ(secure_->requests().size(), 0u);
}

// Its thread has a handle of its own.
TEST_F(RunpodTrust, IsAHeartbeatsToo) {
  const Heartbeat heartbeat(Addresses(environment_at(*secure_)), {"rpa_the_key", "agent/1", "o/1", ca_file_},
                            std::chrono::seconds(1));
  EXPECT_TRUE(until([&] { return !secure_->requests("/ping/").empty(); }));
}

}  // namespace
}  // namespace orchestrator::runpod
