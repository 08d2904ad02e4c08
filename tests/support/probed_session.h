// Sessions of a pytest on this host with the plugin in them, told what an attempt is told: what it records of
// a small suite.
#pragma once

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

inline ProbedSession run_probed(const ProbedSuite& suite) {
  const TemporaryFolder folder;
  for (const auto& [path, content] : suite.files) write_file(folder / ("suite/" + path), content);
  for (const auto& file : images::pytest_probe_files())
    write_file(folder / ("probes/" + std::string(file.name)), std::string(file.content));
  const images::ProbeUse use = images::use_pytest_probe(suite.selection, {});
  for (const auto& file : use.files)
    write_file(folder / ("secrets/" + file.name),
               with(file.content, std::string(sandbox::kWorkDir) + "/", folder / "suite/"));
  ProgramOptions options{.env = {"ORCHESTRATOR_RESULT_FD=9"}, .cwd = folder / "suite"};
  for (const auto& [name, value] : use.env)
    options.env.push_back(
        name + "=" +
        with(with(value, images::kProbeFolder, folder / "probes"), sandbox::kSecretDir, folder / "secrets"));
  std::vector<std::string> words{
      "sh", "-c", R"(exec 9>../records; exec "$0" -m pytest -p no:cacheprovider "$@")", suite.python};
  words.insert(words.end(), suite.words.begin(), suite.words.end());
  const Finished run = run_command(words, options);
  ProbedSession session{.records = {}, .printed = run.out + run.err, .exit_code = run.exit_code};
  std::istringstream lines(read_file(folder / "records"));
  for (std::string line; std::getline(lines, line);) session.records.push_back(nlohmann::json::parse(line));
  EXPECT_FALSE(session.records.empty()) << suite.python << " needs pytest: " << session.printed;
  return session;
}

}  // namespace testing_support
