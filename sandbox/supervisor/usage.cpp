#include "sandbox/supervisor/usage.h"

#include <sys/resource.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "sandbox/supervisor/kernel_files.h"
#include "sandbox/supervisor/processes.h"

namespace supervisor {
namespace {

// The first that is known.
std::int64_t first(std::int64_t one, std::int64_t other) { return one >= 0 ? one : other; }

// What is known of two.
std::int64_t sum(std::int64_t one, std::int64_t other) {
  if (one < 0 || other < 0) return std::max(one, other);
  return one + other;
}

std::int64_t cgroup_cpu_us() {
  std::int64_t nanoseconds = number_in("/sys/fs/cgroup/cpuacct/cpuacct.usage");
  if (nanoseconds < 0) nanoseconds = number_in("/sys/fs/cgroup/cpu,cpuacct/cpuacct.usage");
  return nanoseconds >= 0 ? nanoseconds / 1000 : number_after("/sys/fs/cgroup/cpu.stat", "usage_usec");
}

std::int64_t microseconds(const timeval& time) { return time.tv_sec * 1'000'000LL + time.tv_usec; }

// A frame of "key=value" lines. A number that is not known has no line.
class Fields {
 public:
  void add(const char* key, std::int64_t value) {
    if (value >= 0) append("%s=%lld\n", key, static_cast<long long>(value));
  }
  void add(const char* key, const char* value) { append("%s=%s\n", key, value); }
  void send(FrameWriter& writer) const { writer.frame(FrameType::usage, {text_, length_}); }

 private:
  __attribute__((format(printf, 2, 3))) void append(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int count = std::vsnprintf(text_ + length_, sizeof text_ - length_, format, arguments);
    va_end(arguments);
    if (count > 0) length_ = std::min(length_ + static_cast<std::size_t>(count), sizeof text_ - 1);
  }

  char text_[1024];
  std::size_t length_ = 0;
};

void add_since(Fields& fields, const char* key, std::int64_t before, std::int64_t now) {
  if (now >= 0) fields.add(key, std::max<std::int64_t>(now - std::max<std::int64_t>(before, 0), 0));
}

void add_peak_memory(Fields& fields, const rusage& children) {
  if (is_init()) {
    const struct {
      const char* path;
      const char* source;
    } places[] = {
        {"/sys/fs/cgroup/memory/memory.max_usage_in_bytes", "cgroup v1 max_usage_in_bytes"},
        {"/sys/fs/cgroup/memory.peak", "cgroup v2 memory.peak"},
    };
    for (const auto& [path, source] : places) {
      const std::int64_t peak = number_in(path);
      if (peak <= 0) continue;
      fields.add("peak_memory", peak);
      return fields.add("peak_source", source);
    }
  }
  fields.add("peak_memory", children.ru_maxrss * 1024LL);
  fields.add("peak_source", "rusage maxrss");
}

std::int64_t tmp_full() {
  struct statvfs system {};
  if (::statvfs("/tmp", &system) != 0 || system.f_blocks == 0) return -1;
  return system.f_bavail == 0 || (system.f_files != 0 && system.f_favail == 0) ? 1 : 0;
}

}  // namespace

Counters read_counters() {
  Counters counters;
  counters.no_route = sum(number_under("/proc/net/snmp", "Ip:", "OutNoRoutes"),
                          number_after("/proc/net/snmp6", "Ip6OutNoRoutes"));
  counters.dns_refused =
      sum(number_under("/proc/net/snmp", "Udp:", "NoPorts"), number_after("/proc/net/snmp6", "Udp6NoPorts"));
  if (!is_init()) return counters;
  counters.cpu_us = cgroup_cpu_us();
  counters.pids = first(number_after("/sys/fs/cgroup/pids/pids.events", "max"),
                        number_after("/sys/fs/cgroup/pids.events", "max"));
  // With swap limited to the same, cgroup v1 counts a hit only there.
  counters.memory = first(sum(number_in("/sys/fs/cgroup/memory/memory.failcnt"),
                              number_in("/sys/fs/cgroup/memory/memory.memsw.failcnt")),
                          number_after("/sys/fs/cgroup/memory.events", "max"));
  counters.oom_kills = first(number_after("/sys/fs/cgroup/memory/memory.oom_control", "oom_kill"),
                             number_after("/sys/fs/cgroup/memory.events", "oom_kill"));
  return counters;
}

void report_usage(FrameWriter& writer, const Counters& before) {
  const Counters now = read_counters();
  rusage children{};
  ::getrusage(RUSAGE_CHILDREN, &children);
  Fields fields;
  if (now.cpu_us >= 0)
    add_since(fields, "cpu_us", before.cpu_us, now.cpu_us);
  else
    fields.add("cpu_us", microseconds(children.ru_utime) + microseconds(children.ru_stime));
  add_peak_memory(fields, children);
  add_since(fields, "no_route", before.no_route, now.no_route);
  add_since(fields, "dns_refused", before.dns_refused, now.dns_refused);
  add_since(fields, "pids", before.pids, now.pids);
  add_since(fields, "memory", before.memory, now.memory);
  add_since(fields, "oom_kills", before.oom_kills, now.oom_kills);
  fields.add("tmp_full", tmp_full());
  fields.send(writer);
}

}  // namespace supervisor
