#include <fmt/format.h>

#include <map>

#include "orchestrator/report/replay.h"
#include "orchestrator/report/report.h"
#include "orchestrator/report/words.h"

namespace orchestrator {
namespace {

std::string then_and_now(const std::string& what, const std::string& was, const std::string& now) {
  const auto shown = [](const std::string& text) { return text.empty() ? "unknown" : one_line(text); };
  return fmt::format("{}: {} then, {} now", one_line(what), shown(was), shown(now));
}

struct Sentences {
  std::vector<std::string> list;
  void compare(const std::string& what, const std::string& was, const std::string& now) {
    if (was != now) list.push_back(then_and_now(what, was, now));
  }
};

std::string enforcement_now(const std::string& limit, const sandbox::Capabilities& engine) {
  const auto found = engine.limits.find(limit);
  return to_string(found == engine.limits.end() ? sandbox::Enforcement::not_enforced : found->second);
}

std::map<std::string, std::string> by_name(const std::vector<std::string>& packages) {
  std::map<std::string, std::string> versions;
  for (const auto& line : packages) {
    const auto equals = line.find("==");
    versions[line.substr(0, equals)] = equals == std::string::npos ? "" : line.substr(equals + 2);
  }
  return versions;
}

std::string package(const std::string& name, const std::string& version) {
  return "package " + one_line(version.empty() ? name : name + " " + version);
}

}  // namespace

std::vector<std::string> package_differences(const std::vector<std::string>& was,
                                             const std::vector<std::string>& now) {
  std::vector<std::string> differences;
  const auto then = by_name(was), today = by_name(now);
  for (const auto& [name, version] : then) {
    const auto found = today.find(name);
    if (found == today.end())
      differences.push_back(package(name, version) + " is not there now");
    else if (found->second != version)
      differences.push_back(then_and_now("package " + name, version, found->second));
  }
  for (const auto& [name, version] : today)
    if (!then.contains(name)) differences.push_back(package(name, version) + " was not there then");
  return differences;
}

std::vector<std::string> replay_differences(const SavedRun& run, const Report& now) {
  const SavedEnvironment& was = run.environment;
  Sentences sentences;
  sentences.compare("framework", run.framework, now.framework);
  if (was.image.id != now.image.id) {  // an image that is the same by its id has the same inside
    sentences.compare("base image", was.image.base_reference, now.image.base_reference);
    sentences.compare("id of the base image", was.image.base_id, now.image.base_id);
    sentences.compare("digest of the base image", was.image.base_digest, now.image.base_digest);
    sentences.compare("commit", was.commit, now.source.commit);
    sentences.compare("tree of the sources", was.tree_hash, now.source.tree_hash);
    for (auto& each : package_differences(was.packages, now.packages))
      sentences.list.push_back(std::move(each));
  }
  for (const HostFact& fact : host_facts())
    sentences.compare(fact.words, was.engine.*fact.member, now.engine.*fact.member);
  for (const auto& [limit, enforcement] : was.engine.limits)
    sentences.compare("limit " + limit, to_string(enforcement), enforcement_now(limit, now.engine));
  return std::move(sentences.list);
}

}  // namespace orchestrator
