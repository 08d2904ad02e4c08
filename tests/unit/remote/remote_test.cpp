// A job that runs elsewhere: where it is sent, what comes back event by event, and why it failed.
#include <gtest/gtest.h>

#include "orchestrator/remote/address.h"
#include "orchestrator/remote/event_lines.h"
#include "orchestrator/remote/job.h"
#include "sandbox/io/error.h"

namespace orchestrator::remote {
namespace {

TEST(RemoteAddress, IsAServeOrAnEndpoint) {
  const Address serve = parse_address("https://flaky.example.com:8443/");
  EXPECT_FALSE(serve.endpoint);
  EXPECT_FALSE(serve.here);
  EXPECT_EQ(serve.url("/api/v1/jobs"), "https://flaky.example.com:8443/api/v1/jobs");
  const Address endpoint = parse_address("https://api.example.com/v2/abc123");
  EXPECT_TRUE(endpoint.endpoint);
  EXPECT_EQ(endpoint.url("/run"), "https://api.example.com/v2/abc123/run");
  for (const char* socket : {"unix:/run/o.sock", "unix:///run/o.sock"}) {
    EXPECT_EQ(parse_address(socket).unix_socket, "/run/o.sock");
    EXPECT_TRUE(parse_address(socket).here);
  }
  for (const char* here : {"http://127.0.0.1:8080", "http://localhost", "http://[::1]:80/v2/flaky"})
    EXPECT_TRUE(parse_address(here).here) << here;
}

TEST(RemoteAddress, IsNothingElse) {
  for (const char* wrong :
       {"", "flaky.example.com", "ftp://host", "https://", "https://user:secret@host", "https://host/api/v1",
        "https://host/v2/", "https://host/v2/a/b", "https://host?token=x", "https://host#x", "unix:run.sock",
        "https://ho st", "http://127.0.0.1.evil.example.com@x"})
    EXPECT_THROW(parse_address(wrong), io::RequestError) << wrong;
  EXPECT_FALSE(parse_address("http://127.0.0.1.example.com").here);
}

TEST(RemoteAddress, GetsATokenOnlyWhereNobodyReadsItOnTheWay) {
  for (const char* good : {"https://host", "unix:/s", "http://127.0.0.1:8080", "http://localhost/v2/x"})
    EXPECT_NO_THROW(check_token_may_go("--on", parse_address(good))) << good;
  EXPECT_THROW(check_token_may_go("--on", parse_address("http://host")), io::RequestError);
}

std::vector<std::string> told(const std::vector<std::string>& pieces, EventLines** made = nullptr) {
  static std::vector<std::string> events;
  events.clear();
  static std::unique_ptr<EventLines> lines;
  lines = std::make_unique<EventLines>([](const std::string& data) { events.push_back(data); });
  if (made) *made = lines.get();
  for (const auto& piece : pieces) EXPECT_TRUE(lines->append(piece));
  return events;
}

TEST(EventLines, TellsEventsHoweverTheyAreCutIntoPieces) {
  const std::string text =
      ": still here\n\nretry: 2000\nid: 7\nevent: x\ndata: {\"a\":1}\n\nid: 8\r\ndata:one\r\ndata: "
      "two\r\n\r\n";
  const std::vector<std::string> expected = {"{\"a\":1}", "one\ntwo"};
  EXPECT_EQ(told({text}), expected);
  for (std::size_t at = 1; at < text.size(); ++at)
    EXPECT_EQ(told({text.substr(0, at), text.substr(at)}), expected) << at;
}

TEST(EventLines, KnowsTheLastEventThatWasWhole) {
  EventLines* lines = nullptr;
  told({"id: 7\ndata: a\n\nid: 8\ndata: half"}, &lines);
  EXPECT_EQ(lines->last_id(), "7");
  lines->start_again();
  EXPECT_TRUE(lines->append("\ndata: c\n\n"));
  EXPECT_EQ(lines->last_id(), "7");
}

TEST(EventLines, GivesUpAnEventWithoutEnd) {
  EventLines lines([](const std::string&) { FAIL(); });
  const std::string piece(64 * 1024, 'x');
  int taken = 0;
  while (taken < 100 && lines.append(piece)) ++taken;
  EXPECT_LE(taken, 17);
}

TEST(RemoteFailure, IsReadFromWhatRunPodsClientsAreTold) {
  const Failure failure = failure_from(
      R"({"error_type": "<class 'ValueError'>", "error_message": "runs must be 1", "error_traceback": "request: runs must be 1"})");
  EXPECT_EQ(failure.kind, "request");
  EXPECT_EQ(failure.message, "runs must be 1");
  EXPECT_EQ(failure.exit_code, 2);
  EXPECT_EQ(failure_from(R"({"error_message": "x", "error_traceback": "setup: x"})").exit_code, 4);
}

TEST(RemoteFailure, IsAnotherHostsWhereItSaysNothingElse) {
  for (const char* text : {"worker exited", "", "{}", "[1]", "{\"error_message\": 3}"}) {
    const Failure failure = failure_from(text);
    EXPECT_EQ(failure.kind, "host") << text;
    EXPECT_EQ(failure.exit_code, 5) << text;
    EXPECT_FALSE(failure.message.empty()) << text;
  }
}

}  // namespace
}  // namespace orchestrator::remote
