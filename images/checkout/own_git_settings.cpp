#include "images/checkout/own_git_settings.h"

#include <sstream>
#include <vector>

#include "images/checkout/child_program.h"
#include "sandbox/io/error.h"

namespace images::checkout {
namespace {

constexpr std::size_t kLongestAnswer = 64u << 10;
// An empty GIT_ASKPASS keeps git from all other programs that ask.
const std::vector<std::string> kNobodyIsAsked{"GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=", "SSH_ASKPASS="};

// This process serves one request, and what it was given must be in none of its messages.
std::vector<std::string>& passwords() {
  static std::vector<std::string> all;
  return all;
}

// Its stdout when it ends well.
std::optional<std::string> ask_git(std::vector<std::string> words, const std::string& input) try {
  words.insert(words.begin(), "git");
  ChildProgram git({std::move(words), kNobodyIsAsked, nullptr});
  git.write(input);
  git.close_input();
  std::string answer = git.read_all(kLongestAnswer);
  if (git.wait() != 0) return std::nullopt;
  return answer;
} catch (const io::HostError&) {  // no git, or a helper that hangs: as if there were no helper
  return std::nullopt;
}

// "owner/project.git" of "https://host/owner/project.git/info/refs?service=…".
std::string repository_path(const std::string& url) {
  const std::size_t start = url.find('/', url.find("://") + 3);
  if (start == std::string::npos) return {};
  return url.substr(start + 1, url.find("/info/") - start - 1);
}

}  // namespace

std::optional<GitCredential> own_credential(const HttpsUrl& url) {
  const bool is_v6 = url.host.find(':') != std::string::npos;
  const std::string name = is_v6 ? "[" + url.host + "]" : url.host;
  const std::string host = url.port == 443 ? name : name + ":" + std::to_string(url.port);
  const auto answer = ask_git({"credential", "fill"}, "protocol=https\nhost=" + host +
                                                          "\npath=" + repository_path(url.text) + "\n\n");
  if (!answer) return std::nullopt;
  GitCredential credential{.host = host, .origin = "what git's credential helper gave"};
  std::istringstream lines(*answer);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("username=")) credential.username = line.substr(9);
    if (line.starts_with("password=")) credential.token = line.substr(9);
  }
  if (credential.token.empty()) return std::nullopt;
  passwords().push_back(credential.token);
  return credential;
}

std::string own_ca_file(const std::string& url) {
  auto answer = ask_git({"config", "--type=path", "--get-urlmatch", "http.sslCAInfo", url}, "");
  if (!answer) return {};
  while (answer->ends_with('\n')) answer->pop_back();
  return *answer;
}

std::string without_own_passwords(std::string text) {
  for (const std::string& password : passwords())
    for (std::size_t at = text.find(password); at != std::string::npos; at = text.find(password, at + 3))
      text.replace(at, password.size(), "***");
  return text;
}

}  // namespace images::checkout
