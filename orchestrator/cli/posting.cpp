#include "orchestrator/cli/posting.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "orchestrator/report/markdown_writer.h"
#include "sandbox/io/error.h"
#include "sandbox/io/json_text.h"

namespace orchestrator {
namespace {

using nlohmann::json;

std::string value_of(const GetEnv& getenv, const char* name) { return getenv(name).value_or(""); }

// A secret's variable; nullopt and a note when it is set to nothing.
std::optional<std::string> secret_of(const GetEnv& getenv, const char* flag, const char* name,
                                     std::vector<std::string>& notes) {
  auto value = getenv(name);
  if (!value) throw io::RequestError(fmt::format("{}: the environment has no variable {}", flag, name));
  while (!value->empty() && std::isspace(static_cast<unsigned char>(value->back()))) value->pop_back();
  if (value->empty()) {
    notes.push_back(
        fmt::format("{}: not posted: {} is empty, as secrets are in a pull request from a fork", flag, name));
    return std::nullopt;
  }
  const auto printable = [](unsigned char c) { return c > 0x20 && c < 0x7F; };
  if (!std::all_of(value->begin(), value->end(), printable))
    throw io::RequestError(fmt::format("{}: {} holds characters that no such secret has", flag, name));
  return value;
}

int positive(const json& value) {
  const bool fits = value.is_number_integer() && value > 0 && value < 1'000'000'000;
  return fits ? value.get<int>() : 0;
}

// The number in the event that a workflow runs for; 0: none.
int number_in_event(const std::string& path) {
  constexpr std::uintmax_t kLargest = 25u << 20;
  std::error_code error;
  if (path.empty() || std::filesystem::file_size(path, error) > kLargest || error) return 0;
  std::ifstream file(path, std::ios::binary);
  const json event = json::parse(file, nullptr, false);
  const auto at = [&](const char* pointer) {
    const json::json_pointer where(pointer);
    return event.is_object() && event.contains(where) ? positive(event.at(where)) : 0;
  };
  if (const int number = at("/pull_request/number")) return number;
  if (const int number = at("/workflow_run/pull_requests/0/number")) return number;
  const bool of_a_pull_request =
      event.is_object() && event.contains(json::json_pointer("/issue/pull_request"));
  return of_a_pull_request ? at("/issue/number") : 0;
}

// "refs/pull/12/merge" → 12; 0 for anything else.
int number_in_ref(const std::string& ref) {
  constexpr std::string_view kStart = "refs/pull/";
  if (!ref.starts_with(kStart)) return 0;
  const std::string digits = ref.substr(kStart.size(), ref.find('/', kStart.size()) - kStart.size());
  const bool number =
      !digits.empty() && digits.size() < 10 && digits.find_first_not_of("0123456789") == std::string::npos;
  return number ? std::stoi(digits) : 0;
}

int pull_request_of(const CommandLine& options, const GetEnv& getenv) {
  if (options.pull_request > 0) return options.pull_request;
  if (const int number = number_in_event(value_of(getenv, "GITHUB_EVENT_PATH"))) return number;
  return number_in_ref(value_of(getenv, "GITHUB_REF"));
}

bool is_repository(const std::string& text) {
  const auto slash = text.find('/');
  const auto fits = [](unsigned char c) {
    return std::isalnum(c) || c == '.' || c == '-' || c == '_' || c == '/';
  };
  return slash != std::string::npos && slash > 0 && slash + 1 < text.size() &&
         text.find('/', slash + 1) == std::string::npos && text.size() < 200 &&
         text.find("..") == std::string::npos && std::all_of(text.begin(), text.end(), fits);
}

void gather_github(const CommandLine& options, const GetEnv& getenv, PostSettings& settings) {
  GithubTarget target;
  const auto token = secret_of(getenv, "--post-github", "GITHUB_TOKEN", settings.notes);
  target.repository = value_of(getenv, "GITHUB_REPOSITORY");
  if (!is_repository(target.repository))
    throw io::RequestError("--post-github: the variable GITHUB_REPOSITORY must be as in owner/project");
  if (const std::string api = value_of(getenv, "GITHUB_API_URL"); !api.empty()) target.api = api;
  while (target.api.ends_with('/')) target.api.pop_back();
  check_post_url("--post-github: GITHUB_API_URL", target.api);
  target.pull_request = pull_request_of(options, getenv);
  if (target.pull_request == 0) {
    settings.notes.push_back("--post-github: not posted: this is no pull request; --pr N names one");
    return;
  }
  if (!token) return;
  target.token = *token;
  settings.github = std::move(target);
}

RunPlace place_of_run(const GetEnv& getenv) {
  const auto first = [&](const char* one, const char* other) {
    const std::string value = value_of(getenv, one);
    return value.empty() ? value_of(getenv, other) : value;
  };
  RunPlace place;
  place.repository = first("GITHUB_REPOSITORY", "CI_PROJECT_PATH");
  place.ref = first("GITHUB_HEAD_REF", "GITHUB_REF_NAME");
  if (place.ref.empty()) place.ref = value_of(getenv, "CI_COMMIT_REF_NAME");
  place.url = value_of(getenv, "CI_JOB_URL");
  const std::string server = value_of(getenv, "GITHUB_SERVER_URL"), run = value_of(getenv, "GITHUB_RUN_ID");
  if (!server.empty() && !run.empty())
    place.url = fmt::format("{}/{}/actions/runs/{}", server, place.repository, run);
  return place;
}

void post_slack(Poster& poster, const PostSettings& settings, const Report& report) {
  io::HttpRequest request;
  request.method = "POST";
  request.url = settings.slack_url;
  request.headers = {"Content-Type: application/json", "User-Agent: orchestrator"};
  request.body = io::json_text(slack_message(report, settings.place));
  const auto answer = poster.send(std::move(request), Again::when_not_done);
  // What it says in words is not repeated: it could hold the address, which is a secret.
  if (answer.status != 200) throw PostError(fmt::format("Slack answers {}", answer.status));
}

template <class Fn>
void attempt_to_post(const char* flag, std::vector<std::string>& warnings, Fn post) {
  try {
    post();
  } catch (const PostError& error) {
    warnings.push_back(fmt::format("{}: not posted: {}", flag, error.what()));
  } catch (const std::exception&) {
    warnings.push_back(fmt::format("{}: not posted: something unforeseen went wrong", flag));
  }
}

}  // namespace

PostSettings gather_posting(const CommandLine& options, const GetEnv& getenv) {
  PostSettings settings;
  settings.place = place_of_run(getenv);
  if (options.post_github) gather_github(options, getenv, settings);
  if (options.post_slack)
    if (const auto url = secret_of(getenv, "--post-slack", "SLACK_WEBHOOK_URL", settings.notes)) {
      check_post_url("--post-slack: SLACK_WEBHOOK_URL", *url);
      settings.slack_url = *url;
    }
  return settings;
}

std::vector<std::string> post_report(Poster& poster, const PostSettings& settings, const Report& report,
                                     const Spool& spool) {
  std::vector<std::string> warnings;
  if (settings.github)
    attempt_to_post("--post-github", warnings, [&] {
      std::ostringstream text;
      write_markdown(report, spool, text);
      put_comment(poster, *settings.github, comment_marker(report), text.str());
    });
  if (!settings.slack_url.empty())
    attempt_to_post("--post-slack", warnings, [&] { post_slack(poster, settings, report); });
  return warnings;
}

}  // namespace orchestrator
