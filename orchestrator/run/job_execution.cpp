#include "orchestrator/run/job_execution.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>

#include "orchestrator/job/text_checks.h"
#include "orchestrator/report/words.h"
#include "orchestrator/run/repository_file.h"
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
  attempts_ = std::make_unique<AttemptStage>(loop_, sandbox_, host_, inputs_, *toolchain_, report_, events_);
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
  if (!ready_) return attempts_->start([this] { attempts_ended(); });
  done_ = nullptr;
  ready_(attempts_->spec_of(0));
}

void JobExecution::attempts_ended() {
  deadline_.reset();
  finish_report(report_, attempts_->end(), attempts_->end_reason());
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
  if (runs()) return attempts_->stop(end, std::move(reason));
  recipe_.reset();
  checkout_.reset();
  loading_.reset();
  fail(io::failure(Interrupted(end, reason)));
}

void JobExecution::start_no_more(RunEnd end, std::string reason) {
  if (runs()) return attempts_->start_no_more(end, std::move(reason));
  stop(end, std::move(reason));
}

void JobExecution::kill() {
  if (runs()) attempts_->kill();
}

}  // namespace orchestrator
