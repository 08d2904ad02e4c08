// Which of a server's references to fetch for what a person asked. Pure, but libgit2 must have been started:
// it knows which names are possible.
#pragma once

#include <string>
#include <vector>

#include "sandbox/io/error.h"

namespace images::checkout {

struct AdvertisedRef {
  std::string name;    // "HEAD", "refs/heads/main", "refs/tags/v1", "refs/tags/v1^{}"
  std::string oid;     // hex
  std::string symref;  // of HEAD: the branch it names, where the server says so
};

struct RefChoice {
  std::vector<std::string> refspecs;  // tags of the same commit included
  std::string oid;                    // the commit or tag object; empty when only a full fetch can tell
  std::string branch;                 // "refs/heads/main" when a branch was meant
  std::string shown;                  // for people: what was asked, or the default branch's name
  bool exact_commit =
      false;  // `oid` is a full id that no advertised name leads to: a server may refuse to give it
};

// Where the fetched object is found afterwards, whatever it was called.
inline constexpr const char* kWantedRef = "refs/orchestrator/wanted";

// Throws io::RequestError when `ref` cannot be anything on that server, with near names.
RefChoice choose_ref(const std::vector<AdvertisedRef>& advertised, const std::string& ref,
                     const std::string& url);

// "; did you mean 'main' or 'maint'?", or nothing.
std::string near_names(const std::vector<std::string>& names, const std::string& wanted);

// To be thrown for a ref that is none of `names`: with near ones, or with what an abbreviated commit lacks.
io::RequestError unknown_ref(const std::string& ref, const std::string& where,
                             const std::vector<std::string>& names);

bool is_hex_prefix(const std::string& text);  // 4 to 40 hex digits

}  // namespace images::checkout
