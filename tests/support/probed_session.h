// Sessions of a pytest on this host with the plugin in them, told what an attempt is told: what it records of
// a small suite.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "images/probes/probe.h"
#include "tests/support/program.h"

namespace testing_support {

struct ProbedSession {
  std::vector<nlohmann::json> records;
  std::string printed;
  int exit_code = -1;

  // "id#repeat phase outcome", of all phases in their order; a start is "id#repeat start". The name of the
  // one file of most suites is left out of ids.
  std::vector<std::string> story() const {
    std::map<int, std::string> tests;
    std::vector<std::string> story;
    for (const auto& record : records) {
      const std::string type = record.at("t");
      if (type == "test")
        tests[record.at("i")] = shortened(record.at("id")) + "#" + record.at("r").dump();
      else if (type == "start")
        story.push_back(tests.at(record.at("i")) + " start");
      else if (type == "phase")
        story.push_back(tests.at(record.at("i")) + " " + record.at("p").get<std::string>() + " " +
                        record.at("o").get<std::string>());
    }
    return story;
  }
  // Of the phases that failed.
  std::vector<std::string> failures() const { return those_that_end_with(" failed"); }
  // "id#repeat", in the order in which they began.
  std::vector<std::string> started() const { return those_that_end_with(" start"); }

 private:
  static std::string shortened(const std::string& id) {
    const std::string only_file = "test_suite.py";
    return id.starts_with(only_file) ? id.substr(only_file.size()) : id;
  }
  std::vector<std::string> those_that_end_with(const std::string& word) const {
    std::vector<std::string> found;
    for (const auto& line : story())
      if (line.ends_with(word)) found.push_back(line.substr(0, line.size() - word.size()));
    return found;
  }
};

struct ProbedSuite {
  std::map<std::string, std::string> files;  // contents by path
  images::TestSelection selection = {};
  std::string python = "python3";       // that has the pytest
  std::vector<std::string> words = {};  // for pytest
};

inline std::string with(std::string text, const std::string& place, const std::string& other) {
  for (std::size_t at = 0; (at = text.find(place, at)) != std::string::npos; at += other.size())
    text.replace(at, place.size(), other);
  return text;
}

// A command in the folder of `files` with a probe in it; `probe` and `use` as for an attempt.
struct ProbedCommand {
  std::map<std::string, std::string> files;
  std::vector<images::ProbeFile> probe;
  images::ProbeUse use;
  std::vector<std::string> words;
  std::string node_modules = {};  // becomes the folder's own
  bool watched = true;            // whether the probe is to find its way into it
};

inline ProbedSession run_probed(const ProbedCommand& command) {
  const TemporaryFolder folder;
  for (const auto& [path, content] : command.files) write_file(folder / ("suite/" + path), content);
  for (const auto& file : command.probe)
    write_file(folder / ("probes/" + std::string(file.name)), std::string(file.content));
  for (const auto& file : command.use.files)
    write_file(folder / ("secrets/" + file.name),
               with(file.content, std::string(sandbox::kWorkDir) + "/", folder / "suite/"));
  if (!command.node_modules.empty())
    std::filesystem::create_directory_symlink(command.node_modules, folder / "suite/node_modules");
  ProgramOptions options{.env = {"ORCHESTRATOR_RESULT_FD=9", "ORCHESTRATOR_RESULT_PATH=" + (folder / "pipe")},
                         .cwd = folder / "suite"};
  for (const auto& [name, value] : command.use.env)
    options.env.push_back(
        name + "=" +
        with(with(value, images::kProbeFolder, folder / "probes"), sandbox::kSecretDir, folder / "secrets"));
  std::vector<std::string> words{"sh", "-c",
                                 R"(mkfifo ../pipe; cat ../pipe >../records & exec 9>../pipe; "$@"
                                    code=$?; exec 9>&-; wait; exit $code)",
                                 "sh"};
  words.insert(words.end(), command.words.begin(), command.words.end());
  const Finished run = run_command(words, options);
  ProbedSession session{.records = {}, .printed = run.out + run.err, .exit_code = run.exit_code};
  std::istringstream lines(read_file(folder / "records"));
  for (std::string line; std::getline(lines, line);) session.records.push_back(nlohmann::json::parse(line));
  EXPECT_EQ(!session.records.empty(), command.watched) << command.words.front() << ": " << session.printed;
  return session;
}

inline ProbedSession run_probed(const ProbedSuite& suite) {
  std::vector<std::string> words{suite.python, "-m", "pytest", "-p", "no:cacheprovider"};
  words.insert(words.end(), suite.words.begin(), suite.words.end());
  return run_probed(ProbedCommand{.files = suite.files,
                                  .probe = images::pytest_probe_files(),
                                  .use = images::use_pytest_probe(suite.selection, {}),
                                  .words = std::move(words)});
}

}  // namespace testing_support
