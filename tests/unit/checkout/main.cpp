// The checkout starts its own binary as a child, so this one must know the child's mode too.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string_view>

#include "images/checkout/checkout.h"

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == images::kCheckoutChild) return images::checkout_child_main();
  // What this host needs to reach others would lead the tests away from their own server.
  for (const char* name :
       {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY", "SSL_CERT_FILE",
        "SSL_CERT_DIR", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "GIT_CONFIG_GLOBAL", "SSH_AUTH_SOCK"})
    ::unsetenv(name);
  ::setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
  ::setenv("HOME", "/nonexistent", 1);  // and a person's own ignore rules are not theirs
  ::unsetenv("XDG_CONFIG_HOME");
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
