#include "images/checkout/transports.h"

#include <cstdlib>

#include "images/checkout/git_https.h"
#include "images/checkout/git_ssh.h"
#include "images/checkout/libgit2_fetch.h"
#include "images/checkout/own_git_settings.h"

namespace images::checkout {
namespace {

bool is_own_https(const CheckoutRequest& request) {
  return request.access.own_settings && request.allowed_hosts.empty() && !is_ssh_form(request.repo);
}

// As git has it: its variable before its configuration.
std::string ca_file_for(const CheckoutRequest& request) {
  const char* said = std::getenv("GIT_SSL_CAINFO");
  if (!request.ca_file.empty() || (said && *said) || !is_own_https(request)) return request.ca_file;
  return own_ca_file(request.repo);
}

HttpsSettings https_settings(const CheckoutRequest& request) {
  HttpsSettings settings{request.credential, ca_file_for(request), request.max_bytes, request.allowed_hosts,
                         nullptr};
  if (request.ca_file.empty()) settings.ca_file_by = "git's http.sslCAInfo";
  const std::string& host = request.access.host;
  if (!request.credential && is_own_https(request) && !host.empty())
    settings.ask_credential = [host](const HttpsUrl& url) {
      return url.is_host(host) ? own_credential(url) : std::nullopt;
    };
  return settings;
}

SshSettings ssh_settings(const CheckoutRequest& request) {
  return {request.access, request.scratch + "/ssh.log", request.max_bytes, request.allowed_hosts};
}

}  // namespace

Transports::Transports(const CheckoutRequest& request)
    : https_(https_settings(request)), ssh_(ssh_settings(request)) {
  if (request.access.git_program.empty()) return;
  if (!request.allowed_hosts.empty())
    throw io::RequestError(
        "the program git goes where its configuration sends it: it fetches nothing that somebody from "
        "elsewhere names");
  git_ = std::make_unique<GitProgram>(request, ssh_);
}

std::unique_ptr<Fetch> Transports::fetch(git_repository* repository, const std::string& folder,
                                         const std::string& url, const Progress& progress) {
  if (is_ssh_form(url)) ssh_.check_allowed(parse_ssh(url));
  if (git_) return git_->fetch(folder, url, progress);
  std::unique_ptr<GitTransport> transport;
  if (is_ssh_form(url))
    transport = std::make_unique<GitSsh>(ssh_, url);
  else
    transport = std::make_unique<GitHttps>(https_);
  return std::make_unique<Libgit2Fetch>(std::move(transport), repository, url, progress);
}

}  // namespace images::checkout
