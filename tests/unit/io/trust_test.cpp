#include "sandbox/io/trust.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <map>
#include <optional>

namespace io {
namespace {

// As if the environment said nothing of trust.
class TrustAdvice : public ::testing::Test {
 protected:
  TrustAdvice() {
    for (const char* name : {"GIT_SSL_CAINFO", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"}) {
      const char* value = ::getenv(name);
      before_[name] = value ? std::optional<std::string>(value) : std::nullopt;
      ::unsetenv(name);
    }
  }
  ~TrustAdvice() override {
    for (const auto& [name, value] : before_)
      value ? ::setenv(name.c_str(), value->c_str(), 1) : ::unsetenv(name.c_str());
  }

 private:
  std::map<std::string, std::optional<std::string>> before_;
};

TEST_F(TrustAdvice, SaysHowToNameABundleWhereNobodyDid) {
  EXPECT_EQ(trust_advice(""), "name the bundle of your CA by --ca-file or the variable SSL_CERT_FILE");
  ::setenv("SSL_CERT_FILE", "", 1);
  EXPECT_EQ(trust_advice(""), "name the bundle of your CA by --ca-file or the variable SSL_CERT_FILE");
}

TEST_F(TrustAdvice, NamesTheBundleInUseAndWhatNamedIt) {
  ::setenv("SSL_CERT_FILE", "/a.pem", 1);
  EXPECT_EQ(trust_advice(""),
            "the bundle in use is /a.pem, named by the variable SSL_CERT_FILE: your CA must be in it, or in "
            "one that --ca-file names");
  EXPECT_EQ(trust_advice("/b.pem"), "the bundle in use is /b.pem, named by --ca-file: your CA must be in it");
  EXPECT_EQ(trust_advice("/b.pem", "git's http.sslCAInfo"),
            "the bundle in use is /b.pem, named by git's http.sslCAInfo: your CA must be in it");
}

TEST_F(TrustAdvice, SaysWhichVariableHadNoEffect) {
  ::setenv("SSL_CERT_FILE", "/a.pem", 1);
  ::setenv("GIT_SSL_CAINFO", "/git.pem", 1);
  EXPECT_EQ(trust_advice(""),
            "the bundle in use is /git.pem, named by the variable GIT_SSL_CAINFO, which goes before "
            "SSL_CERT_FILE: your CA must be in it, or in one that --ca-file names");
  ::setenv("CURL_CA_BUNDLE", "/curl.pem", 1);
  EXPECT_NE(trust_advice("").find("goes before CURL_CA_BUNDLE and SSL_CERT_FILE:"), std::string::npos);
}

TEST_F(TrustAdvice, NamesTheFolderInUse) {
  ::setenv("SSL_CERT_DIR", "/certs", 1);
  EXPECT_EQ(
      trust_advice(""),
      "the certificates in use are those in /certs, named by the variable SSL_CERT_DIR; name the bundle "
      "of your CA by --ca-file or the variable SSL_CERT_FILE");
}

}  // namespace
}  // namespace io
