// The host's engine by longer ways than its socket: TLS with certificates on both sides, and ssh.
#pragma once

#include "tests/support/companion.h"

namespace testing_support {

inline constexpr const char* kEngineSocket = "/var/run/docker.sock";

// How an engine is reached: as in DOCKER_HOST, and what the environment says beside.
class EngineWay {
 public:
  virtual ~EngineWay() = default;
  virtual std::string url() const = 0;
  virtual std::vector<std::string> env() const = 0;
};

// An authority, and what it has signed for an engine on localhost and for a client; and another authority.
// Folders as DOCKER_CERT_PATH names them: "mine"; "nameless", without a certificate of the client's;
// "fooled", which trusts the other authority.
class Certificates {
 public:
  Certificates() {
    authority("ca");
    authority("other");
    signed_by("ca", "server", "subjectAltName=DNS:localhost,IP:127.0.0.1");
    signed_by("ca", "client", "extendedKeyUsage=clientAuth");
    std::filesystem::create_directory(folder_ / "mine");
    hand("ca.pem", "mine/ca.pem");
    hand("client.pem", "mine/cert.pem");
    hand("client.key", "mine/key.pem");
    std::filesystem::create_directory(folder_ / "nameless");
    hand("ca.pem", "nameless/ca.pem");
    std::filesystem::create_directory(folder_ / "fooled");
    hand("other.pem", "fooled/ca.pem");
    hand("client.pem", "fooled/cert.pem");
    hand("client.key", "fooled/key.pem");
  }
  std::string operator/(const std::string& name) const { return folder_ / name; }

 private:
  static std::string new_key(const std::string& file) {
    return " -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout " + file;
  }
  void authority(const std::string& name) const {
    shell("openssl req -x509 -days 2 -subj /CN=" + name + new_key(folder_ / (name + ".key")) + " -out " +
          folder_ / (name + ".pem") + " 2>&1");
  }
  void signed_by(const std::string& ca, const std::string& name, const std::string& extension) const {
    const std::string at = folder_ / name;
    write_file(at + ".ext", extension + "\n");
    shell("openssl req -subj /CN=" + name + new_key(at + ".key") + " -out " + at +
          ".csr 2>&1 && openssl x509 -req "
          "-days 2 -in " +
          at + ".csr -CA " + folder_ / (ca + ".pem") + " -CAkey " + folder_ / (ca + ".key") +
          " -CAcreateserial -extfile " + at + ".ext -out " + at + ".pem 2>&1");
  }
  void hand(const std::string& from, const std::string& to) const {
    std::filesystem::copy_file(folder_ / from, folder_ / to);
  }

  TemporaryFolder folder_;
};

class TlsWay : public EngineWay {
 public:
  std::string url() const override { return "tcp://localhost:" + proxy_.first_line(); }
  std::vector<std::string> env() const override { return env_with("mine"); }
  std::vector<std::string> env_with(const std::string& folder) const {
    return {"DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=" + files(folder)};
  }
  std::string files(const std::string& folder) const { return certificates_ / folder; }

 private:
  Certificates certificates_;
  Companion proxy_{{"python3", source_path("tests/support/engine_proxy.py"), kEngineSocket,
                    certificates_ / "ca.pem", certificates_ / "server.pem", certificates_ / "server.key"}};
};

// tests/support/ssh_server.py: the hosts that its `ssh` knows are "engine", "stranger" and "nobody".
class SshWay : public EngineWay {
 public:
  std::string url() const override { return "ssh://engine"; }
  std::vector<std::string> env() const override {
    return {"PATH=" + server_folder_ / "bin" + ":" + std::getenv("PATH"), "TMPDIR=" + temporary_.path()};
  }
  // Where this program's folders of its ssh processes are.
  const TemporaryFolder& temporary() const { return temporary_; }

 private:
  TemporaryFolder server_folder_, temporary_;
  Companion server_{{"python3", source_path("tests/support/ssh_server.py"), server_folder_.path()}};
};

}  // namespace testing_support
