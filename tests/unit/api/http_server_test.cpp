#include "orchestrator/api/http_server.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "orchestrator/api/request_target.h"
#include "sandbox/io/error.h"
#include "tests/support/program.h"
#include "tests/support/wire.h"

namespace orchestrator {
namespace {

using namespace testing_support;
using std::chrono::milliseconds;

// Replies that the handler has been given and the test answers when it likes.
class Kept {
 public:
  void keep(std::shared_ptr<Reply> reply) {
    const std::lock_guard lock(mutex_);
    replies_.push_back(std::move(reply));
    changed_.notify_all();
  }
  // The next one, once it is there.
  std::shared_ptr<Reply> next() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(30), [this] { return !replies_.empty(); }))
      throw std::runtime_error("no request came");
    auto reply = replies_.front();
    replies_.erase(replies_.begin());
    return reply;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<Reply>> replies_;
};

bool eventually(const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (std::chrono::steady_clock::now() < until) {
    if (condition()) return true;
    std::this_thread::yield();
  }
  return condition();
}

constexpr std::size_t kBodyLimit = 1'000;

class HttpServerTest : public testing::Test {
 protected:
  // Says back what came; "/keep…" is kept for the test to answer, "/throw" throws, "/drop" is never answered.
  void start(HttpServerSettings settings = {}) {
    settings_ = settings;
    server_.emplace(
        settings,
        [this](const ServedRequest& request, std::shared_ptr<Reply> reply) {
          ++asked_;
          if (request.path.starts_with("/keep")) return kept_.keep(std::move(reply));
          if (request.path == "/throw") throw std::runtime_error("a secret");
          if (request.path == "/drop") return;
          {
            const std::lock_guard lock(last_mutex_);  // handlers run at once
            last_ = request;
          }
          reply->respond({200, "text/plain", request.method + " " + request.path + " " + request.body, {}});
        },
        [](const ServedRequest&) { return kBodyLimit; });
    server_->start();
  }
  Wire wire() const { return Wire(server_->port()); }
  HttpAnswer ask_for(const std::string& target) const { return ask(server_->port(), "GET", target); }

  HttpServerSettings settings_;
  Kept kept_;
  std::atomic<int> asked_{0};
  std::mutex last_mutex_;
  ServedRequest last_;
  std::optional<HttpServer> server_;
};

// ---- requests

TEST_F(HttpServerTest, GivesTheHandlerTheWholeRequest) {
  start();
  Wire w = wire();
  w.send(
      "POST /a%20b//c%2Fd?x=1&y=a+b%21&x=2&z HTTP/1.1\r\nHost: here\r\nX-Thing: one\r\nx-thing: "
      "two\r\nContent-Length: 4\r\n\r\nbody");
  EXPECT_EQ(w.answer().status, 200);
  EXPECT_EQ(last_.method, "POST");
  EXPECT_EQ(last_.path, "/a%20b//c%2Fd");
  EXPECT_EQ(last_.segments, (std::vector<std::string>{"a b", "c/d"}));
  EXPECT_EQ(last_.query, (std::map<std::string, std::string>{{"x", "2"}, {"y", "a b!"}, {"z", ""}}));
  EXPECT_EQ(last_.headers.at("host"), "here");
  EXPECT_EQ(last_.headers.at("x-thing"), "one, two");
  EXPECT_EQ(last_.body, "body");
  EXPECT_EQ(last_.peer, "127.0.0.1");
}

TEST_F(HttpServerTest, ReadsABodyInChunks) {
  start();
  Wire w = wire();
  w.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(w.answer().body, "POST / abcde");
}

TEST_F(HttpServerTest, ReadsARequestThatComesByteByByte) {
  start();
  Wire w = wire();
  for (const char c : request_text("POST", "/slow", "body")) ASSERT_TRUE(w.send({&c, 1}));
  EXPECT_EQ(w.answer().body, "POST /slow body");
}

TEST_F(HttpServerTest, AnswersOneRequestAfterAnotherOnAConnection) {
  start();
  Wire w = wire();
  for (const char* target : {"/1", "/2", "/3"}) {
    w.send(request_text("GET", target));
    EXPECT_EQ(w.answer().body, std::string("GET ") + target + " ");
  }
  EXPECT_EQ(server_->connections(), 1u);
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInTheirOrder) {
  start();
  Wire w = wire();
  w.send(request_text("GET", "/keep") + request_text("POST", "/2", "two") + request_text("GET", "/3"));
  kept_.next()->respond({200, "text/plain", "first", {}});
  EXPECT_EQ(w.answer().body, "first");
  EXPECT_EQ(w.answer().body, "POST /2 two");
  EXPECT_EQ(w.answer().body, "GET /3 ");
}

TEST_F(HttpServerTest, EndsTheConnectionWhereTheClientWantsThat) {
  start();
  Wire w = wire();
  w.send(request_text("GET", "/", "", {{"Connection", "close"}}));
  EXPECT_EQ(w.answer().status, 200);
  EXPECT_TRUE(w.ends());
  Wire old = wire();
  old.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.answer().status, 200);
  EXPECT_TRUE(old.ends());
}

TEST_F(HttpServerTest, AnswersHeadWithoutABody) {
  start();
  Wire w = wire();
  w.send(request_text("HEAD", "/x"));
  const HttpAnswer head = w.answer("HEAD");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-length"), std::to_string(std::string("HEAD /x ").size()));
  w.send(request_text("GET", "/y"));
  EXPECT_EQ(w.answer().body, "GET /y ") << "what comes next is the next answer";
}

TEST_F(HttpServerTest, AsksForABodyThatTheClientHoldsBack) {
  start();
  Wire w = wire();
  w.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(w.answer().status, 100);
  w.send("body");
  EXPECT_EQ(w.answer().body, "POST / body");
}

TEST_F(HttpServerTest, DoesNotAskForABodyThatIsTooLarge) {
  start();
  Wire w = wire();
  w.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n");
  EXPECT_EQ(w.answer().status, 413);
}

TEST_F(HttpServerTest, SaysHowAnAnswerIsToBeRead) {
  start();
  const HttpAnswer answer = ask_for("/");
  EXPECT_EQ(answer.header("content-type"), "text/plain");
  EXPECT_EQ(answer.header("x-content-type-options"), "nosniff");
}

// ---- what strangers send

TEST_F(HttpServerTest, ReadsAHeadThatIsAsLargeAsAllowed) {
  start();
  const std::string rest = request_text("GET", "/", "", {{"X", ""}});
  const std::string large(settings_.head_bytes - rest.size(), 'x');
  EXPECT_EQ(ask(server_->port(), "GET", "/", "", {{"X", large}}).status, 200);
  EXPECT_EQ(last_.headers.at("x"), large);
}

TEST_F(HttpServerTest, RefusesAHeadThatIsTooLarge) {
  start();
  EXPECT_EQ(ask(server_->port(), "GET", "/", "", {{"X", std::string(17'000, 'x')}}).status, 431);
  EXPECT_EQ(ask_for("/" + std::string(17'000, 'x')).status, 431);
  EXPECT_EQ(asked_, 0);
}

TEST_F(HttpServerTest, RefusesAHeaderThatNeverEnds) {
  start();
  Wire w = wire();
  w.send("GET / HTTP/1.1\r\nX: ");
  for (int i = 0; i < 20; ++i) w.send(std::string(1'000, 'x'));
  EXPECT_EQ(w.answer().status, 431);
  EXPECT_TRUE(w.ends());
}

TEST_F(HttpServerTest, RefusesHeadersWithoutEnd) {
  start();
  Wire w = wire();
  w.send("GET / HTTP/1.1\r\n");
  for (int i = 0; i < 2'000; ++i) w.send("X: 12345\r\n");
  EXPECT_EQ(w.answer().status, 431);
}

TEST_F(HttpServerTest, ReadsABodyThatIsAsLargeAsAllowed) {
  start();
  const std::string body(kBodyLimit, 'x');
  EXPECT_EQ(ask(server_->port(), "POST", "/", body).status, 200);
  EXPECT_EQ(last_.body, body);
}

TEST_F(HttpServerTest, RefusesABodyThatIsSaidToBeTooLarge) {
  start();
  Wire w = wire();
  w.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n");
  EXPECT_EQ(w.answer().status, 413) << "before any of it came";
  EXPECT_TRUE(w.ends());
  EXPECT_EQ(asked_, 0);
}

TEST_F(HttpServerTest, RefusesABodyThatTurnsOutToBeTooLarge) {
  start();
  Wire w = wire();
  w.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 3; ++i) w.send("1f4\r\n" + std::string(500, 'x') + "\r\n");
  EXPECT_EQ(w.answer().status, 413);
  EXPECT_EQ(asked_, 0);
}

TEST_F(HttpServerTest, LetsAClientSendTheRestOfWhatItRefuses) {
  start();
  Wire w = wire();
  w.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 20000000\r\n\r\n");
  // Most clients read the answer only then.
  EXPECT_TRUE(w.send(std::string(20'000'000, 'x')));
  EXPECT_EQ(w.answer().status, 413);
}

TEST_F(HttpServerTest, RefusesABodyThatDoesNotCome) {
  HttpServerSettings settings;
  settings.body_time = milliseconds(200);
  start(settings);
  Wire w = wire();
  w.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbo");
  EXPECT_EQ(w.answer().status, 408);
  EXPECT_TRUE(w.ends());
  EXPECT_EQ(asked_, 0);
}

TEST_F(HttpServerTest, GivesABodyMoreTimeTheMoreOfItHasCome) {
  HttpServerSettings settings;
  settings.body_time = milliseconds(200);
  settings.body_bytes_per_second = 1;
  start(settings);
  Wire w = wire();
  w.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 104\r\n\r\n" + std::string(100, 'x'));
  std::this_thread::sleep_for(milliseconds(600));  // three times what an empty one has
  w.send("last");
  EXPECT_EQ(w.answer().status, 200);
}

TEST_F(HttpServerTest, RefusesABodyThatStalls) {
  HttpServerSettings settings;
  settings.body_time = milliseconds(100);
  settings.body_bytes_per_second = 500;
  start(settings);
  Wire w = wire();
  w.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 104\r\n\r\n" + std::string(100, 'x'));
  EXPECT_EQ(w.answer().status, 408);
  EXPECT_EQ(asked_, 0);
}

TEST_F(HttpServerTest, TakesLongerForAnAnswerThanForABody) {
  HttpServerSettings settings;
  settings.head_time = settings.body_time = milliseconds(1000);
  start(settings);
  Wire w = wire();
  w.send(request_text("POST", "/keep", "body"));
  const auto reply = kept_.next();
  Wire idle = wire();
  EXPECT_TRUE(idle.ends()) << "so long";
  reply->respond({200, "text/plain", "late", {}});
  EXPECT_EQ(w.answer().body, "late");
}

TEST_F(HttpServerTest, RefusesBodiesInAnEncoding) {
  start();
  EXPECT_EQ(ask(server_->port(), "POST", "/", "x", {{"Content-Encoding", "gzip"}}).status, 415);
  EXPECT_EQ(asked_, 0);
}

TEST_F(HttpServerTest, RefusesWhatIsNoRequest) {
  start();
  for (const char* garbage :
       {"\x16\x03\x01\x02\x01\r\n\r\n", "hello\r\n\r\n", "GET /\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET / HTTP/9.9\r\nHost: h\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n"}) {
    Wire w = wire();
    w.send(garbage);
    EXPECT_EQ(w.answer().status, 400) << garbage;
    EXPECT_TRUE(w.ends());
  }
  EXPECT_EQ(asked_, 0);
}

TEST_F(HttpServerTest, ClosesAConnectionThatSaysNothing) {
  HttpServerSettings settings;
  settings.head_time = milliseconds(100);
  start(settings);
  Wire w = wire();
  EXPECT_TRUE(w.ends());
  EXPECT_TRUE(eventually([&] { return server_->connections() == 0; }));
}

TEST_F(HttpServerTest, ClosesAConnectionThatSaysNothingAfterAnAnswer) {
  HttpServerSettings settings;
  settings.head_time = milliseconds(1000);
  start(settings);
  Wire w = wire();
  w.send(request_text("GET", "/"));
  EXPECT_EQ(w.answer().status, 200);
  EXPECT_TRUE(w.ends());
}

TEST_F(HttpServerTest, ClosesAConnectionWhoseHeadTakesTooLong) {
  HttpServerSettings settings;
  settings.head_time = milliseconds(1000);
  start(settings);
  Wire w = wire();
  // A byte now and then does not help.
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  w.send("GET / HTTP/1.1\r\nX: ");
  ASSERT_TRUE(eventually([&] { return server_->connections() == 1; }));
  while (server_->connections() > 0 && std::chrono::steady_clock::now() < until) {
    if (!w.send("x")) break;
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_LT(std::chrono::steady_clock::now(), until);
  EXPECT_EQ(asked_, 0);
}

TEST_F(HttpServerTest, BearsClientsThatGoAwayInTheMiddle) {
  start();
  const std::string text = request_text("POST", "/keep", "body");
  for (std::size_t size = 0; size < text.size(); size += 7) {
    Wire w = wire();
    w.send(text.substr(0, size));
  }
  {
    Wire w = wire();
    w.send(text);
  }
  kept_.next()->respond({200, "text/plain", std::string(1 << 20, 'x'), {}});
  EXPECT_TRUE(eventually([&] { return server_->connections() == 0; }));
  EXPECT_EQ(ask_for("/").status, 200);
}

// ---- answers

TEST_F(HttpServerTest, SaysThatItFailedWhenTheHandlerThrows) {
  start();
  const HttpAnswer answer = ask_for("/throw");
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.body.find("secret"), std::string::npos) << answer.body;
}

TEST_F(HttpServerTest, SaysSoWhenNobodyAnswers) {
  start();
  EXPECT_EQ(ask_for("/drop").status, 500);
}

TEST_F(HttpServerTest, SendsTheFirstAnswerOnly) {
  start();
  Wire w = wire();
  w.send(request_text("GET", "/keep"));
  const auto reply = kept_.next();
  reply->respond({200, "text/plain", "first", {}});
  reply->respond({200, "text/plain", "second", {}});
  EXPECT_EQ(w.answer().body, "first");
  w.send(request_text("GET", "/"));
  EXPECT_EQ(w.answer().body, "GET / ");
}

TEST_F(HttpServerTest, HoldsNoThreadForAnAnswerThatWaits) {
  HttpServerSettings settings;
  settings.handler_threads = 1;
  start(settings);
  Wire waiting = wire();
  waiting.send(request_text("GET", "/keep"));
  const auto reply = kept_.next();
  EXPECT_EQ(ask_for("/").status, 200);
  reply->respond({200, "text/plain", "at last", {}});
  EXPECT_EQ(waiting.answer().body, "at last");
}

TEST_F(HttpServerTest, KnowsWhenTheClientNoLongerWaits) {
  start();
  Wire w = wire();
  w.send(request_text("GET", "/keep"));
  const auto reply = kept_.next();
  EXPECT_TRUE(reply->is_wanted());
  w.hang_up();
  EXPECT_TRUE(eventually([&] { return !reply->is_wanted(); }));
}

TEST_F(HttpServerTest, DoesNotTakeTheNextRequestForAGoodbye) {
  start();
  Wire w = wire();
  for (int i = 0; i < 50; ++i) {
    w.send(request_text("GET", "/keep"));
    const auto reply = kept_.next();
    w.send(request_text("GET", "/"));
    ASSERT_TRUE(reply->is_wanted());
    reply->respond({200, "text/plain", "", {}});
    ASSERT_EQ(w.answer().status, 200);
    ASSERT_EQ(w.answer().body, "GET / ");
  }
  w.send(request_text("GET", "/keep"));
  EXPECT_TRUE(kept_.next()->is_wanted());
}

TEST_F(HttpServerTest, ClosesOnAReaderWhoTakesNothingOfAnAnswer) {
  HttpServerSettings settings;
  settings.write_time = milliseconds(200);
  start(settings);
  Wire w(server_->port(), 4'096);
  w.send(request_text("GET", "/keep"));
  kept_.next()->respond({200, "text/plain", std::string(32 << 20, 'x'), {}});
  EXPECT_TRUE(eventually([&] { return server_->connections() == 0; }));
}

TEST_F(HttpServerTest, GivesASlowReaderAllOfALongAnswer) {
  HttpServerSettings settings;
  settings.write_time = milliseconds(2000);
  start(settings);
  Wire w(server_->port(), 65'536);
  w.send(request_text("GET", "/keep"));
  constexpr std::size_t kSize = 16 << 20, kPiece = 1 << 18;
  kept_.next()->respond({200, "text/plain", std::string(kSize, 'x'), {}});
  w.until("\r\n\r\n");
  const auto begun = std::chrono::steady_clock::now();
  std::size_t read = 0;
  for (int piece = 1; read < kSize; ++piece) {
    const std::size_t got = w.exactly(std::min(kPiece, kSize - read)).size();
    if (got == 0) break;
    read += got;
    std::this_thread::sleep_until(begun + piece * milliseconds(65));  // that is its pace
  }
  EXPECT_EQ(read, kSize);
  EXPECT_GT(std::chrono::steady_clock::now() - begun, 2 * settings.write_time);
}

// ---- streams

class Streams : public HttpServerTest {
 protected:
  std::shared_ptr<Reply> begin(Wire& w) {
    w.send(request_text("GET", "/keep"));
    auto reply = kept_.next();
    reply->start_stream({200, "text/event-stream", "first", {}});
    return reply;
  }
};

TEST_F(Streams, SendEachPieceWhenItIsThere) {
  start();
  Wire w = wire();
  const auto reply = begin(w);
  EXPECT_EQ(w.until("\r\n\r\n").substr(0, 15), "HTTP/1.1 200 OK");
  EXPECT_EQ(w.chunk(), "first");
  EXPECT_TRUE(reply->write("second"));
  EXPECT_EQ(w.chunk(), "second");
  EXPECT_TRUE(reply->write("third"));
  EXPECT_TRUE(reply->write("fourth"));
  reply->end();
  EXPECT_EQ(w.chunk(), "third");
  EXPECT_EQ(w.chunk(), "fourth");
  EXPECT_EQ(w.chunk(), "");
  EXPECT_TRUE(w.ends());
}

TEST_F(Streams, EndWhenNobodyHoldsThem) {
  start();
  Wire w = wire();
  begin(w);
  EXPECT_EQ(w.answer().body, "first");
  EXPECT_TRUE(w.ends());
}

TEST_F(Streams, NoticeAReaderThatGoesAway) {
  start();
  auto w = std::make_unique<Wire>(server_->port());
  const auto reply = begin(*w);
  w->until("first");
  w.reset();
  EXPECT_TRUE(eventually([&] { return !reply->write(""); })) << "without a piece to send";
  EXPECT_FALSE(reply->write("x"));
}

TEST_F(Streams, NoticeAReaderThatHasSaidMoreAndGoesAway) {
  start();
  auto w = std::make_unique<Wire>(server_->port());
  const auto reply = begin(*w);
  w->until("first");
  w->send(request_text("GET", "/"));
  EXPECT_TRUE(reply->write("second"));
  w->until("second");
  w.reset();
  EXPECT_TRUE(eventually([&] { return !reply->write(""); }));
}

TEST_F(Streams, CloseOnAReaderWhoTakesNothing) {
  HttpServerSettings settings;
  settings.unread_bytes = 1 << 16;
  start(settings);
  Wire w(server_->port(), 4'096);
  auto reply = begin(w);
  const std::string piece(1 << 14, 'x');
  std::size_t written = 0;
  while (written < (256u << 20) && reply->write(piece)) written += piece.size();
  EXPECT_LT(written, 64u << 20) << "it was kept for a reader who does not read";
  reply.reset();
  EXPECT_TRUE(eventually([&] { return server_->connections() == 0; }));
}

TEST_F(Streams, GiveAReaderWhoKeepsUpMoreThanTheCap) {
  HttpServerSettings settings;
  settings.unread_bytes = 1 << 16;
  start(settings);
  Wire w = wire();
  const auto reply = begin(w);
  w.until("\r\n\r\n");
  EXPECT_EQ(w.chunk(), "first");
  const std::string piece(1 << 14, 'x');
  for (int i = 0; i < 64; ++i) {
    ASSERT_TRUE(reply->write(piece));
    ASSERT_EQ(w.chunk(), piece);
  }
}

// ---- how many

TEST_F(HttpServerTest, AnswersMoreConnectionsThanAllowedWith503) {
  HttpServerSettings settings;
  settings.connections = 2;
  start(settings);
  Wire first = wire(), second = wire();
  first.send(request_text("GET", "/1"));
  second.send(request_text("GET", "/2"));
  EXPECT_EQ(first.answer().status, 200);
  EXPECT_EQ(second.answer().status, 200);
  Wire third = wire();
  const HttpAnswer full = third.answer();
  EXPECT_EQ(full.status, 503);
  EXPECT_NE(full.header("retry-after"), "");
  EXPECT_TRUE(third.ends());
  first.hang_up();
  EXPECT_TRUE(eventually([&] { return server_->connections() < 2; }));
  EXPECT_EQ(ask_for("/").status, 200);
}

TEST_F(HttpServerTest, ServesManyAtOnce) {
  start();
  std::vector<Wire> wires;
  for (int i = 0; i < 200; ++i) wires.push_back(wire());
  for (auto& w : wires) w.send(request_text("GET", "/"));
  for (auto& w : wires) ASSERT_EQ(w.answer().status, 200);
}

// ---- the end

TEST_F(HttpServerTest, FinishesAnswersUnderWayWhenItStops) {
  start();
  Wire busy = wire(), idle = wire();
  busy.send(request_text("GET", "/keep"));
  const auto reply = kept_.next();
  std::thread stopping([&] { server_->stop(std::chrono::seconds(30)); });
  EXPECT_TRUE(idle.ends()) << "it has nothing to wait for";
  reply->respond({200, "text/plain", "done", {}});
  const HttpAnswer answer = busy.answer();
  EXPECT_EQ(answer.body, "done");
  EXPECT_EQ(answer.header("connection"), "close");
  stopping.join();
  EXPECT_FALSE(wire().connected());
}

TEST_F(HttpServerTest, CutsAnswersThatTakeLongerThanTheGrace) {
  start();
  Wire busy = wire();
  busy.send(request_text("GET", "/keep"));
  const auto reply = kept_.next();
  server_->stop(milliseconds(50));
  EXPECT_TRUE(busy.ends());
  reply->respond({200, "text/plain", "too late", {}});
}

TEST_F(HttpServerTest, CanBeStoppedTwiceAndBeforeItBegan) {
  start();
  server_->stop(milliseconds(0));
  server_->stop(milliseconds(0));
  HttpServer never(
      {}, [](auto&, auto) {}, [](auto&) { return kBodyLimit; });
}

TEST_F(HttpServerTest, CallsLaterOnAHandlersThread) {
  start();
  std::atomic<bool> called{false};
  std::thread::id there;
  server_->call_after(milliseconds(1), [&] {
    there = std::this_thread::get_id();
    called = true;
  });
  EXPECT_TRUE(eventually([&] { return called.load(); }));
  EXPECT_NE(there, std::this_thread::get_id());
}

// ---- where

TEST_F(HttpServerTest, SaysWhereItCannotListen) {
  start();
  HttpServerSettings same;
  same.port = server_->port();
  try {
    HttpServer second(
        same, [](auto&, auto) {}, [](auto&) { return kBodyLimit; });
    FAIL() << "two servers on one port";
  } catch (const io::HostError& error) {
    EXPECT_NE(std::string(error.what()).find(std::to_string(same.port)), std::string::npos) << error.what();
  }
}

class OnAUnixSocket : public HttpServerTest {
 protected:
  HttpServerSettings here() const {
    HttpServerSettings settings;
    settings.unix_socket = path_;
    return settings;
  }
  TemporaryFolder folder_;
  std::string path_ = folder_ / "serve.sock";
};

TEST_F(OnAUnixSocket, AnswersThoseWhoMayOpenIt) {
  start(here());
  EXPECT_EQ(ask(path_, "GET", "/x").body, "GET /x ");
  EXPECT_EQ(last_.peer, "");
  struct stat found {};
  ASSERT_EQ(::stat(path_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0660u);
}

TEST_F(OnAUnixSocket, TakesThePlaceOfADeadServer) {
  start(here());
  const int left = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un place{};
  place.sun_family = AF_UNIX;
  const std::string dead = folder_ / "dead.sock";
  std::strncpy(place.sun_path, dead.c_str(), sizeof place.sun_path - 1);
  ASSERT_EQ(::bind(left, reinterpret_cast<const sockaddr*>(&place), sizeof place), 0);
  ::close(left);
  server_.reset();
  path_ = dead;
  start(here());
  EXPECT_EQ(ask(path_, "GET", "/").status, 200);
}

TEST_F(OnAUnixSocket, LeavesNothingBehind) {
  start(here());
  server_->stop(milliseconds(0));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(OnAUnixSocket, NeverRemovesAFileThatIsNoSocket) {
  write_file(path_, "precious");
  EXPECT_THROW(start(here()), io::HostError);
  server_.reset();
  EXPECT_EQ(read_file(path_), "precious");
}

// ---- percent signs

TEST(UrlDecoded, ReadsEscapesAndLeavesBrokenOnes) {
  EXPECT_EQ(url_decoded("a%20b%2fc", false), "a b/c");
  EXPECT_EQ(url_decoded("a+b", false), "a+b");
  EXPECT_EQ(url_decoded("a+b", true), "a b");
  EXPECT_EQ(url_decoded("100%", false), "100%");
  EXPECT_EQ(url_decoded("%4", false), "%4");
  EXPECT_EQ(url_decoded("%zz%41", false), "%zzA");
  EXPECT_EQ(url_decoded("%00", false), std::string(1, '\0'));
}

TEST(HttpServerConnections, LeaveFilesForAllElse) {
  EXPECT_EQ(connections_for(2'048, 1'024), 512u);
  EXPECT_EQ(connections_for(2'048, 65'536), 2'048u);
  EXPECT_EQ(connections_for(100, 1'024), 100u);
  EXPECT_EQ(connections_for(2'048, 256), 16u) << "some at least";
}

}  // namespace
}  // namespace orchestrator
