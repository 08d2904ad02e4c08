#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <nlohmann/json.hpp>

#include "images/bases/bootstrap.h"
#include "orchestrator/cli/commands.h"
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

std::string label(const sandbox::Image& image, const char* name) {
  const auto found = image.labels.find(name);
  return found == image.labels.end() ? "" : found->second;
}

void print_json(const std::vector<sandbox::Image>& images) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& image : images)
    list.push_back(
        {{"id", image.id},
         {"kind", label(image, "orchestrator.kind")},
         {"references", image.references},
         {"size_bytes", image.size_bytes},
         {"created", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                                 fmt::gmtime(std::chrono::system_clock::to_time_t(image.created)))}});
  std::cout << list.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
}

void print_lines(const std::vector<sandbox::Image>& images) {
  for (const auto& image : images)
    std::cout << fmt::format("{:<14} {:>6} MiB  {:%Y-%m-%d %H:%M}  {}\n", label(image, "orchestrator.kind"),
                             image.size_bytes >> 20,
                             fmt::gmtime(std::chrono::system_clock::to_time_t(image.created)),
                             image.references.empty() ? image.id.substr(0, 19) : image.references.front());
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
  const io::Signals signals(session.loop(), {SIGINT, SIGTERM}, [&](int number) { signal = number; });
  session.open_engine();
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
  auto images = io::await<io::Result<std::vector<sandbox::Image>>>(session.loop(), [&](auto done) {
                  session.engine().images().list(std::move(done));
                }).value();
  std::sort(images.begin(), images.end(), [](const auto& a, const auto& b) { return a.created > b.created; });
  options.json_output ? print_json(images) : print_lines(images);
  session.close_engine();
  return 0;
}

}  // namespace orchestrator
