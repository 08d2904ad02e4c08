#include "images/checkout/ca_file.h"

#include <gtest/gtest.h>

#include "sandbox/io/error.h"
#include "tests/unit/checkout/scratch.h"

namespace images {
namespace {

// What the person is told; "" when the file will do.
std::string complaint(const std::string& path) {
  try {
    check_ca_file("--ca-file", path);
  } catch (const io::RequestError& error) {
    return error.what();
  }
  return "";
}

class CaFile : public testing::Test {
 protected:
  void make_certificate() {
    const Ran made = shell("cd '" + scratch_.path() +
                           "' && openssl req -x509 -days 2 -subj /CN=ca -newkey ec -pkeyopt "
                           "ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.pem");
    ASSERT_EQ(made.exit_code, 0) << made.output;
  }
  Scratch scratch_;
};

TEST_F(CaFile, WithACertificateWillDoWhateverElseItHolds) {
  make_certificate();
  EXPECT_EQ(complaint(scratch_.path("ca.pem")), "");
  scratch_.write("bundle.pem",
                 "# the CA of this place\n" + scratch_.read("ca.key") + scratch_.read("ca.pem"));
  EXPECT_EQ(complaint(scratch_.path("bundle.pem")), "");
}

TEST_F(CaFile, ThatCannotBeReadSaysWhy) {
  EXPECT_EQ(complaint(scratch_.path("none.pem")), "--ca-file: the file '" + scratch_.path("none.pem") +
                                                      "' cannot be read: No such file or directory");
  EXPECT_EQ(complaint(scratch_.path()),
            "--ca-file: the file '" + scratch_.path() + "' cannot be read: Is a directory");
  EXPECT_EQ(complaint("/dev/zero"), "--ca-file: the file '/dev/zero' cannot be read: Invalid argument");
}

TEST_F(CaFile, WithoutACertificateIsRefused) {
  make_certificate();
  const std::string whole = scratch_.read("ca.pem");
  for (const std::string& content : {std::string(), std::string("hello\n"), scratch_.read("ca.key"),
                                     whole.substr(0, whole.size() / 2), std::string(5000, '\0')}) {
    scratch_.write("wrong.pem", content);
    EXPECT_EQ(complaint(scratch_.path("wrong.pem")),
              "--ca-file: the file '" + scratch_.path("wrong.pem") +
                  "' holds no certificate as PEM (-----BEGIN CERTIFICATE-----)")
        << content;
  }
}

TEST_F(CaFile, OfManyMegabytesIsRefusedWithoutReadingIt) {
  scratch_.write("large.pem", "");
  shell("truncate -s 9M '" + scratch_.path("large.pem") + "'");
  EXPECT_EQ(complaint(scratch_.path("large.pem")),
            "--ca-file: the file '" + scratch_.path("large.pem") +
                "' is larger than 8 MiB: it is no bundle of certificates");
}

}  // namespace
}  // namespace images
