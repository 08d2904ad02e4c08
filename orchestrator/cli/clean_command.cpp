#include <fmt/format.h>

#include <iostream>

#include "orchestrator/cli/commands.h"

namespace orchestrator {

int clean_command(const Program& program, const CommandLine& options) {
  Session session(program, options);
  const int folders = remove_dead_scratch(session.state_folder());
  session.open_engine();
  const int removed = io::await<io::Result<int>>(session.loop(), [&](auto done) {
                        session.engine().sandbox().sweep(sandbox::SweepScope::dead_owners, std::move(done));
                      }).value();
  session.close_engine();
  std::cout << fmt::format("removed {} containers and networks and {} folders of dead runs\n", removed,
                           folders);
  return 0;
}

}  // namespace orchestrator
