// What git itself is told on this account, asked of the program git: passwords by its credential helpers, and
// the CA that its configuration names. Only for whoever the account belongs to. Where there is no git, nobody
// is asked and nothing is found. Child process.
#pragma once

#include <optional>
#include <string>

#include "images/checkout/checkout.h"
#include "images/checkout/url_rules.h"

namespace images::checkout {

// `git credential fill` for that address; no terminal and no window asks a person. Nothing is told to the
// helpers afterwards: what they keep stays as it is.
std::optional<GitCredential> own_credential(const HttpsUrl& url);

// http.sslCAInfo, or http.<url>.sslCAInfo where that fits; empty: none.
std::string own_ca_file(const std::string& url);

// `text` without the passwords that own_credential() has given.
std::string without_own_passwords(std::string text);

}  // namespace images::checkout
