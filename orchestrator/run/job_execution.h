// One job from its request to its report: checkout → plan → image → attempts. Every step is asynchronous, so
// that several executions can share one loop. The stages before the attempts end in an error (wrong request,
// host, set-up), once the plan is made with a report of what is known; from the first attempt on there is
// always a report and no error.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "images/lifeline.h"
#include "images/recipe.h"
#include "orchestrator/report/report.h"
#include "orchestrator/run/attempt_stage.h"
#include "orchestrator/run/bundle.h"
#include "orchestrator/run/event.h"
#include "orchestrator/run/host_budget.h"
#include "orchestrator/run/host_sharing.h"
#include "orchestrator/run/layer_files.h"
#include "orchestrator/run/replay.h"
#include "orchestrator/run/used_images.h"
#include "sandbox/image_store.h"
#include "sandbox/io/loop.h"
#include "sandbox/sandbox.h"

namespace orchestrator {

// What of the host a job may use. The same for all jobs of a process.
struct JobHost {
  sandbox::Capabilities engine;
  images::HostSettings settings;  // for install steps
  std::string supervisor_file;
  std::string state_folder;  // caches that outlive a run
  // A repository's file may have all output of attempts kept below that folder (save_full_output). Not where
  // whoever asks for a job never sees the disk, and nobody removes what lies there.
  bool keeps_logs = true;
  HostSharing* sharing = nullptr;  // with other processes; nullptr: nothing is shared
  ImageCache image_cache;          // for layers that are installed; see CachedLayers
};

struct JobInputs {
  JobRequest said;  // flags, job and environment merged
  JobRequest user;  // the user's config
  std::string run_id;
  std::string scratch;      // an existing empty folder for this job alone
  std::string logs_folder;  // --logs, or empty
  std::optional<images::GitCredential> credential;
  images::GitAccess access;
  std::string ca_file;                     // for git
  std::vector<std::string> allowed_hosts;  // see CheckoutRequest
  sandbox::EnvList secret_values;          // of said.secret_env, or of the replayed plan's
  bool ci = false;                         // see PlanContext
  // Looks at what was checked out, once the plan is known and before anything is built; what it throws ends
  // the job. Empty: nobody looks.
  std::function<void(const images::Source&, const JobPlan&)> examine;
  // An attempt of an earlier run instead: then `said` is for the report alone and `user` is not asked.
  std::optional<Replay> replay;
  // The run of a bundle instead: the same holds.
  std::optional<Bundle> bundle;
  BundleWishes bundle_wishes;
  bool keeps_tree = false;  // see JobExecution::tree_file()
  // Where other jobs run beside this one: see RunSpec.
  HostBudget* budget = nullptr;
  HostBudget::Claimant claimant;
};

class JobExecution : images::RecipeObserver {
 public:
  JobExecution(io::Loop& loop, sandbox::Sandbox& sandbox, sandbox::ImageStore& images, const JobHost& host,
               JobInputs inputs, EventLog& events);
  ~JobExecution() override;

  // `done` once. Errors: InvalidJob and io::RequestError, io::HostError, io::SetupError; Interrupted when
  // stop() came before the attempts.
  void start(std::function<void(io::Result<Report>)> done);
  // All of it but the attempts: `ready` gets the first of them, for somebody who wants to sit in its place.
  void prepare(std::function<void(io::Result<sandbox::AttemptSpec>)> ready);
  void stop(RunEnd end, std::string reason);
  void kill();
  // Lets attempts that run go on and starts no others; before the attempts the same as stop().
  void start_no_more(RunEnd end, std::string reason);
  const Spool& spool() const { return attempts_->spool(); }  // once a report is there
  // The sources as attempts got them, as a tar. Where it is to be kept, a folder that changes meanwhile ends
  // the job before its attempts.
  static std::string tree_file(const std::string& scratch) { return scratch + "/tree.tar"; }
  // What is known of a job that ended before its attempts; nothing before there was a plan.
  std::optional<Report> report_without_attempts(RunEnd end, const std::string& reason) const;
  // The repository's own wish, which counts above all when the job fails. False before the checkout.
  bool keeps_scratch() const { return report_.plan.keep; }

  class Interrupted : public std::runtime_error {
   public:
    Interrupted(RunEnd end_, const std::string& reason) : std::runtime_error(reason), end(end_) {}
    RunEnd end;
  };

 private:
  void begin();
  void take_saved(const SavedRun& saved);
  void find_replayed_image();
  void find_bundled_image();
  void load_bundled_image();
  void use_bundled_image(const sandbox::Image& image);
  void checkout();
  void checked_out_again(images::Source source);
  void checked_out(images::Source source);
  void build_image();
  void built(images::BuiltImage image);
  void keep_tree();
  void go_on();
  bool runs() const { return attempts_ && attempts_->started(); }
  void attempts_ended();
  void fail(std::exception_ptr error);
  template <class T, class Fn>
  std::function<void(io::Result<T>)> then(
      Fn fn);  // a stage's answer: its value goes on, its error ends the job
  void take_toolchain();
  void warn(const std::vector<std::string>& sentences);
  void finish_report(Report& report, RunEnd end, const std::string& reason) const;

  void layer_started(const std::string& kind, const std::string& title) override;
  void layer_finished(const images::BuiltLayer& layer) override;
  void step_started(const std::string& title) override;
  void output(sandbox::Stream stream, std::string_view bytes) override;

  io::Loop& loop_;
  sandbox::Sandbox& sandbox_;
  const JobHost& host_;
  std::unique_ptr<UsedImages> used_;  // where processes share images; in front of the store
  sandbox::ImageStore& images_;
  JobInputs inputs_;
  JobRequest early_;  // flags, job, environment and user's config, without the repository's file
  EventLog& events_;
  std::function<void(io::Result<Report>)> done_;
  std::function<void(sandbox::AttemptSpec)> ready_;  // instead of attempts
  Report report_;
  bool planned_ = false;  // the report's plan is there
  images::CheckoutRequest checkout_request_;
  const images::Toolchain* toolchain_ = nullptr;
  io::TimePoint stage_started_{};
  std::unique_ptr<images::Checkout> checkout_;
  std::unique_ptr<images::Recipe> recipe_;
  std::unique_ptr<sandbox::ImageTransfer> loading_;
  std::unique_ptr<AttemptStage> attempts_;
  std::unique_ptr<io::Timer> deadline_;
  images::Lifeline lifeline_{[this](std::exception_ptr error) { fail(error); }};
};

}  // namespace orchestrator
