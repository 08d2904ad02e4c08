#include "orchestrator/run/job_execution.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "orchestrator/job/text_checks.h"
#include "orchestrator/report/words.h"
#include "orchestrator/run/attempt_spec.h"
#include "orchestrator/run/deal.h"
#include "orchestrator/run/free_space.h"
#include "orchestrator/run/ran_no_test.h"
#include "orchestrator/run/repository_file.h"
#include "orchestrator/run/results_advice.h"
#include "orchestrator/run/toolchain_choice.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

double seconds_since(io::TimePoint start, io::TimePoint now) {
  return std::chrono::duration<double>(now - start).count();
}

images::InstallOptions install_options(const JobPlan& plan) {
  images::InstallOptions options;
  options.subdir = plan.subdir;
  options.install_dependencies = plan.install_dependencies;
  options.test_words = plan.test_command.split();
  options.step_timeout = plan.install_timeout;
  return options;
}

}  // namespace

JobExecution::JobExecution(io::Loop& loop, sandbox::Sandbox& sandbox, sandbox::ImageStore& images,
                           const JobHost& host, JobInputs inputs, EventLog& events)
    : loop_(loop),
      sandbox_(sandbox),
      host_(host),
      used_(host.sharing ? std::make_unique<UsedImages>(loop, images, host.sharing->uses()) : nullptr),
      images_(used_ ? *used_ : images),
      inputs_(std::move(inputs)),
      events_(events) {}

JobExecution::~JobExecution() = default;

template <class T, class Fn>
std::function<void(io::Result<T>)> JobExecution::then(Fn fn) {
  return [this, fn](io::Result<T> result) {
    if (!done_) return;
    try {
      fn(std::move(result).value());
    } catch (...) {
      fail(std::current_exception());
    }
  };
}

void JobExecution::fail(std::exception_ptr error) {
  deadline_.reset();
  if (const auto done = std::exchange(done_, nullptr)) done(error);
}

void JobExecution::start(std::function<void(io::Result<Report>)> done) {
  done_ = std::move(done);
  begin();
}

void JobExecution::prepare(std::function<void(io::Result<sandbox::AttemptSpec>)> ready) {
  ready_ = ready;
  done_ = [ready = std::move(ready)](io::Result<Report> failed) { ready(failed.error()); };
  begin();
}

void JobExecution::begin() {
  report_.started_at = std::chrono::system_clock::now();
  report_.request = inputs_.said;
  report_.engine = host_.engine;
  const auto fields = inputs_.said.to_json();
  events_.append("job_started", {{"request", fields}});
  // What is needed before the repository's own file can be read; that file may set none of it.
  early_ = merge(inputs_.said, inputs_.user);
  if (early_.deadline_s)
    deadline_ =
        loop_.call_after(std::chrono::milliseconds(static_cast<std::int64_t>(*early_.deadline_s * 1000)),
                         [this] { stop(RunEnd::deadline, "the job's deadline has passed"); });
  try {
    if (inputs_.replay) return find_replayed_image();
    if (inputs_.bundle) return find_bundled_image();
    checkout();
  } catch (...) {
    fail(std::current_exception());
  }
}

// ---- an image that is there already

void JobExecution::take_saved(const SavedRun& saved) {
  planned_ = true;
  report_.framework = saved.framework;
  report_.framework_found = saved.environment.framework_found;
  toolchain_ = images::find_toolchain(report_.framework);
  if (!toolchain_)
    throw io::RequestError(
        fmt::format("framework: there is no toolchain for '{}'", one_line(report_.framework)));
  stage_started_ = loop_.now();
}

void JobExecution::find_replayed_image() {
  const Replay& replay = *inputs_.replay;
  report_.replay = replay.record;
  report_.plan = replayed_plan(replay, host_.engine.cpus);
  take_saved(replay.saved);
  // Sources that are no commit cannot be asked for by one.
  if (is_a_commit(replay.saved)) early_.ref = replay.saved.environment.commit;
  if (replay.saved.environment.image.id.empty()) return checkout();
  images_.inspect(replay.saved.environment.image.id,
                  lifeline_.guard([this](io::Result<std::optional<sandbox::Image>> result) {
                    const auto image = std::move(result).value();
                    if (!done_) return;
                    if (!image) return checkout();
                    report_.source = replayed_source(inputs_.replay->saved);
                    built(replayed_image(inputs_.replay->saved, *image));
                  }));
}

void JobExecution::find_bundled_image() {
  const Bundle& bundle = *inputs_.bundle;
  report_.bundle = bundle.origin;
  report_.plan = bundled_plan(bundle.saved, inputs_.bundle_wishes, host_.engine.cpus);
  if (early_.deadline_s)
    report_.plan.deadline = std::chrono::milliseconds(std::llround(*early_.deadline_s * 1000));
  take_saved(bundle.saved);
  if (bundle.architecture != host_.engine.architecture)
    throw io::RequestError(fmt::format("{} is of an image for {}; this engine runs {}", bundle.origin.file,
                                       one_line(bundle.architecture), host_.engine.architecture));
  images_.inspect(bundle.saved.environment.image.id,
                  lifeline_.guard([this](io::Result<std::optional<sandbox::Image>> result) {
                    const auto image = std::move(result).value();
                    if (!done_) return;
                    if (!image) return load_bundled_image();
                    use_bundled_image(*image);
                  }));
}

// Never under a name: none that the file says, and not that of a layer, which other runs would stand on.
void JobExecution::load_bundled_image() {
  events_.append("layer_started", {{"kind", "bundle"}, {"title", "loading the image of the bundle"}});
  report_.bundle->image_loaded = true;
  loading_ =
      images_.load(inputs_.bundle->image_tar, lifeline_.guard([this](io::Result<sandbox::Image> result) {
        const auto image = std::move(result).value();
        if (!done_) return;
        const std::string& known = inputs_.bundle->saved.environment.image.id;
        if (image.id != known)
          warn({fmt::format("this engine counts ids of images otherwise: what was {} is {} here", known,
                            image.id)});
        events_.append("layer_finished", {{"kind", "bundle"},
                                          {"cached", true},
                                          {"how", "loaded"},
                                          {"seconds", seconds_since(stage_started_, loop_.now())}});
        // Asked for again, it is in use.
        images_.inspect(image.id, lifeline_.guard([this](io::Result<std::optional<sandbox::Image>> found) {
          const auto loaded = std::move(found).value();
          if (!done_) return;
          loading_.reset();
          if (!loaded) throw io::HostError("the image of the bundle went as soon as it was loaded");
          use_bundled_image(*loaded);
        }));
      }));
}

void JobExecution::use_bundled_image(const sandbox::Image& image) {
  auto sealed = replayed_image(inputs_.bundle->saved, image);
  const auto layer = layer_name(image);
  if (report_.bundle->image_loaded && layer && host_.sharing) host_.sharing->adopt(*layer);
  report_.source = replayed_source(inputs_.bundle->saved);
  built(std::move(sealed));
}

void JobExecution::checked_out_again(images::Source source) {
  check_same_sources(*inputs_.replay, source);
  report_.replay->rebuilt = true;
  report_.source = std::move(source);
  report_.source.changes = replayed_changes(inputs_.replay->saved);
  take_toolchain();
  build_image();
}

// ---- checkout

void JobExecution::checkout() {
  if (early_.dockerfile && host_.engine.builder.empty())
    throw io::HostError(
        fmt::format("dockerfile: {} builds no Dockerfiles here; use an image", host_.engine.engine));
  stage_started_ = loop_.now();
  events_.append("checkout_started");
  checkout_request_.repo = early_.repo.value_or("");
  checkout_request_.ref = early_.ref.value_or("");
  checkout_request_.include = early_.include;
  checkout_request_.changed_since = early_.only_changed.value_or("");
  checkout_request_.dockerfile = normalised_subdir(early_.dockerfile.value_or("")).value_or("");
  checkout_request_.credential = inputs_.credential;
  checkout_request_.access = inputs_.access;
  checkout_request_.ca_file = inputs_.ca_file;
  checkout_request_.allowed_hosts = inputs_.allowed_hosts;
  checkout_request_.scratch = inputs_.scratch;
  checkout_ = images::start_checkout(
      loop_, checkout_request_,
      [this](std::string_view text) {
        events_.append("checkout_progress", {{"text", to_utf8(text)}});
      },
      then<images::Source>([this](images::Source source) { checked_out(std::move(source)); }));
}

void JobExecution::checked_out(images::Source source) {
  events_.append("checkout_finished", {{"commit", source.commit},
                                       {"dirty", source.dirty},
                                       {"tree_hash", source.tree_hash},
                                       {"files", source.entries.size()},
                                       {"seconds", seconds_since(stage_started_, loop_.now())}});
  if (inputs_.replay) return checked_out_again(std::move(source));
  JobRequest repository;
  const auto file = find_repository_file(source, early_.subdir.value_or(""));
  if (file.text) repository = parse_repository_config(*file.text, file.where);
  warn(file.warnings);
  const std::uint64_t random_seed =
      static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count()) ^
      std::hash<std::string>{}(inputs_.run_id);
  report_.plan = make_plan(inputs_.said, repository, inputs_.user,
                           {host_.engine.cpus, random_seed % 4'294'967'296ull, inputs_.ci});
  planned_ = true;
  const JobPlan& plan = report_.plan;
  if (!plan.subdir.empty() && !source.has_folder(plan.subdir))
    throw io::RequestError(
        fmt::format("subdir: the folder '{}' does not exist in the repository", plan.subdir));
  if (inputs_.examine) inputs_.examine(source, plan);
  report_.source = std::move(source);
  take_toolchain();
  build_image();
}

void JobExecution::take_toolchain() {
  auto choice = choose_toolchain(report_.source, report_.plan.subdir, report_.plan.framework,
                                 report_.plan.test_command.split());
  toolchain_ = choice.toolchain;
  report_.framework = choice.toolchain->name();
  report_.framework_found = std::move(choice.found);
  warn(choice.warnings);
}

void JobExecution::warn(const std::vector<std::string>& sentences) {
  report_.warnings.insert(report_.warnings.end(), sentences.begin(), sentences.end());
}

// ---- image

void JobExecution::build_image() {
  stage_started_ = loop_.now();
  images::RecipeRequest request;
  request.source = report_.source;
  request.checkout = checkout_request_;
  request.toolchain = toolchain_;
  request.install = install_options(report_.plan);
  request.base = report_.plan.image;
  request.dockerfile = report_.plan.dockerfile;
  request.build_args = report_.plan.build_args;
  request.pull = images::pull_policy(report_.plan.pull);
  if (inputs_.replay) request.pinned_base = pinned_base(inputs_.replay->saved);
  request.setup_commands = report_.plan.setup_commands;
  request.host = host_.settings;
  request.supervisor_file = host_.supervisor_file;
  request.scratch = inputs_.scratch;
  recipe_ = images::start_recipe(
      loop_, images_, std::move(request), *this,
      then<images::BuiltImage>([this](images::BuiltImage image) { built(std::move(image)); }));
}

void JobExecution::layer_started(const std::string& kind, const std::string& title) {
  events_.append("layer_started", {{"kind", kind}, {"title", to_utf8(title)}});
}

void JobExecution::layer_finished(const images::BuiltLayer& layer) {
  nlohmann::json data = {{"kind", layer.kind}, {"cached", layer.cached}, {"seconds", layer.seconds}};
  if (!layer.from.empty()) data["how"] = to_utf8("taken from " + layer.from);
  events_.append("layer_finished", std::move(data));
}

void JobExecution::step_started(const std::string& title) {
  events_.append("layer_output", {{"text", to_utf8(title) + "\n"}});
}

void JobExecution::output(sandbox::Stream, std::string_view bytes) {
  events_.append("layer_output", {{"text", to_utf8(bytes)}});
}

void JobExecution::built(images::BuiltImage image) {
  events_.append("image_finished", {{"image", image.id},
                                    {"base", image.base_reference},
                                    {"framework", report_.framework},
                                    {"found", report_.framework_found},
                                    {"seconds", seconds_since(stage_started_, loop_.now())}});
  report_.image = std::move(image);
  report_.packages = report_.image.packages.value_or(std::vector<std::string>{});
  if (!report_.image.tree_hash.empty()) report_.source.tree_hash = report_.image.tree_hash;
  if (report_.replay) report_.replay->differences = replay_differences(inputs_.replay->saved, report_);
  if (report_.bundle) report_.bundle->differences = replay_differences(inputs_.bundle->saved, report_);
  deal_conditions();
  if (inputs_.keeps_tree) return keep_tree();
  go_on();
}

// Of a folder the same again only while nobody writes to it.
void JobExecution::keep_tree() {
  checkout_ = images::start_archive(loop_, checkout_request_, std::string(sandbox::kWorkDir + 1) + "/",
                                    images::kTestUid,
                                    then<images::SourceArchive>([this](const images::SourceArchive& archive) {
                                      if (archive.tree_hash != report_.source.tree_hash)
                                        throw io::HostError(
                                            "--bundle: the folder has changed since its image was made; run "
                                            "it again when nobody writes there");
                                      std::filesystem::rename(archive.tar_file, tree_file(inputs_.scratch));
                                      go_on();
                                    }));
}

void JobExecution::go_on() {
  if (!ready_) return run_attempts();
  done_ = nullptr;
  ready_(spec_of(0));
}

// ---- attempts

void JobExecution::deal_conditions() {
  const images::ProbeAbilities abilities = toolchain_->abilities(report_.packages);
  deal_ = make_deal(report_.plan, abilities, report_.warnings);
  if (report_.replay) {
    const auto& condition = report_.replay->attempt.condition;
    const auto dealt = static_cast<std::size_t>(deal_.condition_of(report_.replay->attempt.index));
    deal_ = {{condition ? inputs_.replay->saved.conditions[*condition] : deal_.conditions[dealt]}, {0}};
  } else {
    prepare_changed(abilities);
  }
  report_.conditions = deal_.conditions;
}

int JobExecution::index_of(int attempt) const {
  return report_.replay ? report_.replay->attempt.index : attempt;
}

sandbox::AttemptSpec JobExecution::spec_of(int attempt) const {
  return attempt_spec(
      {report_.plan, report_.image, *toolchain_, report_.packages, inputs_.secret_values, inputs_.run_id,
       deal_.conditions[static_cast<std::size_t>(deal_.condition_of(attempt))]},
      index_of(attempt));
}

void JobExecution::run_attempts() {
  const JobPlan& plan = report_.plan;
  report_.source.entries.clear();
  report_.source.manifests.clear();
  report_.source.context.reset();
  const std::string logs = logs_folder();
  spool_ = std::make_unique<Spool>(inputs_.scratch, logs);
  report_.anytime = plan.until_sure.has_value();
  RunSpec spec;
  spec.condition = [this](int index) { return deal_.condition_of(index); };
  spec.until_sure = plan.until_sure;
  spec.files_know_conditions = files_know_conditions();
  spec.parallelism = plan.parallelism;
  spec.test_command = plan.test_command;
  spec.timeout = plan.limits.timeout;
  spec.network = plan.network;
  spec.attempt = [this](int attempt) { return spec_of(attempt); };
  spec.seed = [this](int attempt) {
    return attempt_seed(report_.plan.job_seed, static_cast<std::uint64_t>(index_of(attempt)),
                        report_.plan.seed_range);
  };
  for (const auto& [variable, value] : inputs_.secret_values) spec.secrets.push_back(value);
  spec.obstacle = [this] { return disk_obstacle({host_.engine.data_root, inputs_.scratch}); };
  spec.budget = inputs_.budget;
  spec.claimant = inputs_.claimant;
  spec.share = {plan.limits.cpus, static_cast<std::int64_t>(plan.limits.memory_bytes),
                static_cast<std::int64_t>(plan.limits.disk_bytes)};
  auto source = attempt_source();
  events_.append(
      "run_started",
      {{"runs", source->expected()}, {"parallelism", plan.parallelism}, {"job_seed", plan.job_seed}});
  run_ = std::make_unique<Run>(loop_, sandbox_, std::move(spec), std::move(source), events_, *spool_);
  if (!logs.empty()) keep_logs_fresh();
  run_->start([this] { attempts_ended(); });
}

std::unique_ptr<AttemptSource> JobExecution::attempt_source() const {
  const JobPlan& plan = report_.plan;
  if (report_.replay) return fixed_number(report_.replay->times);
  if (plan.only_attempt) return only_attempt(*plan.only_attempt);
  if (plan.until_sure) return until_settled(plan.runs);
  if (plan.changed_runs == 0) return fixed_number(plan.runs);
  return with_changed(plan.runs, plan.changed_runs, report_.source.changes->files);
}

// Attempts of the changed files' tests alone, where there are such files and they can be chosen.
void JobExecution::prepare_changed(const images::ProbeAbilities& abilities) {
  const JobPlan& plan = report_.plan;
  if (!report_.source.changes) return;
  const auto& changes = *report_.source.changes;
  if (!abilities.any()) return forget_changed("tests are not told apart here");
  if (!abilities.choose)
    return forget_changed("this framework cannot be asked for the tests of some files alone");
  if (changes.files.empty())
    return forget_changed(
        fmt::format("no file has changed since {} ({})", plan.only_changed, changes.base.substr(0, 12)));
  add_changed(deal_, plan, changes.files);
}

void JobExecution::forget_changed(const std::string& why) {
  JobPlan& plan = report_.plan;
  plan.changed_runs = 0;
  if (plan.only_attempt && *plan.only_attempt >= plan.runs)
    throw io::RequestError(fmt::format(
        "only_attempt: attempt {} is one of those of changed tests alone, but {}", *plan.only_attempt, why));
  report_.warnings.push_back(fmt::format("only_changed: {}, so that only the usual attempts were made", why));
}

// Somebody may read them while attempts run.
void JobExecution::keep_logs_fresh() {
  constexpr std::chrono::milliseconds kOften{200};
  spool_->flush_logs();
  flushing_ = loop_.call_after(kOften, [this] { keep_logs_fresh(); });
}

// Where every byte of output goes: where the person said, or, when only the repository's file asks for it,
// below the state folder.
std::string JobExecution::logs_folder() {
  if (!inputs_.logs_folder.empty() || !report_.plan.save_full_output) return inputs_.logs_folder;
  if (!host_.keeps_logs) {
    report_.warnings.push_back(
        "save_full_output has no effect here: of what attempts print, only what the report holds is kept");
    return "";
  }
  const std::string folder = fmt::format("{}/logs/{}", host_.state_folder, inputs_.run_id);
  std::filesystem::create_directories(folder);
  report_.warnings.push_back(fmt::format("the whole output of all attempts is kept in {}", folder));
  return folder;
}

// The toolchain's own result files are those of a runner that was asked for its conditions; who writes what a
// person names, nobody knows.
bool JobExecution::files_know_conditions() const { return report_.plan.results.empty(); }

void JobExecution::judge_tests() {
  // Where no framework told its tests apart, nothing of the order was asked of anybody.
  if (report_.tests.empty() || (run_->told_by_files() && !files_know_conditions())) {
    report_.conditions = {Condition{}};
    for (auto& attempt : report_.attempts) attempt.condition = 0;
  }
  // Attempts that ended before any session began know the condition that they were dealt all the same.
  if (report_.tests.empty()) report_.tests = TestResults();
  const SeverityThresholds& words = report_.plan.severity_thresholds;
  report_.verdicts = judge(report_.tests, report_.conditions,
                           {report_.anytime, words.critical, words.high, words.medium, words.low});
  report_.findings = find_findings(report_, *spool_);
}

void JobExecution::attempts_ended() {
  flushing_.reset();
  deadline_.reset();
  report_.attempts = run_->records();
  report_.tests = run_->tests();
  report_.settled = run_->settled();
  const bool none_of_changed =
      report_.plan.changed_runs > 0 && !report_.plan.only_attempt && run_->end() == RunEnd::complete &&
      std::none_of(report_.attempts.begin(), report_.attempts.end(),
                   [&](const AttemptRecord& each) { return deal_.of_changed(each.index); });
  if (none_of_changed) {
    forget_changed("none of the changed files holds a test that the command runs");
    std::erase_if(report_.conditions, [](const Condition& each) { return !each.files.empty(); });
  }
  judge_tests();
  const std::string no_test = report_.tests.empty() ? words_for_no_test(report_, *spool_) : "";
  warn(results_advice(report_, {run_->told_by_files(), run_->result_files(), no_test}));
  finish_report(report_, run_->end(), run_->end_reason());
  events_.append("run_finished", {{"end", name(report_.end)},
                                  {"total_runs", report_.total_runs()},
                                  {"failures", report_.failures()},
                                  {"repro_rate", report_.repro_rate()}});
  if (const auto done = std::exchange(done_, nullptr)) done(report_);
}

void JobExecution::finish_report(Report& report, RunEnd end, const std::string& reason) const {
  report.end = end;
  report.end_reason = reason;
  report.finished_at = std::chrono::system_clock::now();
  for (const auto* list :
       {&report.engine.warnings, &report.image.warnings, &report.plan.warnings, &report.source.warnings})
    report.warnings.insert(report.warnings.end(), list->begin(), list->end());
}

std::optional<Report> JobExecution::report_without_attempts(RunEnd end, const std::string& reason) const {
  if (!planned_) return std::nullopt;
  Report report = report_;
  finish_report(report, end, reason);
  return report;
}

void JobExecution::stop(RunEnd end, std::string reason) {
  if (run_) return run_->stop(end, std::move(reason));
  recipe_.reset();
  checkout_.reset();
  loading_.reset();
  fail(io::failure(Interrupted(end, reason)));
}

void JobExecution::start_no_more(RunEnd end, std::string reason) {
  if (run_) return run_->start_no_more(end, std::move(reason));
  stop(end, std::move(reason));
}

void JobExecution::kill() {
  if (run_) run_->kill();
}

}  // namespace orchestrator
