#include "sandbox/docker/pull_failure.h"

#include <fmt/format.h>

#include <array>

#include "sandbox/io/text.h"

namespace sandbox::docker {
namespace {

constexpr std::size_t kMostWords = 400;

struct Words {
  const char* part;  // in lower case
  PullTrouble trouble;
};

// The first that is found counts: "denied" stands in some messages of images that do not exist, since a
// registry does not tell strangers which of the two it is.
constexpr std::array kWords = {
    Words{"toomanyrequests", PullTrouble::rate_limit},
    Words{"too many requests", PullTrouble::rate_limit},
    Words{"unauthorized", PullTrouble::refused},
    Words{"no basic auth credentials", PullTrouble::refused},
    Words{"authentication required", PullTrouble::refused},
    Words{"denied", PullTrouble::refused},
    Words{"forbidden", PullTrouble::refused},
    Words{"x509:", PullTrouble::distrusted},
    Words{"http response to https client", PullTrouble::distrusted},
    Words{"manifest unknown", PullTrouble::absent},
    Words{"name unknown", PullTrouble::absent},
    Words{"no matching manifest", PullTrouble::absent},
    Words{"not found", PullTrouble::absent},
    Words{"invalid reference", PullTrouble::absent},
};

void mask(std::string& text, const std::string& secret) {
  if (secret.empty()) return;
  for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3))
    text.replace(at, secret.size(), "***");
}

// One line, without what was shown to the registry, should it have said that back.
std::string harmless(std::string text, const CredentialAnswer& credentials) {
  if (const auto& used = credentials.credential)
    for (const std::string* secret : {&used->password, &used->identity_token, &used->registry_token})
      mask(text, *secret);
  if (text.size() > kMostWords) text = text.substr(0, kMostWords) + "…";
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
  return text;
}

std::string what_happened(PullTrouble trouble) {
  switch (trouble) {
    case PullTrouble::refused:
      return "refuses it";
    case PullTrouble::absent:
      return "has no such image";
    case PullTrouble::rate_limit:
      return "wants fewer requests";
    case PullTrouble::distrusted:
      return "is not trusted by the engine";
    case PullTrouble::no_answer:
      break;
  }
  return "does not answer";
}

// Where a credential decides.
std::string about_credential(PullTrouble trouble, const CredentialAnswer& credentials) {
  if (trouble != PullTrouble::refused && trouble != PullTrouble::rate_limit) return "";
  if (credentials.credential) return ", asked with the credential from " + credentials.origin;
  return ", asked without a credential, since none was found";
}

std::string remedy(const ImageName& image, PullTrouble trouble, const CredentialAnswer& credentials) {
  const std::string login =
      image.is_on_docker_hub() ? "log in with: docker login" : "log in with: docker login " + image.registry;
  switch (trouble) {
    case PullTrouble::refused:
      return "check its name, or " + login;
    case PullTrouble::rate_limit:
      return credentials.credential ? "wait a while" : "wait a while, or " + login;
    case PullTrouble::distrusted:
      return fmt::format("on the engine's host put the registry's CA into /etc/docker/certs.d/{}/ca.crt",
                         image.registry);
    case PullTrouble::absent:
      return "check its name";
    case PullTrouble::no_answer:
      break;
  }
  return "";
}

}  // namespace

PullTrouble trouble_of(long status, const std::string& message) {
  const std::string text = io::lower(message);
  for (const auto& words : kWords)
    if (text.find(words.part) != std::string::npos) return words.trouble;
  if (status == 401 || status == 403) return PullTrouble::refused;
  if (status == 429) return PullTrouble::rate_limit;
  return status >= 400 && status < 500 ? PullTrouble::absent : PullTrouble::no_answer;
}

PullFailed pull_failure(const ImageName& image, PullTrouble trouble, const std::string& message,
                        const CredentialAnswer& credentials) {
  std::string reason = fmt::format("{} {}{}: {}", image.registry, what_happened(trouble),
                                   about_credential(trouble, credentials), harmless(message, credentials));
  for (const auto& each : credentials.troubles) reason += "; " + each;
  return PullFailed(reason, remedy(image, trouble, credentials));
}

}  // namespace sandbox::docker
