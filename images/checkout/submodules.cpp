#include "images/checkout/submodules.h"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "images/checkout/path_rules.h"
#include "images/checkout/tree_hash.h"
#include "sandbox/io/text.h"

namespace images::checkout {
namespace {

constexpr int kDeepestNesting = 8;
constexpr std::size_t kMostModules = 256, kLargestGitmodules = 1 << 20;

std::string trimmed(const std::string& text) { return std::string(io::trimmed(text)); }

// A value as git writes it: bare, or in quotes with backslashes; a comment after a bare one.
std::string unquoted(const std::string& written) {
  std::string value;
  bool quoted = false;
  for (std::size_t i = 0; i < written.size(); ++i) {
    const char c = written[i];
    if (c == '"') {
      quoted = !quoted;
    } else if (c == '\\' && i + 1 < written.size()) {
      value += written[++i];
    } else if (!quoted && (c == '#' || c == ';')) {
      break;
    } else {
      value += c;
    }
  }
  return quoted ? value : trimmed(value);
}

std::map<std::string, Submodule> modules_of(git_repository* repository, const git_oid& commit) {
  const auto owner =
      git_make<Commit>("cannot read commit " + hex(commit), ::git_commit_lookup, repository, &commit);
  const auto tree =
      git_make<Tree>("cannot read the tree", ::git_commit_tree, static_cast<const git_commit*>(owner.get()));
  const git_tree_entry* entry = ::git_tree_entry_byname(tree.get(), ".gitmodules");
  if (!entry || (::git_tree_entry_filemode(entry) | 0111) != (GIT_FILEMODE_BLOB | 0111)) return {};
  const auto odb = git_make<Odb>("cannot open the object database", ::git_repository_odb, repository);
  const auto object =
      git_make<OdbObject>("cannot read .gitmodules", ::git_odb_read, odb.get(), ::git_tree_entry_id(entry));
  if (::git_odb_object_size(object.get()) > kLargestGitmodules)
    throw io::RequestError(".gitmodules is unreasonably long");
  return parse_gitmodules(
      {static_cast<const char*>(::git_odb_object_data(object.get())), ::git_odb_object_size(object.get())});
}

std::string below(const std::string& path, const std::string& prefix) {
  return prefix.empty() ? path : path.substr(prefix.size() + 1);
}

// io::context, but a transport error stays one: it decides whether there is a second try.
template <class Fn>
void naming(const std::string& what, Fn fn) {
  std::optional<TransportError> transport;
  io::context(what, [&] {
    try {
      fn();
    } catch (const TransportError& error) {
      transport.emplace(what + ": " + error.what());
    }
  });
  if (transport) throw *transport;
}

[[noreturn]] void refuse_depth(const GitLink& link) {
  throw io::RequestError("submodules are nested more than " + std::to_string(kDeepestNesting) + " deep at '" +
                         printable(link.path) + "'");
}

void warn_without_address(GitTree& tree, const GitLink& link) {
  tree.warn("the submodule '" + printable(link.path) +
            "' has no address in .gitmodules; its folder is left out");
}

}  // namespace

std::map<std::string, Submodule> parse_gitmodules(std::string_view text) {
  std::map<std::string, std::pair<std::string, std::string>> sections;  // name → path, url
  std::istringstream lines{std::string(text)};
  std::string line, name;
  while (std::getline(lines, line)) {
    line = trimmed(line);
    if (line.starts_with('[')) {
      const std::size_t open = line.find('"'), close = line.rfind('"');
      const bool is_module = line.starts_with("[submodule") && open != std::string::npos && close > open;
      name = is_module ? unquoted(line.substr(open, close - open + 1)) : "";
      continue;
    }
    const std::size_t equals = line.find('=');
    if (name.empty() || equals == std::string::npos) continue;
    const std::string key = trimmed(line.substr(0, equals)),
                      value = unquoted(trimmed(line.substr(equals + 1)));
    if (key == "path") sections[name].first = value;
    if (key == "url") sections[name].second = value;
  }
  std::map<std::string, Submodule> by_path;
  for (auto& [section, values] : sections) {
    while (values.first.ends_with('/')) values.first.pop_back();
    if (!values.first.empty()) by_path[values.first] = {section, values.second};
  }
  return by_path;
}

void RemoteModules::add(git_repository* repository, const git_oid& commit, const std::string& url,
                        const std::string& prefix, const std::vector<GitLink>& links, int depth) {
  if (links.empty()) return;
  if (depth >= kDeepestNesting) refuse_depth(links.front());
  const auto modules = modules_of(repository, commit);
  for (const GitLink& link : links) {
    const auto found = modules.find(below(link.path, prefix));
    if (found == modules.end() || found->second.url.empty()) {
      warn_without_address(tree, link);
      continue;
    }
    if (sources > kMostModules) throw io::RequestError("the repository has more than 256 submodules");
    naming("submodule '" + printable(link.path) + "'", [&] {
      const std::string address = checked_address(resolve_url(url, found->second.url));
      progress("submodule " + printable(link.path));
      Sha256 place;
      place.add(link.path);
      const std::string folder = scratch + "/modules/" + place.finish_hex().substr(0, 16);
      std::filesystem::create_directories(scratch + "/modules");
      Clone clone = clone_commit(transports, address, link.commit, folder, progress);
      git_repository* inner = clone.repository.get();
      const auto inner_links = tree.add(std::move(clone.repository), clone.commit, link.path);
      places[sources++] = {address, link.path};
      add(inner, clone.commit, address, link.path, inner_links, depth + 1);
    });
  }
}

void add_local_modules(GitTree& tree, git_repository* repository, const git_oid& commit,
                       const std::string& prefix, const std::vector<GitLink>& links, int depth) {
  if (links.empty()) return;
  if (depth >= kDeepestNesting) refuse_depth(links.front());
  const auto modules = modules_of(repository, commit);
  for (const GitLink& link : links) {
    const auto found = modules.find(below(link.path, prefix));
    if (found == modules.end()) {
      warn_without_address(tree, link);
      continue;
    }
    check_path(found->second.name);  // it becomes a path of this host
    const std::string folder =
        std::string(::git_repository_path(repository)) + "modules/" + found->second.name;
    git_repository* opened = nullptr;
    git_oid id{};
    git_commit* inner_commit = nullptr;
    const bool there = ::git_repository_open_bare(&opened, folder.c_str()) == 0 &&
                       ::git_oid_fromstr(&id, link.commit.c_str()) == 0 &&
                       ::git_commit_lookup(&inner_commit, opened, &id) == 0;
    Repository inner(opened);
    const Commit owner(inner_commit);
    if (!there)
      throw io::RequestError("submodule '" + printable(link.path) + "' is not here at its commit " +
                             link.commit +
                             "; run git submodule update --init --recursive in that repository");
    const auto inner_links = tree.add(std::move(inner), id, link.path);
    add_local_modules(tree, opened, id, link.path, inner_links, depth + 1);
  }
}

}  // namespace images::checkout
