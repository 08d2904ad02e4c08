#include "sandbox/io/http_client.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>
#include <optional>

#include "sandbox/io/error.h"
#include "tests/support/scripted_engine.h"
#include "tests/support/skipping_loop.h"

namespace io {
namespace {

using namespace std::chrono_literals;
using namespace testing_support;

// What a call came to.
struct Seen {
  std::optional<Result<HttpResponse>> result;
  std::optional<HttpResponse> head;
  std::string bytes;
  int ends = 0;

  std::function<void(Result<HttpResponse>)> end() {
    return [this](Result<HttpResponse> value) {
      ++ends;
      result = std::move(value);
    };
  }
  HttpStream stream() {
    return {[this](const HttpResponse& response) { head = response; },
            [this](std::string_view piece) { bytes += piece; }, end()};
  }
  std::string error() const { return result && !result->ok() ? describe(result->error()) : ""; }
};

class TheHttpClient : public ::testing::Test {
 protected:
  HttpRequest request(const std::string& method, const std::string& path) const {
    HttpRequest request;
    request.method = method;
    request.url = "http://server" + path;
    request.unix_socket = server_.socket();
    return request;
  }
  HttpRequest get(const std::string& path) const { return request("GET", path); }

  void until_ended(const Seen& seen) {
    loop_.until([&] { return seen.ends > 0; });
  }
  Seen answer_to(HttpRequest asked) {
    Seen seen;
    const auto call = client_.send(std::move(asked), seen.end());
    until_ended(seen);
    return seen;
  }

  SkippingLoop loop_;
  ScriptedEngine server_{loop_};
  HttpClient client_{loop_};
};

TEST_F(TheHttpClient, GivesStatusHeadersAndBody) {
  server_.on("GET /page", answer(203, "the body", {"X-Word:  some words ", "x-word: the last"}));
  const Seen seen = answer_to(get("/page"));
  ASSERT_TRUE(seen.result->ok()) << seen.error();
  const HttpResponse& response = seen.result->value();
  EXPECT_EQ(response.status, 203);
  EXPECT_EQ(response.body, "the body");
  EXPECT_EQ(response.headers.at("x-word"), "the last");
}

TEST_F(TheHttpClient, SendsHeadersAndBody) {
  server_.on("POST /thing", answer(200));
  HttpRequest post = request("POST", "/thing");
  post.headers = {"X-Word: mine"};
  post.body = std::string("a\0b", 3);
  answer_to(std::move(post));
  EXPECT_EQ(server_.request("POST /thing").body, std::string("a\0b", 3));
  EXPECT_NE(server_.request("POST /thing").head.find("\r\nX-Word: mine\r\n"), std::string::npos);
}

TEST_F(TheHttpClient, NeverAsksWhetherItMayContinue) {
  server_.on("POST /thing", answer(200));
  HttpRequest post = request("POST", "/thing");
  post.body = std::string(2 << 20, 'b');
  answer_to(std::move(post));
  EXPECT_EQ(server_.request("POST /thing").body.size(), 2u << 20);
  EXPECT_EQ(server_.request("POST /thing").head.find("Expect"), std::string::npos);
}

TEST_F(TheHttpClient, SendsAFile) {
  const std::string path = server_.socket() + ".file";
  std::ofstream(path, std::ios::binary) << std::string(3 << 20, 'f') << "end";
  server_.on("PUT /file", answer(200));
  HttpRequest put = request("PUT", "/file");
  put.body_file = path;
  EXPECT_TRUE(answer_to(std::move(put)).result->ok());
  const std::string body = server_.request("PUT /file").body;
  ASSERT_EQ(body.size(), (3u << 20) + 3);
  EXPECT_TRUE(body.ends_with("fend"));
}

TEST_F(TheHttpClient, NamesAFileThatCannotBeSent) {
  HttpRequest put = request("PUT", "/file");
  put.body_file = server_.socket() + ".missing";
  Seen seen;
  try {
    const auto call = client_.send(std::move(put), seen.end());
    FAIL() << "sent a file that is not there";
  } catch (const std::system_error& error) {
    EXPECT_NE(std::string(error.what()).find(".missing"), std::string::npos);
  }
  loop_.settle();
  EXPECT_EQ(seen.ends, 0);
}

TEST_F(TheHttpClient, AnEmptyPostHasALengthOfNought) {
  server_.on("POST /start", answer(204));
  EXPECT_EQ(answer_to(request("POST", "/start")).result->value().status, 204);
  EXPECT_NE(server_.request("POST /start").head.find("Content-Length: 0\r\n"), std::string::npos);
}

TEST_F(TheHttpClient, PutsChunksTogether) {
  server_.on("GET /list", chunked(200, {"one ", "two ", std::string(100'000, 'x')}));
  EXPECT_EQ(answer_to(get("/list")).result->value().body, "one two " + std::string(100'000, 'x'));
}

TEST_F(TheHttpClient, AnInterimAnswerIsNotTheAnswer) {
  server_.on("GET /page",
             garbage("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  const Seen seen = answer_to(get("/page"));
  EXPECT_EQ(seen.result->value().status, 200);
  EXPECT_EQ(seen.result->value().body, "ok");
}

TEST_F(TheHttpClient, UsesAConnectionAgain) {
  server_.always("GET /page", answer(200, "x"));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(answer_to(get("/page")).result->ok());
  EXPECT_EQ(server_.connections(), 1);
}

TEST_F(TheHttpClient, ACallWithAConnectionOfItsOwnSharesItWithNobody) {
  server_.always("GET /page", answer(200, "x"));
  answer_to(get("/page"));
  HttpRequest alone = get("/page");
  alone.own_connection = true;
  answer_to(std::move(alone));
  answer_to(get("/page"));
  EXPECT_EQ(server_.connections(), 2);
}

// ---- streams

TEST_F(TheHttpClient, StreamsTheHeadThenBytesAsTheyCome) {
  server_.on("GET /log", raw_stream().then("first").wait("more").then("second").close());
  Seen seen;
  const auto call = client_.stream(get("/log"), seen.stream());
  loop_.until([&] { return seen.bytes == "first"; });
  EXPECT_EQ(seen.head->status, 200);
  EXPECT_EQ(seen.ends, 0);
  server_.open("more");
  until_ended(seen);
  EXPECT_EQ(seen.bytes, "firstsecond");
  EXPECT_TRUE(seen.result->ok()) << seen.error();
}

TEST_F(TheHttpClient, TellsTheHeadBeforeAnyByteOfABodyHasCome) {
  server_.on("GET /log", raw_stream().wait("never"));
  Seen seen;
  const auto call = client_.stream(get("/log"), seen.stream());
  loop_.until([&] { return seen.head.has_value(); });
  EXPECT_EQ(seen.bytes, "");
}

TEST_F(TheHttpClient, TellsTheHeadOnceAlsoWithTrailersBehindTheBody) {
  server_.on("GET /log", garbage("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                                 "2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n"));
  int heads = 0;
  Seen seen;
  HttpStream handlers = seen.stream();
  handlers.on_head = [&](const HttpResponse&) { ++heads; };
  const auto call = client_.stream(get("/log"), std::move(handlers));
  until_ended(seen);
  EXPECT_EQ(heads, 1);
  EXPECT_EQ(seen.bytes, "ok");
}

TEST_F(TheHttpClient, SendsALateBodyOnlyOnceTheHeadIsHere) {
  server_.on("POST /attach", raw_stream().wait("head seen").then("ready").wait("end").close());
  HttpRequest attach = request("POST", "/attach");
  attach.late_body = "a secret";
  attach.own_connection = true;
  Seen seen;
  std::string sent_before_head = "?";
  HttpStream handlers = seen.stream();
  handlers.on_head = [&](const HttpResponse&) { sent_before_head = server_.request("POST /attach").body; };
  const auto call = client_.stream(std::move(attach), std::move(handlers));
  loop_.until([&] { return server_.request("POST /attach").body == "a secret"; });
  EXPECT_EQ(sent_before_head, "");
  server_.open("head seen");
  loop_.until([&] { return seen.bytes == "ready"; });
  server_.open("end");
  until_ended(seen);
}

TEST_F(TheHttpClient, SendsMoreOnADuplexWhenThereIsMore) {
  server_.on("POST /attach", raw_stream().then("ready").wait("more").then(" again").wait("end").close());
  HttpRequest attach = request("POST", "/attach");
  attach.late_body = "first";
  attach.own_connection = true;
  Seen seen;
  const auto call = client_.duplex(std::move(attach), seen.stream());
  call->send(", early");
  loop_.until([&] { return server_.request("POST /attach").body == "first, early"; });
  loop_.until([&] { return seen.bytes == "ready"; });
  for (const char* piece : {", a", ", b"}) {
    const std::string before = server_.request("POST /attach").body;
    call->send(piece);
    loop_.until([&] { return server_.request("POST /attach").body == before + piece; });
  }
  EXPECT_EQ(call->unsent(), 0u);
  const std::string much(3'000'000, 'x');
  call->send(much);
  loop_.until([&] { return server_.request("POST /attach").body.size() > much.size(); });
  server_.open("more");
  loop_.until([&] { return seen.bytes == "ready again"; });
  call->end();
  server_.open("end");
  until_ended(seen);
  EXPECT_TRUE(seen.result->ok()) << seen.error();
}

TEST_F(TheHttpClient, ADuplexThatIsLetGoOfSaysNothingMore) {
  server_.on("POST /attach", raw_stream().then("ready").wait("never").close());
  HttpRequest attach = request("POST", "/attach");
  attach.late_body = "first";
  attach.own_connection = true;
  Seen seen;
  auto call = client_.duplex(std::move(attach), seen.stream());
  loop_.until([&] { return seen.bytes == "ready"; });
  call->send("more");
  call.reset();
  server_.on("GET /page", answer(200, "page"));
  EXPECT_EQ(answer_to(get("/page")).result->value().body, "page");
  EXPECT_EQ(seen.ends, 0);
}

// ---- what breaks

TEST_F(TheHttpClient, AnAnswerCutInTheMiddleIsAnErrorThatSaysSo) {
  server_.on("GET /page", garbage("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"));
  const Seen seen = answer_to(get("/page"));
  ASSERT_FALSE(seen.result->ok());
  EXPECT_NE(seen.error().find("partial"), std::string::npos) << seen.error();
  EXPECT_THROW(seen.result->value(), TransportError);
}

TEST_F(TheHttpClient, AChunkedAnswerCutInTheMiddleIsAnError) {
  server_.on("GET /page", garbage("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nonly"));
  EXPECT_FALSE(answer_to(get("/page")).result->ok());
}

TEST_F(TheHttpClient, AConnectionClosedWithoutAnAnswerIsAnErrorThatSaysSo) {
  server_.on("GET /page", hang_up());
  EXPECT_NE(answer_to(get("/page")).error().find("nothing"), std::string::npos);
}

TEST_F(TheHttpClient, BytesThatAreNoHttpAreAnError) {
  server_.on("GET /page", garbage(std::string("\0\xff\x16\x03 what is this\r\n\r\n", 19)));
  EXPECT_FALSE(answer_to(get("/page")).result->ok());
}

TEST_F(TheHttpClient, ChunksOfNonsenseAreAnError) {
  server_.on("GET /page",
             garbage("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nonly\r\n0\r\n\r\n"));
  EXPECT_FALSE(answer_to(get("/page")).result->ok());
}

TEST_F(TheHttpClient, ABodyPastTheCapIsAnErrorThatSaysSo) {
  server_.on("GET /page", answer(200, std::string(1001, 'b')));
  HttpRequest asked = get("/page");
  asked.max_body = 1000;
  EXPECT_EQ(answer_to(std::move(asked)).error(), "the answer is larger than expected");
}

TEST_F(TheHttpClient, ABodyOfExactlyTheCapIsTaken) {
  server_.on("GET /page", answer(200, std::string(1000, 'b')));
  HttpRequest asked = get("/page");
  asked.max_body = 1000;
  EXPECT_TRUE(answer_to(std::move(asked)).result->ok());
}

TEST_F(TheHttpClient, AHeadWithoutEndIsAnErrorNotAllOfTheMemory) {
  std::string head = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 100'000; ++i) head += "X-" + std::to_string(i) + ": " + std::string(50, 'h') + "\r\n";
  server_.on("GET /page", garbage(head));
  EXPECT_FALSE(answer_to(get("/page")).result->ok());
}

TEST_F(TheHttpClient, AServerThatDoesNotAnswerInTimeIsAnErrorThatSaysSo) {
  server_.on("GET /page", answer(200).held("never"));
  HttpRequest asked = get("/page");
  asked.timeout = 50ms;
  EXPECT_NE(answer_to(std::move(asked)).error().find("Timeout"), std::string::npos);
}

TEST_F(TheHttpClient, ASocketThatDoesNotExistIsRefusedWithItsErrno) {
  HttpRequest asked = get("/page");
  asked.unix_socket = server_.socket() + ".missing";
  const Seen seen = answer_to(std::move(asked));
  try {
    seen.result->value();
    FAIL() << "an answer of nobody";
  } catch (const TransportError& error) {
    EXPECT_TRUE(error.refused);
    EXPECT_EQ(error.error_number, ENOENT);
  }
}

TEST_F(TheHttpClient, WhatAHandlerThrowsEndsTheTransferWithThatError) {
  server_.on("GET /log", raw_stream().then("bytes").wait("never"));
  Seen seen;
  HttpStream handlers = seen.stream();
  handlers.on_bytes = [](std::string_view) { throw std::runtime_error("no more of this"); };
  const auto call = client_.stream(get("/log"), std::move(handlers));
  until_ended(seen);
  EXPECT_EQ(seen.error(), "no more of this");
  EXPECT_EQ(seen.ends, 1);
}

// ---- calls within calls

TEST_F(TheHttpClient, AnswersNoCallBeforeSendHasReturned) {
  Seen seen;
  HttpRequest nobody = get("/page");
  nobody.unix_socket = "/nowhere/at/all";
  const auto call = client_.send(std::move(nobody), seen.end());
  EXPECT_EQ(seen.ends, 0);
  until_ended(seen);
}

TEST_F(TheHttpClient, LetsACallBeMadeInsideTheEndOfAnother) {
  server_.on("GET /first", answer(200));
  server_.on("GET /second", answer(200, "two"));
  Seen seen;
  std::unique_ptr<HttpCall> second;
  const auto first =
      client_.send(get("/first"), [&](const auto&) { second = client_.send(get("/second"), seen.end()); });
  until_ended(seen);
  EXPECT_EQ(seen.result->value().body, "two");
}

TEST_F(TheHttpClient, LetsACallBeMadeInsideAHandlerOfARunningStream) {
  server_.on("GET /log", raw_stream().then("bytes").wait("never"));
  server_.on("GET /second", answer(200, "two"));
  Seen stream, seen;
  std::unique_ptr<HttpCall> second;
  HttpStream handlers = stream.stream();
  handlers.on_bytes = [&](std::string_view) { second = client_.send(get("/second"), seen.end()); };
  const auto first = client_.stream(get("/log"), std::move(handlers));
  until_ended(seen);
  EXPECT_EQ(seen.result->value().body, "two");
}

TEST_F(TheHttpClient, LetsACallBeReplacedInsideItsOwnEnd) {
  server_.on("GET /first", answer(200));
  server_.on("GET /second", answer(200, "two"));
  Seen seen;
  std::unique_ptr<HttpCall> call;
  call = client_.send(get("/first"), [&](const auto&) { call = client_.send(get("/second"), seen.end()); });
  until_ended(seen);
  EXPECT_EQ(seen.result->value().body, "two");
}

TEST_F(TheHttpClient, LetsACallGoInsideItsOwnHandlerAndIsSilentThen) {
  server_.on("GET /log", raw_stream().then("first").wait("more").then("second").close());
  Seen seen;
  std::unique_ptr<HttpCall> call;
  HttpStream handlers = seen.stream();
  handlers.on_bytes = [&, word = std::make_shared<std::string>("kept")](std::string_view) {
    call.reset();
    seen.bytes += *word;  // what the handler holds outlives the call
  };
  call = client_.stream(get("/log"), std::move(handlers));
  loop_.until([&] { return !seen.bytes.empty(); });
  server_.open("more");
  loop_.settle();
  EXPECT_EQ(seen.bytes, "kept");
  EXPECT_EQ(seen.ends, 0);
}

TEST_F(TheHttpClient, LetsACallGoInsideTheHandlerOfAnother) {
  server_.on("GET /slow", answer(200).held("slow"));
  server_.on("GET /log", raw_stream().then("bytes").wait("never"));
  Seen slow, stream;
  auto waiting = client_.send(get("/slow"), slow.end());
  loop_.until([&] { return server_.asked("GET /slow") == 1; });
  HttpStream handlers = stream.stream();
  handlers.on_bytes = [&](std::string_view) {
    waiting.reset();
    stream.bytes = "let go";
  };
  const auto call = client_.stream(get("/log"), std::move(handlers));
  loop_.until([&] { return stream.bytes == "let go"; });
  server_.open("slow");
  loop_.settle();
  EXPECT_EQ(slow.ends, 0);
}

TEST_F(TheHttpClient, LetsACallGoBeforeItWasEverSent) {
  Seen seen;
  { const auto call = client_.send(get("/page"), seen.end()); }
  loop_.settle();
  EXPECT_EQ(seen.ends, 0);
  EXPECT_TRUE(server_.asked().empty());
}

TEST_F(TheHttpClient, ACallThatIsMadeAndLetGoWithinAHandlerIsNeverSent) {
  server_.on("GET /log", raw_stream().then("bytes").wait("never"));
  Seen seen, stream;
  HttpStream handlers = stream.stream();
  handlers.on_bytes = [&](std::string_view bytes) {
    stream.bytes += bytes;
    const auto call = client_.send(get("/page"), seen.end());
  };
  const auto call = client_.stream(get("/log"), std::move(handlers));
  loop_.until([&] { return stream.bytes == "bytes"; });
  loop_.settle();
  EXPECT_EQ(server_.asked("GET /page"), 0);
  EXPECT_EQ(seen.ends, 0);
}

TEST_F(TheHttpClient, LettingTwoGoAtOnceInsideTheEndOfAThirdIsSilent) {
  server_.always("GET /slow", answer(200).held("slow"));
  server_.on("GET /quick", answer(200).held("quick"));
  Seen one, two, quick;
  auto first = client_.send(get("/slow"), one.end());
  auto second = client_.send(get("/slow"), two.end());
  const auto third = client_.send(get("/quick"), [&](const auto&) {
    first.reset();
    second.reset();
    ++quick.ends;
  });
  loop_.until([&] { return server_.asked().size() == 3; });
  server_.open("quick");
  server_.open("slow");
  // Whichever came first: after the third's end nobody is told any more.
  until_ended(quick);
  const int told = one.ends + two.ends;
  loop_.settle();
  EXPECT_EQ(one.ends + two.ends, told);
}

// A call may own another through its handler; the loop may go while both are in flight.
TEST(ALoopThatEnds, DropsTheCallsThatAreStillInFlight) {
  SkippingLoop waker;
  ScriptedEngine server(waker);
  server.always("GET /slow", answer(200).held("never"));
  int told = 0;
  {
    CurlLoop loop;
    HttpClient client(loop);
    HttpRequest slow;
    slow.url = "http://server/slow";
    slow.unix_socket = server.socket();
    for (int i = 0; i < 4; ++i) {
      auto inner =
          std::make_shared<std::unique_ptr<HttpCall>>(client.send(slow, [&](const auto&) { ++told; }));
      auto outer = std::make_shared<std::unique_ptr<HttpCall>>();
      *outer = client.send(slow, [&told, inner](const auto&) { ++told; });
      loop.post([outer] {});
    }
  }
  EXPECT_EQ(told, 0);
}

}  // namespace
}  // namespace io
