// What is kept of a job's report. Of a job that this host's own worker has run: a file in each format. Of one
// that a worker elsewhere has run: the report that it handed in as the job's output, which is a stranger's
// word; the other formats are made of that for whoever asks. Handlers' threads.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "orchestrator/api/api_server.h"

namespace orchestrator {

// Who has the job, or had it last. Neither: it waits, or has ended as it waited. Files here are of its last
// hand-out only where that was here.
bool was_here(const ApiParts& parts, const StoredJob& job);
bool was_elsewhere(const ApiParts& parts, const StoredJob& job);
// Empty: there is none. Where the file is not whole, since the machine died while it was written, that is
// what the queue was told.
std::string report_text(const ApiParts& parts, const StoredJob& job);
// The same, read; nullopt also where it is no object.
std::optional<nlohmann::json> report_document(const ApiParts& parts, const StoredJob& job);

class KeptReports {
 public:
  // One for all readers of the folder of reports: what an earlier process left unfinished there is removed.
  explicit KeptReports(const ApiParts& parts);
  // The report in one of HostedJob's formats, or the problem that there is none. Throws io::HostError.
  ServedResponse answer(const StoredJob& job, const std::string& format) const;

 private:
  ServedResponse made_answer(const StoredJob& job, const std::string& format) const;

  ApiParts parts_;
  Seats making_{2};  // a report may take seconds and hundreds of megabytes to be made
};

}  // namespace orchestrator
