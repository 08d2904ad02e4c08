#include "orchestrator/run/run.h"

#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/run/attempt_spec.h"
#include "orchestrator/run/secret_mask.h"

namespace orchestrator {

using sandbox::Outcome;

// One attempt in flight: from the slot taken to nothing left at the engine.
class Run::Active : public sandbox::AttemptObserver {
 public:
  Active(Run& run, int index, std::vector<Try> earlier, Slot slot, std::optional<Lease> lease)
      : index_(index),
        earlier_tries_(std::move(earlier)),
        run_(run),
        slot_(std::move(slot)),
        lease_(std::move(lease)),
        log_(run.spool_.open_attempt(index)),
        page_(run.ledger_),
        out_mask_(run.spec_.secrets),
        err_mask_(run.spec_.secrets) {}

  void output(sandbox::Stream stream, std::string_view bytes) override {
    log_->append(stream, (stream == sandbox::Stream::out ? out_mask_ : err_mask_).feed(bytes));
  }
  void record(std::string_view line) override { page_.record(line); }
  void result_file(std::string_view path, std::string_view bytes) override { page_.result_file(path, bytes); }
  void finished(const sandbox::ExecutionResult& result) override {
    log_->append(sandbox::Stream::out, out_mask_.finish());
    log_->append(sandbox::Stream::err, err_mask_.finish());
    slot_.reset();
    lease_.reset();
    run_.ended(*this, result);
  }
  void drained() override { run_.drained(*this); }

  int index_;
  std::vector<Try> earlier_tries_;
  std::unique_ptr<sandbox::AttemptHandle> handle_;
  bool finished_ = false;
  bool gone_ = false;
  AttemptLog& log() { return *log_; }
  TestLedger::Page& page() { return page_; }

 private:
  Run& run_;
  std::optional<Slot> slot_;
  std::optional<Lease> lease_;
  std::unique_ptr<AttemptLog> log_;
  TestLedger::Page page_;
  SecretMask out_mask_, err_mask_;
};

Run::Run(io::Loop& loop, sandbox::Sandbox& sandbox, RunSpec spec, std::unique_ptr<AttemptSource> source,
         EventLog& events, Spool& spool)
    : loop_(loop),
      sandbox_(sandbox),
      spec_(std::move(spec)),
      source_(std::move(source)),
      events_(events),
      spool_(spool),
      ledger_(spool, spec_.secrets, spec_.until_sure, spec_.files_know_conditions),
      slots_(spec_.parallelism) {
  if (spec_.budget) claim_ = spec_.budget->join(spec_.claimant, [this] { fill(); });
}

Run::~Run() = default;

void Run::start(std::function<void()> done) {
  done_ = std::move(done);
  loop_.post([this] { fill(); });
}

// Starts as much as the slots and the host allow.
void Run::fill() {
  while (!stopping_) {
    std::optional<Slot> slot = slots_.try_take();
    if (!slot) return;
    if (!has_next()) {
      exhausted_ = true;
      break;
    }
    if (const auto obstacle = spec_.obstacle ? spec_.obstacle() : std::nullopt)
      return stop(RunEnd::infrastructure, *obstacle);
    std::optional<Lease> lease;
    if (claim_ && !(lease = claim_->try_take(spec_.share))) return tell_that_it_waits();
    launch(std::move(*slot), std::move(lease));
  }
  check_done();
}

// Once is enough for whoever wonders why nothing happens.
void Run::tell_that_it_waits() {
  const bool idle = std::all_of(active_.begin(), active_.end(), [](const auto& a) { return a->finished_; });
  if (!idle || !spec_.budget->waits_for_others() || std::exchange(told_that_it_waits_, true)) return;
  events_.append("waiting", {{"for", "other runs, which use the CPUs of this host"}});
}

bool Run::has_next() {
  if (!next_) next_ = take_next();
  return next_.has_value();
}

std::optional<Run::Next> Run::take_next() {
  if (!again_.empty()) {
    Next next = std::move(again_.back());
    again_.pop_back();
    return next;
  }
  const auto index = source_->next(
      {counts_.started, counts_.passed, counts_.not_passed, ledger_.settled(), &ledger_.results()});
  if (!index) return std::nullopt;
  ++counts_.started;
  return Next{*index, {}};
}

void Run::launch(Slot slot, std::optional<Lease> lease) {
  Next next = std::move(*next_);
  next_.reset();
  const int index = next.index;
  events_.append("attempt_started",
                 {{"attempt", index}, {"seed", spec_.seed(index)}, {"try", next.earlier.size() + 1}});
  active_.push_back(
      std::make_unique<Active>(*this, index, std::move(next.earlier), std::move(slot), std::move(lease)));
  Active& active = *active_.back();
  active.handle_ = sandbox_.start(sandbox_.prepare(spec_.attempt(index)), active);
}

void Run::ended(Active& active, const sandbox::ExecutionResult& result) {
  active.finished_ = true;
  AttemptRecord record = record_of(active, result);
  const bool retry =
      record.outcome == Outcome::infrastructure_error && record.earlier_tries.empty() && !stopping_;
  if (retry) {
    again_.push_back(Next{active.index_, {Try{record.outcome, record.reason}}});
  } else {
    active.page().close(record.index, record.condition, record.outcome);
    consider(record);
    const int index = record.index;
    announce(records_[index] = std::move(record));
  }
  loop_.post([this] { fill(); });
}

AttemptRecord Run::record_of(Active& active, const sandbox::ExecutionResult& result) {
  AttemptRecord record;
  record.index = active.index_;
  record.seed = spec_.seed(active.index_);
  record.condition = spec_.condition(active.index_);
  record.outcome = classify(result);
  record.earlier_tries = active.earlier_tries_;
  const auto kept = active.log().finish();
  record.out = kept.out;
  record.out.total_bytes += result.stdout_dropped;
  record.err = kept.err;
  record.err.total_bytes += result.stderr_dropped;
  record.started_at = result.started_at;
  record.duration = result.duration;
  record.usage = result.usage;
  // Names of files stand in them.
  for (const std::string& note : result.notes) record.notes.push_back(ledger_.masked(note));
  const auto& of_files = active.page().notes();
  record.notes.insert(record.notes.end(), of_files.begin(), of_files.end());
  if (result.exit && record.outcome != Outcome::timed_out) record.exit_code = result.exit->code;
  if (result.exit) record.signal = result.exit->signal;
  if (record.outcome == Outcome::passed) return record;

  const Spool::Text err = spool_.read(record.err);
  if (record.outcome == Outcome::failed && record.exit_code &&
      first_word_not_runnable(spec_.test_command, *record.exit_code, err.head)) {
    record.outcome = Outcome::not_runnable;
    record.reason = err.head.substr(0, err.head.find('\n'));
  } else if (record.outcome == Outcome::not_runnable && result.start_failure) {
    record.reason = result.start_failure->message;
  } else if (record.outcome == Outcome::infrastructure_error) {
    record.reason = result.infrastructure.value_or("no exit was seen");
  } else if (record.outcome == Outcome::timed_out) {
    record.reason = fmt::format("stopped at {} s", static_cast<double>(spec_.timeout.count()) / 1000);
  } else if (record.outcome == Outcome::cancelled) {
    record.reason = end_reason_;
  }
  if (record.counted())
    record.hints = find_sandbox_hints(result, record.outcome, spool_.read(record.out), err, spec_.network);
  return record;
}

// What an attempt's end means for the rest.
void Run::consider(const AttemptRecord& record) {
  if (record.outcome != Outcome::cancelled) ++counts_.done;
  if (record.counted()) ++(record.passed() ? counts_.passed : counts_.not_passed);
  if (record.outcome == Outcome::not_runnable)
    stop(RunEnd::not_runnable, "the test command cannot be run: " + record.reason);
  if (record.outcome != Outcome::infrastructure_error) return;
  ++counts_.infrastructure;
  if (counts_.infrastructure > kInfrastructureErrors &&
      counts_.infrastructure > kInfrastructureShare * std::max(counts_.done, source_->expected()))
    stop(RunEnd::infrastructure, "too many infrastructure errors, the last: " + record.reason);
}

void Run::announce(const AttemptRecord& record) {
  const int running = static_cast<int>(
      std::count_if(active_.begin(), active_.end(), [](const auto& a) { return !a->finished_; }));
  events_.append("attempt_finished",
                 {{"attempt", record.index},
                  {"seed", record.seed},
                  {"outcome", name(record.outcome)},
                  {"exit_code", record.exit_code ? nlohmann::json(*record.exit_code) : nlohmann::json()},
                  {"reason", to_utf8(record.reason)},
                  {"duration_ms", record.duration.count()},
                  {"done", counts_.done},
                  {"runs", source_->expected()},
                  {"running", running},
                  {"not_passed", counts_.not_passed}});
}

void Run::drained(Active& active) {
  active.gone_ = true;
  // Posted: this is called from inside the attempt that would be destroyed.
  loop_.post([this] {
    std::erase_if(active_, [](const auto& a) { return a->gone_; });
    check_done();
  });
}

void Run::start_no_more(RunEnd end, std::string reason) {
  if (!stopping_ && has_next()) begin_to_stop(end, std::move(reason));
}

void Run::begin_to_stop(RunEnd end, std::string reason) {
  if (std::exchange(stopping_, true)) return;
  end_ = end;
  end_reason_ = std::move(reason);
  events_.append("stopping", {{"reason", to_utf8(end_reason_)}});
  if (claim_) claim_->withdraw();
  if (next_ && !next_->earlier.empty()) again_.push_back(std::move(*next_));
  next_.reset();
  loop_.post([this] { check_done(); });
}

void Run::stop(RunEnd end, std::string reason) {
  if (std::exchange(stopped_, true)) return;
  begin_to_stop(end, std::move(reason));
  for (const auto& active : active_)
    if (!active->finished_) active->handle_->stop(sandbox::StopReason::cancelled);
}

void Run::kill() {
  for (const auto& active : active_)
    if (!active->finished_) active->handle_->kill();
}

void Run::check_done() {
  if (told_ || !active_.empty() || !(stopping_ || (exhausted_ && again_.empty() && !next_))) return;
  // What was to be tried again never was: the first try is what is known.
  for (const Next& next : std::exchange(again_, {})) {
    AttemptRecord record;
    record.index = next.index;
    record.seed = spec_.seed(next.index);
    record.outcome = next.earlier.back().outcome;
    record.reason = next.earlier.back().reason;
    records_[next.index] = record;
  }
  told_ = true;
  done_();
}

std::vector<AttemptRecord> Run::records() const {
  std::vector<AttemptRecord> sorted;
  sorted.reserve(records_.size());
  for (const auto& [index, record] : records_) sorted.push_back(record);
  return sorted;
}

}  // namespace orchestrator
