// Reports of made-up runs with a real spool in a folder of their own.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "orchestrator/report/report.h"
#include "tests/support/temporary_folder.h"

namespace orchestrator {

using testing_support::TemporaryFolder;

std::string repeated(std::size_t count, char c);
std::string read_file(const std::filesystem::path& path);

struct MadeReport {
  explicit MadeReport(std::uint64_t keep_bytes = 64 * 1024);

  // Appends an attempt; its index is their number so far, its seed 100 + index.
  AttemptRecord& add(sandbox::Outcome outcome, const std::string& out = "", const std::string& err = "");
  void add_many(int count, sandbox::Outcome outcome, const std::string& out = "",
                const std::string& err = "");

  nlohmann::json json(JsonLimits limits = {}) const;
  std::string json_text(JsonLimits limits = {}) const;
  std::string text(TextStyle style = {}) const;

  TemporaryFolder folder;
  Spool spool;
  Report report;
};

}  // namespace orchestrator
