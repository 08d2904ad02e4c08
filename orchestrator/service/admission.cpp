#include "orchestrator/service/admission.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "images/checkout/ssh_url.h"
#include "images/checkout/url_rules.h"
#include "orchestrator/job/check.h"
#include "orchestrator/job/image_reference.h"
#include "orchestrator/job/quoted.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

namespace fs = std::filesystem;

bool holds(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

std::string joined(const std::vector<std::string>& list) {
  std::string text;
  for (const auto& each : list) text += (text.empty() ? "" : ", ") + each;
  return text.empty() ? "none" : text;
}

bool is_below(const std::string& folder, const std::string& root) {
  std::error_code error;
  const fs::path real = fs::weakly_canonical(folder, error);
  const fs::path top = fs::weakly_canonical(root, error);
  const auto end = std::mismatch(top.begin(), top.end(), real.begin(), real.end());
  return !error && !top.empty() && end.first == top.end();
}

// A star alone allows all. Behind anything else it stays within the registry that stands before it: "python*"
// is not "python.example.org/what/they/like".
bool matches(const std::string& pattern, const std::string& image) {
  if (pattern == "*") return true;
  if (!pattern.ends_with('*')) return pattern == image;
  const std::string start = pattern.substr(0, pattern.size() - 1);
  return image.starts_with(start) && registry_of(image) == registry_of(start);
}

std::string about_host(const std::string& repo, const Admission& admission) {
  const bool by_ssh = images::checkout::is_ssh_form(repo);
  const auto is_among = [&](const std::vector<std::string>& hosts) {
    return by_ssh ? images::checkout::parse_ssh(repo).is_among(hosts)
                  : images::checkout::parse_https(repo).is_among(hosts);
  };
  const std::string host = images::checkout::host_of(repo);
  if (!is_among(admission.repository_hosts))
    return fmt::format("repositories of '{}' are not cloned here; allowed are: {}", host,
                       joined(admission.repository_hosts));
  if (by_ssh && !is_among({admission.ssh_host}))
    return fmt::format(
        "repositories of '{}' are not cloned by ssh here: there is no key for it; use https://", host);
  return "";
}

std::string about_repository(const std::string& repo, const Admission& admission, bool here) try {
  if (is_cloned(repo)) return about_host(repo, admission);
  if (!here) return "a folder of the host cannot be named from elsewhere";
  const bool allowed = std::any_of(admission.folders.begin(), admission.folders.end(),
                                   [&](const std::string& root) { return is_below(repo, root); });
  return allowed ? "" : "this folder is not one that the operator allows (--allow-folder)";
} catch (const io::RequestError& wrong) {
  return wrong.what();
}

}  // namespace

std::vector<FieldError> refusals(const JobRequest& request, const Admission& admission, bool here) {
  std::vector<FieldError> refused;
  const auto refuse = [&](const std::string& pointer, const std::string& sentence) {
    if (!sentence.empty()) add_error(refused, {pointer, sentence, ""});
  };
  if (request.repo) refuse("/repo", about_repository(*request.repo, admission, here));
  const auto allows_image = [&](const std::string& pattern) { return matches(pattern, *request.image); };
  if (request.image && std::none_of(admission.images.begin(), admission.images.end(), allows_image))
    refuse("/image", fmt::format("the image {} is not one that the operator allows: {}",
                                 in_quotes(*request.image), joined(admission.images)));
  // Whoever names no image would have the toolchain's fetched anew, in the place of the one that is here.
  if (request.pull == "always" && !request.image && !holds(admission.images, "*"))
    refuse("/pull",
           "pull is always, and no image that the operator allows is named: name one, or leave it out");
  // Its FROM may name any image, and its limits are the engine's.
  if (request.dockerfile && !holds(admission.images, "*"))
    refuse("/dockerfile",
           "a Dockerfile may build on any image, which the operator does not allow (--allow-image '*')");
  if (request.network && !holds(admission.networks, *request.network))
    refuse("/network", fmt::format("the network '{}' is not one that the operator allows: {}",
                                   *request.network, joined(admission.networks)));
  for (const auto& name : request.secret_env)
    if (!holds(admission.secrets, name))
      refuse("/secret_env", fmt::format("the variable {} is not one that the operator hands out: {}",
                                        in_quotes(name), joined(admission.secrets)));
  if (admission.cpus > 0 && request.cpus && *request.cpus > admission.cpus)
    refuse("/limits/cpus", fmt::format("an attempt has at most {} CPUs here", admission.cpus));
  if (admission.memory_bytes > 0 && request.memory_bytes && *request.memory_bytes > admission.memory_bytes)
    refuse("/limits/memory",
           fmt::format("an attempt has at most {} bytes of memory here", admission.memory_bytes));
  return refused;
}

}  // namespace orchestrator
