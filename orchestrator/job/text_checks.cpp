#include "orchestrator/job/text_checks.h"

#include <algorithm>

#include "images/toolchains/all_toolchains.h"
#include "orchestrator/job/image_reference.h"
#include "orchestrator/job/quoted.h"
#include "orchestrator/job/variation.h"
#include "sandbox/execution.h"

namespace orchestrator {
namespace {

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

bool has_blank(std::string_view text) {
  return has_control(text) || text.find(' ') != std::string_view::npos;
}

bool only_blanks(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

// A framework by a part of its name: "jest" for "typescript-jest".
std::string framework_like(const std::string& word) {
  for (const auto& known : known_frameworks()) {
    const auto dash = known.find('-');
    if (dash != std::string::npos && known.substr(dash + 1) == word) return known;
  }
  return nearest(word, known_frameworks());
}

}  // namespace

const std::vector<std::string>& known_frameworks() {
  static const std::vector<std::string> names = images::toolchain_names();
  return names;
}

std::string check_repo(const std::string& repo) {
  if (only_blanks(repo)) return "Repository URL is required";
  constexpr std::size_t kLongest = 4096;
  if (has_control(repo) || repo.front() == '-' || repo.size() > kLongest) {
    return "Invalid repository URL or path: " + in_quotes(without_userinfo(repo));
  }
  return "";
}

std::string check_ref(const std::string& ref) {
  constexpr std::size_t kLongest = 1024;
  if (ref.empty()) return "ref is empty; leave it out for the default branch";
  if (has_blank(ref) || ref.front() == '-' || ref.size() > kLongest) {
    return "ref " + in_quotes(ref) + " is no name of a branch, tag or commit";
  }
  return "";
}

std::string check_base(const std::string& base) {
  return base.empty() ? "only_changed needs the branch, tag or commit to compare with" : check_ref(base);
}

std::optional<std::string> normalised_subdir(std::string_view subdir) {
  if (!subdir.empty() && subdir.front() == '/') return std::nullopt;
  std::string path;
  while (!subdir.empty()) {
    const auto end = std::min(subdir.find('/'), subdir.size());
    const std::string_view part = subdir.substr(0, end);
    subdir.remove_prefix(std::min(end + 1, subdir.size()));
    if (part == "..") return std::nullopt;
    if (part.empty() || part == ".") continue;
    if (!path.empty()) path += '/';
    path += part;
  }
  return path;
}

std::string check_subdir(const std::string& subdir) {
  if (has_control(subdir)) return "subdir " + in_quotes(subdir) + " holds a control character";
  if (!normalised_subdir(subdir)) {
    return "subdir leaves the tree: " + in_quotes(subdir) +
           "; it is a folder inside the repository, without '..'";
  }
  return "";
}

std::string check_image(const std::string& image) {
  if (image.empty()) return "image is empty; leave it out for the default image";
  const std::string wrong = check_image_reference(image);
  return wrong.empty() ? "" : "image " + in_quotes(image) + " " + wrong;
}

std::string check_dockerfile(const std::string& path) {
  const auto inside = normalised_subdir(path);
  if (has_control(path) || !inside || inside->empty()) {
    return "dockerfile " + in_quotes(path) + " is no path of a file inside the repository";
  }
  return "";
}

std::string check_framework(const std::string& name) {
  const auto& known = known_frameworks();
  if (std::find(known.begin(), known.end(), name) != known.end()) return "";
  const std::string near = framework_like(name);
  if (!near.empty()) return "framework " + in_quotes(name) + " is not known" + did_you_mean(near);
  std::string all;
  for (const auto& word : known) all += (all.empty() ? "" : ", ") + word;
  return "framework " + in_quotes(name) + " is not known; known are " + all;
}

std::string check_pull(const std::string& when) {
  static const std::vector<std::string> known = {"missing", "always", "never"};
  if (std::find(known.begin(), known.end(), when) != known.end()) return "";
  return "pull must be missing, always or never, not " + in_quotes(when) + did_you_mean(nearest(when, known));
}

std::string check_network(const std::string& name) {
  static const std::vector<std::string> known = {"none", "internal", "bridge"};
  if (std::find(known.begin(), known.end(), name) != known.end()) return "";
  return "network must be none, internal or bridge, not " + in_quotes(name) +
         did_you_mean(nearest(name, known));
}

sandbox::Network network_of(const std::string& name) {
  if (name == "internal") return sandbox::Network::internal;
  if (name == "bridge") return sandbox::Network::bridge;
  return sandbox::Network::none;
}

std::string check_vary(const std::string& value) {
  if (value == "none" || value == "auto" || parse_shares(value)) return "";
  return "vary must be none, auto or shares of written, reverse, shuffle and repeat as in \"" +
         std::string(kAutoShares) + "\", not " + in_quotes(value);
}

std::string check_order(const std::string& value) {
  static const std::vector<std::string> known = {"written", "reversed", "shuffled"};
  if (std::find(known.begin(), known.end(), value) != known.end()) return "";
  return "order must be written, reversed or shuffled, not " + in_quotes(value) +
         did_you_mean(nearest(value, known));
}

std::string check_rate(const std::string& value) {
  return parse_rate(value) ? ""
                           : "until_sure must be a rate as in \"5%\" or \"0.05\", not " + in_quotes(value);
}

std::string check_variable_name(const std::string& name) {
  const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; };
  const bool fine = !name.empty() && letter(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9');
  });
  return fine ? ""
              : in_quotes(name) +
                    " is no name of an environment variable: letters, digits and '_', no digit first";
}

std::string check_attempt_variable(const std::string& name) {
  if (auto sentence = check_variable_name(name); !sentence.empty()) return sentence;
  if (name == "TEST_SEED")
    return "'TEST_SEED' is each attempt's own: it comes from the job seed, which --seed or seed sets";
  if (name == "ATTEMPT") return "'ATTEMPT' is each attempt's own: its number";
  if (name.starts_with("ORCHESTRATOR_"))
    return in_quotes(name) + " cannot be set in an attempt: names that begin with ORCHESTRATOR_ are ours";
  return "";
}

bool is_utf8(std::string_view text) {
  try {
    nlohmann::json(text).dump();
    return true;
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

std::string check_results_glob(const std::string& glob) {
  if (only_blanks(glob)) return "must not hold an empty text";
  if (has_control(glob)) return "results " + in_quotes(glob) + " holds a control character";
  if (glob.size() > sandbox::kMaxResultGlob)
    return "results holds a glob of more than " + std::to_string(sandbox::kMaxResultGlob) + " bytes";
  return "";
}

std::string check_not_empty(const std::string& text) {
  return only_blanks(text) ? "must not hold an empty text" : "";
}

std::string check_command(const TestCommand& command) {
  const bool missing = command.words.empty() ? only_blanks(command.line) : command.words.front().empty();
  return missing ? "Test command is required" : "";
}

}  // namespace orchestrator
