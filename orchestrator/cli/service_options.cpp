// The flags of those who work for others: serve, worker, and the tokens of the one.
#include <algorithm>
#include <charconv>
#include <filesystem>

#include "orchestrator/cli/draft.h"
#include "orchestrator/job/quoted.h"

namespace orchestrator {
namespace {

constexpr std::int64_t kLeastKeptBytes = 16ll << 20;  // a report or two
const char* const kMayName = "What jobs may name";

void define_admission(FlagSet& flags, Draft& draft) {
  CommandLine::Serve& serve = draft.line.serve;
  flags.list(kMayName, "--allow-repo-host", "HOST",
             "A host to clone from; may be repeated [github.com, gitlab.com, bitbucket.org, codeberg.org]",
             serve.repository_hosts);
  flags.list(kMayName, "--allow-image", "IMAGE", "A base image; PREFIX* for all that begin so", serve.images);
  flags.list(kMayName, "--allow-network", "NAME", "internal or bridge, beside none", serve.networks);
  flags.list(kMayName, "--allow-secret", "NAME", "A variable of this process as secret_env", serve.secrets);
}

// What could never be allowed was meant otherwise.
void check_admission(Draft& draft) {
  for (const auto& host : draft.line.serve.repository_hosts)
    if (host.empty() || !is_host(host))
      draft.fail("--allow-repo-host", "must be a host, as in git.example.com, not " + in_quotes(host));
  for (const auto& network : draft.line.serve.networks)
    if (network != "internal" && network != "bridge")
      draft.fail("--allow-network", "must be internal or bridge, not " + in_quotes(network));
}

void check_folders(Draft& draft) {
  for (const auto& folder : draft.line.serve.folders) {
    std::error_code unknown;
    if (!folder.starts_with('/'))
      draft.fail("--allow-folder", "must be an absolute path, not " + in_quotes(folder));
    else if (!std::filesystem::is_directory(folder, unknown))
      draft.fail("--allow-folder", "must be a folder that exists, not " + in_quotes(folder));
  }
}

std::optional<std::uint16_t> port_from(const std::string& text) {
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  return error == std::errc() && stop == end ? std::optional(port) : std::nullopt;
}

void read_drain(Draft& draft, double& seconds) {
  if (draft.drain.empty()) return;
  if (const auto said = parse_duration_s(draft.drain))
    seconds = *said;
  else
    draft.fail("--drain-timeout", "must be a time as in 60s or 5m, not " + in_quotes(draft.drain));
}

// "127.0.0.1:8080", "[::]:80", ":8080", "8080".
void read_listen(Draft& draft) {
  CommandLine::Serve& serve = draft.line.serve;
  if (draft.listen.empty()) return;
  if (!serve.socket.empty()) draft.fail("--socket", "--socket and --listen exclude each other");
  const auto colon = draft.listen.rfind(':');
  std::string address = colon == std::string::npos ? "" : draft.listen.substr(0, colon);
  const bool in_brackets = address.starts_with('[') && address.ends_with(']');
  const auto port = port_from(draft.listen.substr(colon == std::string::npos ? 0 : colon + 1));
  if (!port || (!in_brackets && address.find(':') != std::string::npos))
    return draft.fail("--listen", "must be ADDRESS:PORT with a port up to 65535, as in 127.0.0.1:8080, not " +
                                      in_quotes(draft.listen));
  serve.port = *port;
  if (in_brackets) address = address.substr(1, address.size() - 2);
  if (!address.empty()) serve.address = address == "localhost" ? "127.0.0.1" : address;
}

}  // namespace

void define_serve(FlagSet& flags, Draft& draft) {
  CommandLine::Serve& serve = draft.line.serve;
  const std::string where = "Where and for whom";
  flags.text(where, "--listen", "ADDRESS:PORT", "Where to be reached [127.0.0.1:8080]", draft.listen);
  flags.text(where, "--socket", "FILE", "A Unix socket instead", serve.socket);
  flags.text(
      where, "--token-file", "FILE",
      "Who may do what: lines that `orchestrator token` makes. Needed where others than this host can call",
      serve.token_file);
  flags.list(where, "--server-name", "NAME", "A name that this server is called by; may be repeated",
             serve.hosts);
  define_admission(flags, draft);
  flags.list(kMayName, "--allow-folder", "DIR",
             "A folder of this host with what is below, for callers who sit here: with a --token-file those "
             "of a --socket alone",
             serve.folders);
  flags.on(kMayName, "--allow-private-webhooks", "Webhooks may go to addresses that are not of the internet",
           serve.private_webhooks);
  const std::string how = "How it works";
  flags.text(
      how, "--jobs", "N",
      "Jobs that are worked on at once, up to 64, and as many of clients that have none of these; 0: by "
      "workers elsewhere alone [4]",
      draft.jobs);
  flags.text(how, "--max-waiting", "N", "Jobs that may wait; of one client a fifth of them [10000]",
             draft.waiting);
  flags.text(how, "--max-readers", "N", "Readers of events, and as many of logs, at once [128]",
             draft.readers);
  flags.text(how, "--on-restart", "WORD",
             "restart or fail: what becomes of jobs that ran when the server died [restart]",
             draft.on_restart);
  flags.text(how, "--drain-timeout", "TIME", "How long running jobs may go on after SIGTERM [60s]",
             draft.drain);
  flags.text(how, "--keep", "DAYS",
             "How long ended jobs and their reports are kept; half an hour at the least [30]", draft.keep);
  flags.text(how, "--keep-size", "SIZE",
             "How large all of that may become; logs go first, then the oldest [4g]", draft.keep_size);
  flags.text(how, "--config", "FILE",
             "These settings as YAML: listen: 0.0.0.0:8080 [/etc/orchestrator/serve.yml]",
             draft.line.config_file);
  define_git(flags, draft, "none: needed beside a token or key", "none: nothing is cloned by ssh");
}

void finish_serve(Draft& draft, const Beside&) {
  CommandLine::Serve& serve = draft.line.serve;
  read_listen(draft);
  serve.jobs = number_said("--jobs", draft.jobs, 0, 64, draft).value_or(serve.jobs);
  serve.waiting = number_said("--max-waiting", draft.waiting, 5, 1'000'000, draft).value_or(serve.waiting);
  serve.readers = number_said("--max-readers", draft.readers, 0, 1024, draft).value_or(serve.readers);
  serve.keep_days = number_said("--keep", draft.keep, 0, 36'500, draft).value_or(30);
  if (!draft.keep_size.empty()) {
    serve.keep_bytes = parse_size(draft.keep_size).value_or(0);
    if (serve.keep_bytes < kLeastKeptBytes)
      draft.fail("--keep-size",
                 "must be a size of at least 16m, as in 512m or 4g, not " + in_quotes(draft.keep_size));
  }
  read_choice<bool>("--on-restart", draft.on_restart, {{"restart", false}, {"fail", true}},
                    serve.fail_on_restart, draft.reading.errors);
  read_drain(draft, serve.drain_s);
  check_admission(draft);
  check_folders(draft);
  check_git_flags(draft);
}

// Names with '_' are those of RunPod's SDK.
void define_worker(FlagSet& flags, Draft& draft) {
  CommandLine::Worker& worker = draft.line.worker;
  flags.ignore_unknown();
  const std::string local = "Without RunPod";
  flags.text(local, "--test_input", "JSON", "Run this one job, print its result, end", worker.test_input);
  flags.on(local, "--rp_serve_api", "Serve the routes of RunPod's SDK on this host", worker.serve_api);
  flags.text(local, "--rp_api_host", "ADDRESS", "Where [localhost]", worker.api_host);
  flags.text(local, "--rp_api_port", "PORT", "Where [8000]", draft.api_port);
  flags.text(local, "--rp_api_concurrency", "N", "Jobs of that API at once, 1 to 64 [1]",
             draft.api_concurrency);
  define_admission(flags, draft);
  const std::string how = "How it works";
  flags.text(how, "--jobs", "N", "Jobs that are worked on at once, 1 to 64 [by CPUs and memory of the host]",
             draft.jobs);
  flags.text(how, "--drain-timeout", "TIME", "How long running attempts may go on after SIGTERM [20s]",
             draft.drain);
  flags.text(how, "--result-size", "SIZE", "The most bytes of a result, 16k to 8m [8,000,000]",
             draft.result_size);
  flags.text(how, "--volume", "DIR", "Where whole reports go, where the folder exists [/runpod-volume]",
             worker.volume);
  flags.on(how, "--stream",
           "Send each finished attempt as a chunk; the output is then a list that holds the report",
           worker.stream);
  flags.on(how, "--refresh", "Ask for another worker after each job, and end", worker.refresh);
  flags.on(how, "--allow-private-urls", "A job's bucket or webhook may lie in this host's own network",
           worker.private_urls);
  flags.text(how, "--rp_log_level", "LEVEL", "DEBUG, INFO, WARN or ERROR [RUNPOD_LOG_LEVEL, INFO]",
             worker.log_level);
  define_git(flags, draft, "none: needed beside a token or key", "none: nothing is cloned by ssh");
}

void finish_worker(Draft& draft, const Beside&) {
  CommandLine::Worker& worker = draft.line.worker;
  worker.jobs = number_said("--jobs", draft.jobs, 1, 64, draft).value_or(0);
  worker.api_port = static_cast<std::uint16_t>(
      number_said("--rp_api_port", draft.api_port, 0, 65'535, draft).value_or(8000));
  worker.api_concurrency =
      number_said("--rp_api_concurrency", draft.api_concurrency, 1, 64, draft).value_or(1);
  if (worker.api_host == "localhost") worker.api_host = "127.0.0.1";
  if (!draft.result_size.empty()) {
    const auto size = parse_size(draft.result_size);
    if (size && *size >= 16'384 && *size <= 8'388'608)
      worker.result_bytes = static_cast<std::size_t>(std::min<std::int64_t>(*size, 8'000'000));
    else
      draft.fail("--result-size", "must be a size between 16k and 8m, not " + in_quotes(draft.result_size));
  }
  read_drain(draft, worker.drain_s);
  check_admission(draft);
  check_git_flags(draft);
}

void define_token(FlagSet& flags, Draft& draft) {
  flags.text("Rights", "--scopes", "WORDS",
             "submit, read, worker, admin: one or more, with commas [submit,read]", draft.line.token_scopes);
}

}  // namespace orchestrator
