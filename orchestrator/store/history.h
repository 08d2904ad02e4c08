// What all runs have come to, longer than their jobs are kept: the questions that the predecessor's history
// answered. A run of which no attempt says anything about the command has no rate, and counts in no mean.
// A trigger of the database adds each completed job, so that none is missed. Any thread; see
// job_queue.h for what blocks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/store/database.h"

namespace orchestrator {

struct HistoricRun {
  std::int64_t id = 0;
  std::string job;        // empty: imported
  std::int64_t time = 0;  // ms since the epoch
  std::string repository, test_command, framework;
  std::int64_t total_runs = 0, parallelism = 0, failures = 0;
  double repro_rate = 0;
  std::string severity;
  std::string verdict;  // empty: from before there were any
  std::optional<double> duration_s;
  std::optional<std::int64_t> pull_request;
  std::string branch, commit;
};

struct DayOfTrend {
  std::string day;  // "2026-11-26", UTC
  double mean_rate = 0;
  std::int64_t runs = 0;
  std::int64_t flaky_runs = 0;  // with a rate above 0.1
};

struct FlakyCommand {
  std::string test_command;
  std::int64_t runs = 0;
  double mean_rate = 0, highest_rate = 0;
  std::int64_t last_time = 0;
};

struct Statistics {
  std::int64_t runs = 0, attempts = 0, failures = 0;
  double mean_rate = 0;
  std::vector<std::pair<std::string, std::int64_t>> runs_by_severity;
};

class History {
 public:
  explicit History(Database& database) : database_(database) {}

  std::vector<HistoricRun> recent(const std::string& repository,
                                  int most) const;  // newest first; empty: of all
  std::optional<HistoricRun> find(std::int64_t id) const;
  // Since `since`, ms; runs without a rate and days without others are left out.
  std::vector<DayOfTrend> trend(const std::string& repository, std::int64_t since) const;
  // What fails every time, or cannot be run, is not flaky: such runs are left out, as far as their verdict is
  // known.
  std::vector<FlakyCommand> most_flaky(const std::string& repository, int most) const;
  Statistics statistics(const std::string& repository, std::int64_t since) const;

  // Takes over the runs of a predecessor's flaky_test_history.db; those that are here already are left.
  // Returns how many came. Throws io::RequestError when the file is no such database; then nothing was
  // changed.
  int import(const std::string& file);

 private:
  Database& database_;
};

}  // namespace orchestrator
