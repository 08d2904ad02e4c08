// Every process of the attempt except us. As PID 1 those are all that our PID namespace holds; elsewhere
// (tests on a host) only our descendants, so that nothing else on that host is ever touched.
#pragma once

#include <sys/types.h>

namespace supervisor {

bool is_init();  // are we PID 1

// Orphans of the attempt become our children, as they do of PID 1.
void adopt_orphans();

void signal_everything(int signal);

}  // namespace supervisor
