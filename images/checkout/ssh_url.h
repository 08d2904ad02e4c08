// Addresses of repositories that are reached by ssh, in the two forms that git knows:
// ssh://[user@]host[:port]/path and user@host:path. Pure; any thread.
//
// What they hold becomes words of a command line here and of a shell over there, so only plain names pass: no
// word that could be taken for an option, no control character. Of `host:path` without a user, which git
// takes as well, one cannot tell whether a folder is meant: it is not taken.
#pragma once

#include <string>
#include <vector>

namespace images::checkout {

struct SshUrl {
  std::string user;  // empty: as ssh's own configuration has it
  std::string host;  // lower case, or a name of ssh's own configuration; without brackets
  int port = 0;      // 0: as ssh's own configuration has it, else 22
  std::string path;  // as git-upload-pack gets it: "/srv/project.git", "owner/project.git", "~me/project"
  std::string text;  // the whole address, without a trailing '/'

  // As HttpsUrl::is_among: "host" is meant at any port, "host:port" at that one.
  bool is_among(const std::vector<std::string>& hosts) const;
  // "git.example.com", "git.example.com:2222", "[::1]:2222".
  std::string host_and_port() const;
};

// By its form alone: whether such a folder exists does not matter (./user@host:path is one).
bool is_ssh_form(const std::string& text);

// Throws io::RequestError when `url` is not of that form, holds a password, or names a refused address by
// number.
SshUrl parse_ssh(const std::string& url);

// The address in its canonical spelling, https or ssh. Throws io::RequestError for any other.
std::string checked_address(const std::string& url);

// The host of such an address, for people.
std::string host_of(const std::string& address);

}  // namespace images::checkout
