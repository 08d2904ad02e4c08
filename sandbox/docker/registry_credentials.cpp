#include "sandbox/docker/registry_credentials.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "sandbox/docker/docker_contexts.h"
#include "sandbox/io/child.h"

namespace sandbox::docker {
namespace {

constexpr std::streamsize kMostAnswered = 1 << 20;  // of one file
constexpr std::size_t kMostSaid = 200;              // of what a helper says
// How each helper of docker says that it has none; see docker-credential-helpers.
constexpr const char* kNotFound = "credentials not found";

std::string environment_variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// A place where credentials may be kept.
struct Place {
  std::string name;  // for people
  std::string path;  // of a file; empty: `text` is what would be in it
  std::string text = {};
};

std::vector<std::string> podmans_files() {
  const std::string runtime = environment_variable("XDG_RUNTIME_DIR"),
                    config = environment_variable("XDG_CONFIG_HOME"), home = environment_variable("HOME");
  std::vector<std::string> files;
  files.push_back((runtime.empty() ? fmt::format("/run/containers/{}", getuid()) : runtime + "/containers") +
                  "/auth.json");
  if (!config.empty())
    files.push_back(config + "/containers/auth.json");
  else if (!home.empty())
    files.push_back(home + "/.config/containers/auth.json");
  return files;
}

std::vector<Place> places() {
  std::vector<Place> all;
  if (std::string text = environment_variable("DOCKER_AUTH_CONFIG"); !text.empty())
    all.push_back({"the variable DOCKER_AUTH_CONFIG", "", std::move(text)});
  const auto add_file = [&](const std::string& path) { all.push_back({path, path}); };
  const std::string podmans = environment_variable("REGISTRY_AUTH_FILE");
  if (!podmans.empty()) add_file(podmans);
  if (const std::string folder = docker_folder(); !folder.empty()) add_file(folder + "/config.json");
  if (podmans.empty())
    for (const auto& path : podmans_files()) add_file(path);
  return all;
}

// The file's text; nothing when there is no such file. Throws std::system_error when it cannot be read.
std::optional<std::string> read(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  if (!file) throw std::system_error(errno, std::generic_category());
  std::string text(static_cast<std::size_t>(kMostAnswered) + 1, '\0');
  file.read(text.data(), kMostAnswered + 1);
  if (file.bad()) throw std::system_error(errno, std::generic_category());
  if (file.gcount() > kMostAnswered) throw std::system_error(EFBIG, std::generic_category());
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

// The first line of what a helper says about its failure. One that prints a document by mistake may print a
// secret.
std::string words_of(const io::ChildResult& result) {
  const auto start = result.output.find_first_not_of(" \t\r\n");
  std::string text = start == std::string::npos ? result.errors : result.output.substr(start);
  text = text.substr(0, std::min(text.find_first_of("\r\n"), kMostSaid));
  if (text.find_first_of("{[") != std::string::npos) return "";
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = '?';
  return text;
}

std::string how_it_ended(const io::ChildResult& result, std::chrono::milliseconds time) {
  if (result.deadline_passed)
    return fmt::format("did not answer within {} s", static_cast<double>(time.count()) / 1000);
  if (result.signal != 0) return fmt::format("was ended by signal {}", result.signal);
  if (result.exit_code == 0) return "answered with something that is no credential";
  const std::string words = words_of(result);
  return fmt::format("failed with exit code {}{}", result.exit_code, words.empty() ? "" : ": " + words);
}

// Goes from place to place; a helper interrupts the way until it has answered.
class Search : public std::enable_shared_from_this<Search> {
 public:
  Search(io::Loop& loop, ImageName image, std::function<void(CredentialAnswer)> done,
         std::chrono::milliseconds helper_time)
      : loop_(loop),
        image_(std::move(image)),
        done_(std::move(done)),
        helper_time_(helper_time),
        places_(places()) {}

  void go_on() {
    while (next_ < places_.size())
      if (ask(places_[next_++])) return;
    finish();
  }

  void let_go() {
    done_ = nullptr;
    helper_.reset();
  }

 private:
  // True: nothing more is to be asked now.
  bool ask(const Place& place) {
    const auto file = parsed(place);
    if (!file) return false;
    AuthEntry entry = find_auth(*file, image_);
    if (!entry.wrong.empty()) trouble(place.name + ": " + entry.wrong);
    if (!entry.helper.empty()) return ask_helper(place, entry);
    if (!entry.credential) return false;
    answer_.credential = std::move(entry.credential);
    answer_.origin = place.name;
    finish();
    return true;
  }

  std::optional<nlohmann::json> parsed(const Place& place) {
    std::optional<std::string> text = place.text;
    try {
      if (!place.path.empty()) text = read(place.path);
    } catch (const std::system_error& error) {
      trouble(fmt::format("{} cannot be read: {}", place.name, error.code().message()));
      return std::nullopt;
    }
    if (!text) return std::nullopt;
    auto json = nlohmann::json::parse(*text, nullptr, false);
    if (json.is_object()) return json;
    trouble(place.name + " is no JSON object");
    return std::nullopt;
  }

  bool ask_helper(const Place& place, const AuthEntry& entry) {
    const std::string program = "docker-credential-" + entry.helper;
    const std::string name = fmt::format("{} (by {})", program, place.name);
    if (entry.helper.find('/') != std::string::npos) {
      trouble(name + " is no name of a program");
      return false;
    }
    io::ChildSpec spec;
    spec.argv = {program, "get"};
    spec.env = io::own_environment();
    spec.stdin_text = entry.server;
    spec.deadline = helper_time_;
    try {
      helper_ =
          io::spawn(loop_, std::move(spec), [this, name, server = entry.server](io::ChildResult result) {
            const auto keep_alive = shared_from_this();
            helper_answered(name, server, result);
          });
    } catch (const std::system_error& error) {
      trouble(fmt::format("{} cannot be started: {}", name, error.code().message()));
      return false;
    }
    return true;
  }

  void helper_answered(const std::string& name, const std::string& server, const io::ChildResult& result) {
    if (result.exit_code == 0) answer_.credential = credential_of_helper(result.output, server);
    if (answer_.credential) {
      answer_.origin = name;
      return finish();
    }
    const bool has_none = (result.output + result.errors).find(kNotFound) != std::string::npos;
    if (!has_none) trouble(fmt::format("{} {}", name, how_it_ended(result, helper_time_)));
    go_on();
  }

  void trouble(std::string sentence) { answer_.troubles.push_back(std::move(sentence)); }

  void finish() {
    const auto done = std::exchange(done_, nullptr);
    if (done) done(std::move(answer_));
  }

  io::Loop& loop_;
  const ImageName image_;
  std::function<void(CredentialAnswer)> done_;
  const std::chrono::milliseconds helper_time_;
  const std::vector<Place> places_;
  std::size_t next_ = 0;
  std::unique_ptr<io::Child> helper_;
  CredentialAnswer answer_;
};

class Handle : public CredentialSearch {
 public:
  explicit Handle(std::shared_ptr<Search> search) : search_(std::move(search)) {}
  ~Handle() override { search_->let_go(); }

 private:
  std::shared_ptr<Search> search_;
};

}  // namespace

std::unique_ptr<CredentialSearch> find_credential(io::Loop& loop, const ImageName& image,
                                                  std::function<void(CredentialAnswer)> done,
                                                  std::chrono::milliseconds helper_time) {
  auto search = std::make_shared<Search>(loop, image, std::move(done), helper_time);
  loop.post([weak = std::weak_ptr(search)] {
    if (const auto alive = weak.lock()) alive->go_on();
  });
  return std::make_unique<Handle>(std::move(search));
}

}  // namespace sandbox::docker
