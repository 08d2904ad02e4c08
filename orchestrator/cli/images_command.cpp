#include <fmt/format.h>

#include <csignal>
#include <iostream>

#include "images/bases/bootstrap.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/image_list.h"
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

template <class T, class Start>
T answer(Session& session, Start start) {
  return io::await<io::Result<T>>(session.loop(), start).value();
}

// In the order of images::base_recipes().
std::vector<std::optional<sandbox::Image>> known_base_images(Session& session) {
  std::vector<std::optional<sandbox::Image>> bases;
  for (const auto& recipe : images::base_recipes())
    bases.push_back(answer<std::optional<sandbox::Image>>(
        session, [&](auto done) { session.engine().images().inspect(recipe.reference, std::move(done)); }));
  return bases;
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
  const auto images =
      listed_images(answer<std::vector<sandbox::Image>>(
                        session, [&](auto done) { session.engine().images().list(std::move(done)); }),
                    known_base_images(session));
  std::cout << (options.json_output ? image_json(images)
                                    : image_table(images, std::chrono::system_clock::now()));
  session.close_engine();
  return 0;
}

}  // namespace orchestrator
