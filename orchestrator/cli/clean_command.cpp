#include <fmt/format.h>

#include <iostream>

#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/kept_images.h"

namespace orchestrator {

int clean_command(const Program& program, const CommandLine& options) {
  Session session(program, options);
  const int folders = remove_dead_scratch(session.state_folder());
  session.open_engine();
  const int removed = io::await<io::Result<int>>(session.loop(), [&](auto done) {
                        session.engine().sandbox().sweep(sandbox::SweepScope::dead_owners, std::move(done));
                      }).value();
  std::string images;
  if (options.clean_images) images = pruned_words(remove_now(session, {}), false) + "\n";
  session.close_engine();
  std::cout << fmt::format("removed {} containers and networks and {} folders of dead runs\n", removed,
                           folders)
            << images;
  return 0;
}

}  // namespace orchestrator
