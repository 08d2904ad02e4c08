// Who may do what: bearer tokens, of which only hashes are kept. A token has 256 random bits, so that one
// round of SHA-256 is enough, and its hash cannot be tried out.
//
// The file: a token a line, "NAME SCOPE[,SCOPE…] SHA256-HEX"; '#' begins a comment.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace orchestrator {

enum Scope : unsigned {
  may_submit = 1,  // hand in jobs, cancel and retry one's own
  may_read = 2,    // look at all jobs
  may_work = 4,    // take jobs and report results
  may_admin = 8,   // everything
};

// "submit or read": one of them is needed.
std::string scopes_said(unsigned scopes);

struct Caller {
  std::string name;  // the token's; "local" for whoever needs none
  unsigned scopes = 0;
  bool here = false;  // sits on this host: a Unix socket, or a loopback connection to a server without tokens
  bool may(Scope scope) const { return (scopes & (scope | may_admin)) != 0; }
};

class Tokens {
 public:
  Tokens() = default;
  // Throws io::RequestError that names file and line. An empty file is a mistake: it would let nobody in.
  static Tokens read(const std::string& file);

  bool empty() const { return known_.empty(); }
  // `authorization` as in the header: "Bearer TOKEN", in any case, or the token alone. Takes the same time
  // for each wrong token.
  std::optional<Caller> find(std::string_view authorization) const;

 private:
  struct Known {
    std::string name;
    unsigned scopes;
    std::string hash;
  };
  std::vector<Known> known_;
};

struct NewToken {
  std::string token;  // to be told once
  std::string line;   // for the file
};
// Throws io::RequestError for a name or scope that cannot be.
NewToken make_token(const std::string& name, const std::string& scopes);

}  // namespace orchestrator
