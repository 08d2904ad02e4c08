#include "orchestrator/cli/github_comment.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "orchestrator/analysis/cut_text.h"
#include "orchestrator/report/words.h"
#include "sandbox/io/json_text.h"

namespace orchestrator {
namespace {

using nlohmann::json;

constexpr int kMostPages = 30, kPageSize = 100;

class Comments {
 public:
  Comments(Poster& poster, const GithubTarget& target) : poster_(poster), target_(target) {}

  void put(const std::string& marker, const std::string& text) {
    try {
      put_once(marker, text);
    } catch (const PostError& error) {
      // It may be there by now: look again rather than make a second one.
      if (!error.maybe_done) throw;
      put_once(marker, text);
    }
  }

 private:
  void put_once(const std::string& marker, const std::string& text) {
    const std::string body = io::json_text(json{{"body", text}});
    if (const auto id = find(marker)) {
      const auto answer =
          send("PATCH", fmt::format("/repos/{}/issues/comments/{}", target_.repository, *id), body);
      if (answer.status != 404 && answer.status != 410) return expect(answer, 200);
    }
    expect(send("POST", issue() + "/comments", body), 201);
  }

  std::string issue() const {
    return fmt::format("/repos/{}/issues/{}", target_.repository, target_.pull_request);
  }

  std::optional<std::int64_t> find(const std::string& marker) {
    const std::string login = own_login();
    for (int page = 1; page <= kMostPages; ++page) {
      const auto answer =
          send("GET", fmt::format("{}/comments?per_page={}&page={}", issue(), kPageSize, page));
      expect(answer, 200);
      const json comments = parsed(answer);
      if (!comments.is_array()) throw PostError("GitHub's list of comments is none");
      for (const json& comment : comments)
        if (is_ours(comment, marker, login)) return comment.at("id").get<std::int64_t>();
      const auto link = answer.headers.find("link");
      const bool more =
          link != answer.headers.end() && link->second.find("rel=\"next\"") != std::string::npos;
      if (!more && comments.size() < kPageSize) return std::nullopt;
    }
    return std::nullopt;
  }

  // Tokens of a workflow and of an app may not ask who they are: then it is empty.
  std::string own_login() {
    const auto answer = send("GET", "/user");
    if (answer.status == 401) expect(answer, 200);
    return answer.status == 200 ? io::text_at(parsed(answer), "login") : "";
  }

  static bool is_ours(const json& comment, const std::string& marker, const std::string& login) {
    if (!comment.is_object() || !comment.contains("id") || !comment["id"].is_number_integer()) return false;
    if (!io::text_at(comment, "body").starts_with(marker)) return false;
    const json author = comment.value("user", json());
    if (!author.is_object()) return false;
    return login.empty() ? io::text_at(author, "type") == "Bot" : io::text_at(author, "login") == login;
  }

  io::HttpResponse send(const char* method, const std::string& path, const std::string& body = "") {
    io::HttpRequest request;
    request.method = method;
    request.url = target_.api + path;
    request.headers = {"Authorization: Bearer " + target_.token, "Accept: application/vnd.github+json",
                       "X-GitHub-Api-Version: 2022-11-28", "User-Agent: orchestrator"};
    if (!body.empty()) request.headers.push_back("Content-Type: application/json");
    request.body = body;
    const Again again = request.method == "POST" ? Again::when_not_done : Again::always;
    return poster_.send(std::move(request), again);
  }

  static json parsed(const io::HttpResponse& answer) {
    json value = json::parse(answer.body, nullptr, false);
    if (value.is_discarded()) throw PostError("GitHub's answer is no JSON");
    return value;
  }

  void expect(const io::HttpResponse& answer, long status) const {
    if (answer.status == status) return;
    throw PostError(fmt::format("GitHub answers {}{}{}", answer.status, said(answer), advice(answer.status)));
  }

  // GitHub's own words, without what must not be shown.
  std::string said(const io::HttpResponse& answer) const {
    const json value = json::parse(answer.body, nullptr, false);
    std::string message = io::text_at(value, "message");
    for (auto at = message.find(target_.token); at != std::string::npos; at = message.find(target_.token))
      message.replace(at, target_.token.size(), "***");
    return message.empty() ? "" : " (" + one_line(cut_text(message, 200)) + ")";
  }

  static const char* advice(long status) {
    switch (status) {
      case 401:
        return ": the token in GITHUB_TOKEN is not accepted";
      case 403:
        return ": the token may not do this; a workflow needs `permissions: pull-requests: write`, and has "
               "it "
               "not for a pull request from a fork";
      case 404:
        return ": no such pull request, or the token does not see it";
      default:
        return "";
    }
  }

  Poster& poster_;
  const GithubTarget& target_;
};

}  // namespace

void put_comment(Poster& poster, const GithubTarget& target, const std::string& marker,
                 const std::string& text) {
  Comments(poster, target).put(marker, text);
}

}  // namespace orchestrator
