#include <fmt/format.h>

#include <csignal>
#include <iostream>
#include <limits>

#include "images/bases/bootstrap.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/image_list.h"
#include "orchestrator/cli/kept_images.h"
#include "orchestrator/cli/terminal.h"
#include "sandbox/io/error.h"
#include "sandbox/io/signals.h"

namespace orchestrator {
namespace {

std::string known_bases() {
  std::string list;
  for (const auto& base : images::base_recipes())
    list += fmt::format("{}{} ({})", list.empty() ? "" : ", ", base.name, base.about);
  return list;
}

}  // namespace

int bootstrap_command(const Program& program, const CommandLine& options) {
  const images::BaseRecipe* recipe = images::find_base(options.bootstrap_name);
  if (!recipe)
    throw io::RequestError(
        fmt::format("there is no base image '{}'; known: {}", options.bootstrap_name, known_bases()));
  Session session(program, options);
  std::unique_ptr<images::Bootstrap> bootstrap;
  int signal = 0;
  const io::Signals signals(session.loop(), {SIGINT, SIGTERM, SIGHUP}, [&](int number) { signal = number; });
  session.open_engine();
  session.sweep_in_background();
  std::optional<io::Result<sandbox::Image>> made;
  bootstrap = images::start_bootstrap(
      session.loop(), session.engine().images(), {*recipe, options.mirror, session.scratch()},
      [&](std::string_view text) { write_to_stderr(fmt::format("{}\n", text)); },
      [&](io::Result<sandbox::Image> result) { made = std::move(result); });
  session.loop().run_until([&] { return made.has_value() || signal != 0; });
  bootstrap.reset();
  session.close_engine();
  if (!made) return 128 + signal;
  const sandbox::Image image = std::move(*made).value();
  std::cout << fmt::format("{} is ready: {} ({} MiB)\n", recipe->reference, image.id.substr(0, 19),
                           image.size_bytes >> 20);
  return 0;
}

int list_images_command(const Program& program, const CommandLine& options) {
  Session session(program, options);
  session.open_engine();
  session.sweep_in_background();
  const auto images = images_of(session);
  if (options.json_output)
    std::cout << image_json(images);
  else
    std::cout << image_table(images, std::chrono::system_clock::now())
              << image_sums(images, options.image_budget) << "\n";
  session.close_engine();
  return 0;
}

int prune_images_command(const Program& program, const CommandLine& options) {
  const CommandLine::Prune& prune = options.prune;
  Session session(program, options);
  session.open_engine();
  session.sweep_in_background();
  RemovalRequest request;
  request.of_others = prune.of_others;
  request.bases = prune.bases;
  request.dry_run = prune.dry_run;
  const auto now = std::chrono::system_clock::now();
  if (prune.unused_for_s)
    request.unused_since = now - std::chrono::seconds(static_cast<std::int64_t>(*prune.unused_for_s));
  else if (!prune.all)
    request.keep_bytes = options.image_budget.value_or(std::numeric_limits<std::int64_t>::max());
  const RemovalResult result = remove_now(session, request);
  if (prune.dry_run)
    for (const auto& one : result.removed) std::cout << removal_line(one, now) << "\n";
  std::cout << pruned_words(result, prune.dry_run) << "\n";
  session.close_engine();
  return 0;
}

}  // namespace orchestrator
