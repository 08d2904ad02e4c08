// `orchestrator ci` as a pipeline calls it, with what it leaves for later steps.
#pragma once

#include <map>
#include <sstream>

#include "tests/support/repositories.h"

namespace testing_support {

struct PipelineRun : RunResult {
  nlohmann::json result;                       // of --result
  std::map<std::string, std::string> outputs;  // of GITHUB_OUTPUT, read as GitHub's runner does
  std::string dotenv;
};

// A summary without its line breaks and columns.
inline std::string unwrapped(const std::string& text) {
  std::string one;
  for (const char c : text)
    if (const bool blank = c == ' ' || c == '\n'; !blank || (!one.empty() && one.back() != ' ')) one += blank ? ' ' : c;
  return one;
}

// name=value, or name<<DELIMITER, lines, DELIMITER.
inline std::map<std::string, std::string> step_outputs(const std::string& text) {
  std::map<std::string, std::string> outputs;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto heredoc = line.find("<<"), equals = line.find('=');
    if (heredoc == std::string::npos || equals < heredoc) {
      outputs[line.substr(0, equals)] = line.substr(equals + 1);
      continue;
    }
    const std::string name = line.substr(0, heredoc), end = line.substr(heredoc + 2);
    std::string value;
    while (std::getline(lines, line) && line != end) value += (value.empty() ? "" : "\n") + line;
    outputs[name] = value;
  }
  return outputs;
}

inline PipelineRun run_pipeline(const Repository& repository, std::vector<std::string> flags,
                                const std::vector<std::string>& command, ProgramOptions options = {}) {
  const TemporaryFolder folder;
  const std::string report = folder / "report.json", result = folder / "result.json";
  std::vector<std::string> argv{"ci", "--repo", repository.path(), "--image", kBase};
  argv.insert(argv.end(), flags.begin(), flags.end());
  for (const auto& [flag, name] :
       {std::pair{"--json", "report.json"}, {"--result", "result.json"}, {"--dotenv", "flaky.env"}})
    argv.insert(argv.end(), {flag, folder / name});
  argv.push_back("--");
  argv.insert(argv.end(), command.begin(), command.end());
  options.env.push_back("GITHUB_OUTPUT=" + (folder / "outputs"));
  write_file(folder / "outputs", "earlier=kept\n");
  PipelineRun run;
  static_cast<Finished&>(run) = orchestrator(std::move(argv), options);
  if (std::filesystem::exists(report)) run.report = nlohmann::json::parse(read_file(report));
  if (std::filesystem::exists(result)) run.result = nlohmann::json::parse(read_file(result));
  run.outputs = step_outputs(read_file(folder / "outputs"));
  run.dotenv = read_file(folder / "flaky.env");
  repository.remember(run);
  return run;
}

inline std::string known_flakes(const std::vector<std::tuple<std::string, double, std::string>>& entries) {
  nlohmann::json tests = nlohmann::json::array();
  for (const auto& [test, max_rate, expires] : entries)
    tests.push_back({{"test", test}, {"max_rate", max_rate}, {"expires", expires}, {"reason", "known"}});
  return nlohmann::json{{"version", 1}, {"tests", tests}}.dump(2);
}

}  // namespace testing_support
