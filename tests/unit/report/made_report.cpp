#include "made_report.h"

#include <stdlib.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace orchestrator {
namespace {

using sandbox::Enforcement;
using sandbox::Outcome;

Report usual_report() {
  Report report;
  report.plan.repo = "https://git.example.com/shop/checkout";
  report.plan.test_command.words = {"pytest", "-x", "tests/test_cart.py"};
  report.plan.runs = 30;
  report.plan.job_seed = 4242;
  report.source.url = report.plan.repo;
  report.source.ref = "main";
  report.source.commit = "5f3a2c1d9e8b7a6f5e4d3c2b1a0f9e8d7c6b5a49";
  report.source.tree_hash = std::string(64, 'a');
  report.image.id = "sha256:0123";
  report.image.base_reference = "python:3.12-slim";
  report.image.layers = {{"tools", "k1", "i1", true, 0.0, ""},
                         {"dependencies", "k2", "i2", true, 0.0, ""},
                         {"sources", "k3", "i3", false, 0.4, "changed"}};
  report.framework = "python";
  report.framework_found = "requirements.txt";
  report.packages = {"pytest==8.3.4"};
  report.engine.engine = "docker";
  report.engine.engine_version = "20.10.24";
  report.engine.runtime = "runc";
  report.engine.runtime_version = "1.1.5";
  report.engine.cgroup_version = "2";
  report.engine.limits = {{"memory", Enforcement::enforced}, {"disk", Enforcement::sampled}};
  report.started_at = std::chrono::system_clock::time_point(std::chrono::seconds(1'800'000'000));
  report.finished_at = report.started_at + std::chrono::seconds(41);
  report.program_version = "0.1.0";
  report.reproduce = "orchestrator run --repo again";
  return report;
}

}  // namespace

std::string repeated(std::size_t count, char c) { return std::string(count, c); }

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

MadeReport::MadeReport(std::uint64_t keep_bytes)
    : spool(folder.path(), "", keep_bytes), report(usual_report()) {}

AttemptRecord& MadeReport::add(Outcome outcome, const std::string& out, const std::string& err) {
  AttemptRecord attempt;
  attempt.index = static_cast<int>(report.attempts.size());
  attempt.seed = 100 + attempt.index;
  attempt.outcome = outcome;
  attempt.duration = std::chrono::milliseconds(1200);
  attempt.started_at = report.started_at;
  if (outcome == Outcome::passed) attempt.exit_code = 0;
  if (outcome == Outcome::failed) attempt.exit_code = 1;
  auto log = spool.open_attempt(attempt.index);
  log->append(sandbox::Stream::out, out);
  log->append(sandbox::Stream::err, err);
  const auto kept = log->finish();
  attempt.out = kept.out;
  attempt.err = kept.err;
  report.attempts.push_back(attempt);
  return report.attempts.back();
}

void MadeReport::add_many(int count, Outcome outcome, const std::string& out, const std::string& err) {
  for (int i = 0; i < count; ++i) add(outcome, out, err);
}

std::string MadeReport::json_text(JsonLimits limits) const {
  std::ostringstream out;
  write_json(report, spool, out, limits);
  return out.str();
}

nlohmann::json MadeReport::json(JsonLimits limits) const { return nlohmann::json::parse(json_text(limits)); }

std::string MadeReport::text(TextStyle style) const {
  std::ostringstream out;
  write_text(report, spool, out, style);
  return out.str();
}

}  // namespace orchestrator
