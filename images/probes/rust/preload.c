// Loaded into every program of an attempt by LD_PRELOAD, and asleep in nearly all of them. A program of tests, or
// rustdoc when it tests, becomes `watch` instead, under the process id and the arguments that it has: so nobody who
// starts it, and prints its command line when it dies, sees another one. `watch` then starts the program itself with a
// socket, and here the program's output is copied to it, after it was written to where it belongs.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef FOLDER
#define FOLDER "/.orchestrator/rust"
#endif
#define PIECE 32768  // bytes of a message

static int copy = -1;          // the socket
static struct stat socket_is;  // a test may close it, and open something else under its number
static pid_t owner;            // children made by fork have nothing to say
static int copies_errors;      // standard error too
static int unstable;           // libtest's options for nightly compilers are asked for, until it has asked
static int hides_seed;         // of a shuffle, on the line that would tell it

static const char *value_of(const char *name) {
  const size_t length = strlen(name);
  for (char **entry = environ; entry && *entry; ++entry)
    if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=') return *entry + length + 1;
  return NULL;
}

static int has_argument(int count, char **arguments, const char *wanted) {
  for (int i = 1; i < count; ++i)
    if (strcmp(arguments[i], wanted) == 0) return 1;
  return 0;
}

// cargo's "target/debug/deps/name-0123456789abcdef".
static int is_of_tests(const char *path, const char *name) {
  const size_t length = strlen(name);
  if (length < 18 || name[length - 17] != '-' || strspn(name + length - 16, "0123456789abcdef") != 16) return 0;
  const size_t folder = (size_t)(name - path);
  if (folder >= 6 && memcmp(name - 6, "/deps/", 6) == 0) return 1;
  char list[PATH_MAX + 3];
  return access(strcat(strcpy(list, path), ".d"), F_OK) == 0;
}

// Of PATH_MAX bytes. Returns the name in it, "" for none.
static const char *path_of_program(char *path) {
  const ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
  path[length < 0 ? 0 : length] = 0;
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : "";
}

static int is_rustdoc(const char *name) { return strcmp(name, "rustdoc") == 0; }

static void become_watch(int count, char **arguments) {
  char path[PATH_MAX];
  const char *name = path_of_program(path);
  if (is_rustdoc(name) ? !has_argument(count, arguments, "--test") : !is_of_tests(path, name)) return;
  if (has_argument(count, arguments, "--list") || has_argument(count, arguments, "--help")) return;
  if (setenv("ORCHESTRATOR_PROGRAM", path, 1) != 0) return;
  execv(FOLDER "/watch", arguments);
  unsetenv("ORCHESTRATOR_PROGRAM");
}

// What the program starts is its own business.
static void leave_no_trace(void) {
  static const char own[] = FOLDER "/preload.so";
  char *said = (char *)value_of("LD_PRELOAD");
  char *found = said ? strstr(said, own) : NULL;
  if (found == said)
    unsetenv("LD_PRELOAD");
  else if (found)
    found[-1] = 0;
  unsetenv("ORCHESTRATOR_COPY");
}

// rustdoc starts compilers, single tests, and since the edition of 2024 one program that runs and reports most of them.
static int has_nothing_to_say(const char *how, const char *name) {
  return strstr(how, "rustdoc") && !is_rustdoc(name) && !value_of("RUSTDOC_DOCTEST_BIN_PATH");
}

// "198 errors shuffled rustdoc"
static void begin_to_copy(const char *how) {
  char path[PATH_MAX];
  const char *name = path_of_program(path);
  if (has_nothing_to_say(how, name)) return leave_no_trace();
  copies_errors = strstr(how, "errors") != NULL;
  unstable = hides_seed = strstr(how, "shuffled") != NULL;
  const int number = atoi(how);
  owner = getpid();
  if (fstat(number, &socket_is) != 0 || !S_ISSOCK(socket_is.st_mode)) return leave_no_trace();
  copy = number;
  if (is_rustdoc(name)) return;
  fcntl(number, F_SETFD, FD_CLOEXEC);
  leave_no_trace();
}

__attribute__((constructor)) static void begin(int count, char **arguments) {
  const char *how = value_of("ORCHESTRATOR_COPY");
  if (how)
    begin_to_copy(how);
  else if (value_of("ORCHESTRATOR_PROBE"))
    become_watch(count, arguments);
}

static void send_copy(int fd, const char *bytes, size_t count) {
  struct stat now;
  while (count > 0 && fstat(copy, &now) == 0 && now.st_dev == socket_is.st_dev && now.st_ino == socket_is.st_ino) {
    char from = (char)fd;
    const size_t piece = count < PIECE ? count : PIECE;
    struct iovec parts[2] = {{&from, 1}, {(void *)bytes, piece}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    if (sendmsg(copy, &message, MSG_NOSIGNAL) < 0) break;
    bytes += piece;
    count -= piece;
  }
  if (count > 0) copy = -1;
}

static ssize_t write_on(int fd, const void *bytes, size_t count) {
  static ssize_t (*next)(int, const void *, size_t);
  if (!next) next = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
  return next(fd, bytes, count);
}

// "running 3 tests (shuffle seed: 7)": nobody asked for that but we.
static ssize_t write_without_seed(int fd, const char *bytes, size_t count) {
  static const char words[] = " (shuffle seed: ";
  const char *from = memmem(bytes, count, words, sizeof words - 1);
  const char *to = from ? memchr(from, ')', count - (size_t)(from - bytes)) : NULL;
  if (!to) return write_on(fd, bytes, count);
  hides_seed = 0;
  const struct iovec kept[2] = {{(void *)bytes, (size_t)(from - bytes)},
                                {(void *)(to + 1), count - (size_t)(to + 1 - bytes)}};
  return writev(fd, kept, 2) < 0 ? -1 : (ssize_t)count;
}

ssize_t write(int fd, const void *bytes, size_t count) {
  if (copy < 0 || (fd != STDOUT_FILENO && !(fd == STDERR_FILENO && copies_errors)) || getpid() != owner)
    return write_on(fd, bytes, count);
  const ssize_t written = hides_seed && fd == STDOUT_FILENO ? write_without_seed(fd, bytes, count)
                                                            : write_on(fd, bytes, count);
  if (written > 0) send_copy(fd, bytes, (size_t)written);
  return written;
}

// libtest asks once, before it runs anything, whether it may take the options of nightly compilers.
char *getenv(const char *name) {
  static char *(*next)(const char *);
  static char yes[] = "1";
  if (unstable && strcmp(name, "RUSTC_BOOTSTRAP") == 0) {
    unstable = 0;
    return yes;
  }
  if (!next) next = (char *(*)(const char *))dlsym(RTLD_NEXT, "getenv");
  return next(name);
}
