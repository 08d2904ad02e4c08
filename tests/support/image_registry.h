// Debian's docker-registry on loopback, behind a password or an identity token, with images that are small
// enough to be pushed to it in no time. Needs docker-registry and htpasswd (apache2-utils). An engine takes
// plain HTTP of 127.0.0.1.
#pragma once

#include <regex>
#include <vector>

#include "tests/support/companion.h"

namespace testing_support {

class ImageRegistry {
 public:
  static constexpr const char* kUser = "reader";
  static constexpr const char* kPassword = "open-sesame-4711";

  enum class Asks { password, identity_token };

  explicit ImageRegistry(Asks asks = Asks::password) : asks_(asks) {
    shell("htpasswd -nbB " + std::string(kUser) + " " + kPassword + " > " + folder_ / "users");
    write_file(folder_ / "config.yml",
               "version: 0.1\n"
               "log: {level: info, formatter: text, accesslog: {disabled: true}}\n"
               "storage: {filesystem: {rootdirectory: " +
                   folder_ / "data" +
                   "}}\n"
                   "http: {addr: '127.0.0.1:0', secret: of-a-test}\n"
                   "auth: {" +
                   (asks == Asks::password ? "htpasswd: {realm: test, path: " + folder_ / "users"
                                           : start_token_server()) +
                   "}}\n");
    // It says on stderr where it listens; what is awaited is a line on stdout.
    const std::string log = folder_ / "log";
    write_file(log, "");
    server_.emplace(std::vector<std::string>{"sh", "-c",
                                             "(n=0; until grep -q 'listening on' \"$1\" || [ $n = 200 ]; do "
                                             "n=$((n+1)); sleep 0.05; done; echo up) & "
                                             "exec docker-registry serve \"$2\" >\"$1\" 2>&1",
                                             "sh", log, folder_ / "config.yml"});
    const std::string said = read_file(log);
    std::smatch found;
    if (!std::regex_search(said, found, std::regex("listening on (127\\.0\\.0\\.1:[0-9]+)")))
      throw std::runtime_error("docker-registry did not start: " + said);
    host_ = found[1];
    write_file(folder_ / "docker/config.json", credentials(kPassword));
  }
  ~ImageRegistry() {
    for (const auto& image : pushed_) run_command({"docker", "rmi", "-f", image});
  }
  ImageRegistry(const ImageRegistry&) = delete;
  ImageRegistry& operator=(const ImageRegistry&) = delete;

  const std::string& host() const { return host_; }
  void stop() { server_.reset(); }

  // A config.json of docker, with this password or identity token.
  std::string credentials(const std::string& secret) const {
    const nlohmann::json entry = asks_ == Asks::password
                                     ? nlohmann::json{{"username", kUser}, {"password", secret}}
                                     : nlohmann::json{{"identitytoken", secret}};
    return nlohmann::json{{"auths", {{host_, entry}}}}.dump();
  }

  // An image of which /which says `word`, pushed under that name ("app:1") and no longer at the engine.
  // Returns its digest.
  std::string push(const std::string& name, const std::string& word) {
    const std::string reference = host_ + "/" + name;
    const std::string repository = reference.substr(0, reference.rfind(':'));
    const std::string digest =
        shell("set -e; cd " + folder_.path() + "; rm -rf root; mkdir -p root/bin root/etc root/tmp; " +
              // The shell of this host, and cat, with their libraries.
              "cp -L /bin/sh /bin/cat root/bin/; for file in $(ldd /bin/sh /bin/cat | grep -o '/lib[^ ]*' | "
              "sort -u); do "
              "mkdir -p root/$(dirname $file); cp -L $file root/$file; done; "
              "echo '" +
              word + "' > root/which; echo '" + folder_.path() +
              "' > root/made-for; "
              "tar -C root -c . | docker import - " +
              reference +
              " >/dev/null; "
              "docker --config docker push -q " +
              reference +
              " >/dev/null; "
              "docker inspect --format '{{join .RepoDigests \"\\n\"}}' " +
              reference + " | sed -n 's|^" + repository + "@||p'; docker rmi " + reference + " >/dev/null");
    pushed_.push_back(reference);
    return digest.substr(0, digest.find('\n'));
  }

 private:
  // As the registry's configuration has it.
  std::string start_token_server() {
    tokens_.emplace(std::vector<std::string>{"python3", source_path("tests/support/token_server.py"),
                                             folder_.path(), "of-a-test", kPassword});
    return "token: {realm: 'http://127.0.0.1:" + tokens_->first_line() +
           "/token', service: of-a-test, issuer: of-a-test, rootcertbundle: " + folder_ / "tokens.pem";
  }

  Asks asks_;
  TemporaryFolder folder_;
  std::optional<Companion> tokens_, server_;
  std::string host_;
  std::vector<std::string> pushed_;
};

}  // namespace testing_support
