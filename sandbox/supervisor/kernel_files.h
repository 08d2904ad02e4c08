// Numbers out of the kernel's text files. -1 stands for "not there": kernels and cgroup versions differ.
#pragma once

#include <cstdint>

namespace supervisor {

// The file's first number, as in memory.peak.
std::int64_t number_in(const char* path);

// The number after `key` at the start of a line, as in "oom_kill 3".
std::int64_t number_after(const char* path, const char* key);

// The number under `column` of the lines that begin with `family`, as in /proc/net/snmp, where one line names
// the columns and the next holds the numbers.
std::int64_t number_under(const char* path, const char* family, const char* column);

}  // namespace supervisor
