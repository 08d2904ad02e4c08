// Posting to services that are there, slow, unwilling or gone: real connections on this host.
#include "orchestrator/cli/posting.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "orchestrator/report/markdown_writer.h"
#include "sandbox/io/error.h"
#include "tests/support/post_server.h"

namespace orchestrator {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing_support::PostServer;
using Variables = std::map<std::string, std::string>;

const std::string kMark = "<!-- orchestrator:0123456789abcdef -->";

// Other people's comments.
json chatter(int count) {
  json comments = json::array();
  for (int i = 0; i < count; ++i)
    comments.push_back(
        {{"id", i + 1}, {"body", "hello"}, {"user", {{"login", "somebody"}, {"type", "User"}}}});
  return comments;
}

json comment_of(const char* login, const char* type, const std::string& body) {
  return {{"id", 500}, {"body", body}, {"user", {{"login", login}, {"type", type}}}};
}

class Posting : public testing::Test {
 protected:
  // Empty: it went well.
  std::string put(const PostServer& server, const std::string& text = kMark + "\nnew",
                  const std::string& token = "the-token") {
    GithubTarget target{server.url(), token, "shop/checkout", 7};
    Poster poster(loop_, "", {.tries = 3, .of_a_try = limit_, .wait = 1ms, .longest_wait = 2s});
    try {
      put_comment(poster, target, kMark, text);
    } catch (const PostError& error) {
      EXPECT_EQ(std::string(error.what()).find("the-token"), std::string::npos) << error.what();
      return error.what();
    }
    return "";
  }

  static int count(const PostServer& server, const std::string& method) {
    int number = 0;
    for (const auto& request : server.requests()) number += request.at("method") == method ? 1 : 0;
    return number;
  }

  io::CurlLoop loop_;
  std::chrono::milliseconds limit_{5000};
};

TEST_F(Posting, MakesACommentWhereThereIsNone) {
  const PostServer server({}, chatter(3));
  EXPECT_EQ(put(server), "");
  ASSERT_EQ(server.comments().size(), 4u);
  EXPECT_EQ(server.comments()[3].at("body"), kMark + "\nnew");
  for (const auto& request : server.requests())
    EXPECT_EQ(request.at("authorization"), "Bearer the-token") << request;
}

TEST_F(Posting, ChangesItsOwnCommentInPlaceEverAfter) {
  const PostServer server;
  for (const char* text : {"one", "two", "three"}) EXPECT_EQ(put(server, kMark + "\n" + text), "");
  ASSERT_EQ(server.comments().size(), 1u);
  EXPECT_EQ(server.comments()[0].at("body"), kMark + "\nthree");
}

TEST_F(Posting, FindsItsCommentOnALaterPage) {
  json comments = chatter(250);
  comments[230] = comment_of("github-actions[bot]", "Bot", kMark + "\nold");
  const PostServer server({}, comments);
  EXPECT_EQ(put(server), "");
  EXPECT_EQ(server.comments().size(), 250u);
  EXPECT_EQ(server.comments()[230].at("body"), kMark + "\nnew");
}

TEST_F(Posting, FindsItWhereThePagesAreSmallerThanAskedFor) {
  json comments = chatter(45);
  comments[40] = comment_of("github-actions[bot]", "Bot", kMark + "\nold");
  const PostServer server({"--page", "10"}, comments);
  EXPECT_EQ(put(server), "");
  EXPECT_EQ(server.comments()[40].at("body"), kMark + "\nnew");
}

TEST_F(Posting, NeverWritesOverACommentOfSomebodyElse) {
  json comments = chatter(1);
  comments.push_back(comment_of("mallory", "User", kMark + "\nmine"));
  comments.push_back(comment_of("github-actions[bot]", "Bot", "quoting " + kMark));
  const PostServer server({}, comments);
  EXPECT_EQ(put(server), "");
  ASSERT_EQ(server.comments().size(), 4u);
  EXPECT_EQ(server.comments()[1].at("body"), kMark + "\nmine");
  EXPECT_EQ(server.comments()[2].at("body"), "quoting " + kMark);
}

TEST_F(Posting, KnowsItsOwnLoginWhereTheTokenTells) {
  json comments = json::array({comment_of("another[bot]", "Bot", kMark + "\ntheirs")});
  comments.push_back(comment_of("me", "User", kMark + "\nold"));
  comments[1]["id"] = 501;
  const PostServer server({"--login", "me"}, comments);
  EXPECT_EQ(put(server), "");
  EXPECT_EQ(server.comments()[0].at("body"), kMark + "\ntheirs");
  EXPECT_EQ(server.comments()[1].at("body"), kMark + "\nnew");
}

TEST_F(Posting, SaysThatTheTokenIsNotAccepted) {
  const PostServer server;
  const std::string said = put(server, "text", "another-token");
  EXPECT_EQ(said, "GitHub answers 401 (Bad credentials): the token in GITHUB_TOKEN is not accepted");
  EXPECT_EQ(server.requests().size(), 1u) << "not asked again";
}

TEST_F(Posting, ComesAgainWhenAskedTo) {
  const PostServer server({"--first", "429,Retry-After:0", "--first", "503", "--first", "403,Retry-After:0"});
  limit_ = 5000ms;
  EXPECT_NE(put(server), "") << "three tries of the first request";
  EXPECT_EQ(put(server), "");
  EXPECT_EQ(server.comments().size(), 1u);
}

TEST_F(Posting, GivesUpWhenAskedToWaitForLong) {
  const PostServer server({"--first", "429,Retry-After:3600"});
  EXPECT_EQ(put(server), "the service answers 429 and asks to wait 3600 s");
}

TEST_F(Posting, GivesUpOnAServerThatKeepsFailing) {
  const PostServer server({"--first", "500", "--first", "502", "--first", "500"});
  EXPECT_EQ(put(server), "the service answers 500");
  EXPECT_EQ(server.requests().size(), 3u);
}

TEST_F(Posting, LooksAgainBeforeItMakesACommentOnceMore) {
  const PostServer server({"--lost"});
  EXPECT_EQ(put(server), "");
  EXPECT_EQ(server.comments().size(), 1u) << "it was made, though the answer was an error";
  EXPECT_EQ(count(server, "POST"), 1);
}

TEST_F(Posting, DoesNotWaitForAServerThatSaysNothing) {
  const PostServer server({"--silent"});
  limit_ = 50ms;
  EXPECT_NE(put(server).find("Timeout"), std::string::npos);
}

TEST_F(Posting, SaysThatNobodyIsThere) {
  std::string url;
  { url = PostServer().url(); }
  Poster poster(loop_, "", {.tries = 2, .of_a_try = 2000ms, .wait = 1ms});
  io::HttpRequest request;
  request.url = url;
  EXPECT_THROW(poster.send(request, Again::always), PostError);
}

TEST_F(Posting, EndsAtOnceWhenTheRunIsStopped) {
  const PostServer server({"--silent"});
  Poster poster(loop_, "", {.of_a_try = 60'000ms});
  const auto timer = loop_.call_after(20ms, [&] { poster.stop(); });
  io::HttpRequest request;
  request.url = server.url();
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THROW(poster.send(request, Again::always), PostError);
  EXPECT_THROW(poster.send(request, Again::always), PostError) << "nothing is sent any more";
  EXPECT_LT(std::chrono::steady_clock::now() - start, 30s);
}

class WhatIsPosted : public testing::Test {
 protected:
  PostSettings gathered() {
    return gather_posting(options_, [this](const char* name) -> std::optional<std::string> {
      const auto found = variables_.find(name);
      return found == variables_.end() ? std::nullopt : std::optional(found->second);
    });
  }
  std::string complaint() {
    try {
      gathered();
    } catch (const io::RequestError& error) {
      return error.what();
    }
    return "";
  }

  CommandLine options_;
  Variables variables_{{"GITHUB_TOKEN", "the-token\n"},
                       {"GITHUB_REPOSITORY", "shop/checkout"},
                       {"GITHUB_REF", "refs/pull/12/merge"}};
};

TEST_F(WhatIsPosted, NeedsNothingWhenNothingIsAskedFor) {
  variables_.clear();
  EXPECT_FALSE(gathered().any());
}

TEST_F(WhatIsPosted, GoesToThePullRequestOfTheWorkflow) {
  options_.post_github = true;
  const auto github = gathered().github;
  ASSERT_TRUE(github);
  EXPECT_EQ(github->api, "https://api.github.com");
  EXPECT_EQ(github->token, "the-token");
  EXPECT_EQ(github->pull_request, 12);
  options_.pull_request = 5;
  EXPECT_EQ(gathered().github->pull_request, 5);
}

TEST_F(WhatIsPosted, GoesToThePullRequestOfTheEvent) {
  options_.post_github = true;
  const testing_support::TemporaryFolder folder;
  variables_["GITHUB_EVENT_PATH"] = folder / "event.json";
  const auto number_of = [&](const char* event) {
    testing_support::write_file(folder / "event.json", event);
    const auto github = gathered().github;
    return github ? github->pull_request : 0;
  };
  EXPECT_EQ(number_of(R"({"pull_request":{"number":34}})"), 34);
  EXPECT_EQ(number_of(R"({"workflow_run":{"pull_requests":[{"number":35}]}})"), 35);
  EXPECT_EQ(number_of(R"({"issue":{"number":36,"pull_request":{}}})"), 36);
  EXPECT_EQ(number_of(R"({"issue":{"number":36}})"), 12) << "an issue is none; the ref names one";
  EXPECT_EQ(number_of(R"({"pull_request":{"number":-4}})"), 12);
  EXPECT_EQ(number_of("no json"), 12);
  EXPECT_EQ(number_of("[1]"), 12);
}

TEST_F(WhatIsPosted, IsNothingForAPushWhichIsNoMistake) {
  options_.post_github = true;
  variables_["GITHUB_REF"] = "refs/heads/main";
  const auto settings = gathered();
  EXPECT_FALSE(settings.any());
  ASSERT_EQ(settings.notes.size(), 1u);
  EXPECT_NE(settings.notes[0].find("no pull request"), std::string::npos);
}

TEST_F(WhatIsPosted, IsNothingWhereAForkHasNoSecrets) {
  options_.post_github = options_.post_slack = true;
  variables_["GITHUB_TOKEN"] = variables_["SLACK_WEBHOOK_URL"] = "";
  const auto settings = gathered();
  EXPECT_FALSE(settings.any());
  EXPECT_EQ(settings.notes.size(), 2u);
}

TEST_F(WhatIsPosted, NeedsItsVariablesBeforeAnythingRuns) {
  options_.post_slack = true;
  EXPECT_EQ(complaint(), "--post-slack: the environment has no variable SLACK_WEBHOOK_URL");
  options_ = {};
  options_.post_github = true;
  variables_["GITHUB_REPOSITORY"] = "../x";
  EXPECT_NE(complaint(), "");
}

TEST_F(WhatIsPosted, GoesNowhereInTheClear) {
  options_.post_github = true;
  for (const char* url :
       {"http://api.example.com", "ftp://x", "https://user@host", "http://127.0.0.1:1@evil.com/",
        "http://localhost.evil.com", "https://a b", "nothing"}) {
    variables_["GITHUB_API_URL"] = url;
    EXPECT_NE(complaint(), "") << url;
    EXPECT_EQ(complaint().find(url), std::string::npos) << "it may be a secret";
  }
  for (const char* url : {"https://git.example.com/api/v3/", "http://127.0.0.1:8080", "http://localhost/x"}) {
    variables_["GITHUB_API_URL"] = url;
    EXPECT_EQ(complaint(), "") << url;
  }
}

TEST_F(WhatIsPosted, SaysWhereTheRunTookPlace) {
  variables_["GITHUB_HEAD_REF"] = "feature-x";
  variables_["GITHUB_SERVER_URL"] = "https://git.example.com";
  variables_["GITHUB_RUN_ID"] = "99";
  const auto place = gathered().place;
  EXPECT_EQ(place.ref, "feature-x") << "not a name that somebody typed in";
  EXPECT_EQ(place.url, "https://git.example.com/shop/checkout/actions/runs/99");
}

TEST_F(Posting, WarnsOnlyAndWithoutTheSecretAddress) {
  const PostServer server({"--first", "404"});
  PostSettings settings;
  settings.slack_url = server.url() + "/hook";
  Report report;
  const testing_support::TemporaryFolder folder;
  const Spool spool(folder.path(), "");
  Poster poster(loop_, "", {.wait = 1ms});
  EXPECT_EQ(post_report(poster, settings, report, spool),
            std::vector<std::string>{"--post-slack: not posted: Slack answers 404"});
  EXPECT_EQ(post_report(poster, settings, report, spool), std::vector<std::string>{});
  const json sent = json::parse(server.requests().back().at("body").get<std::string>());
  EXPECT_TRUE(sent.contains("blocks"));
}

}  // namespace
}  // namespace orchestrator
