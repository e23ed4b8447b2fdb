/*
 * Preloaded into a server (LD_PRELOAD, ld.so(8)), makes its system calls on files fail, or kills it in front of one, and
 * sets its clock. It does nothing until it is told:
 *
 *   FAULT_SHIM_RULE   a file with one line: CALLS ERROR SKIP COUNT PATTERN
 *                     CALLS: names separated by commas. ERROR: EIO, ENOSPC, or KILL, which ends the process by SIGKILL
 *                     instead of making the call. SKIP: how many calls that match are let through first. COUNT: how many
 *                     fail then; -1: all. PATTERN: a glob for the path of the file (fnmatch(3)).
 *                     While there is no such file, nothing fails. A file put in its place begins its count anew.
 *   FAULT_SHIM_LOG    a file that gets a line for each fault: CALL ERROR PATH
 *   FAULT_SHIM_CLOCK  a file with the seconds that are added to the real time.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct rule {
  char calls[256];
  char error[16];
  long skip;
  long count;
  char pattern[1024];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct rule rule;
static struct stat rule_identity;
static long matched;

/* Every call in here is a raw one: those of the C library are the ones that are replaced. */
static ssize_t read_small_file(const char *path, char *text, size_t size, struct stat *identity) {
  if (path == NULL) return -1;
  int file = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  ssize_t length = syscall(SYS_read, file, text, size - 1);
  if (identity != NULL) fstat(file, identity);
  syscall(SYS_close, file);
  if (length >= 0) text[length] = 0;
  return length;
}

static int is_same_file(const struct stat *one, const struct stat *other) {
  return one->st_ino == other->st_ino && one->st_mtim.tv_sec == other->st_mtim.tv_sec &&
         one->st_mtim.tv_nsec == other->st_mtim.tv_nsec;
}

static int names_call(const char *calls, const char *call) {
  size_t length = strlen(call);
  for (const char *at = calls; at != NULL; at = strchr(at, ',')) {
    if (*at == ',') at++;
    if (strncmp(at, call, length) == 0 && (at[length] == ',' || at[length] == 0)) return 1;
  }
  return 0;
}

static void record_fault(const char *call, const char *path) {
  const char *log = getenv("FAULT_SHIM_LOG");
  if (log == NULL) return;
  int file = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0) return;
  char line[5000];
  int length = snprintf(line, sizeof line, "%s %s %s\n", call, rule.error, path);
  if (length > 0) syscall(SYS_write, file, line, (size_t)length < sizeof line ? (size_t)length : sizeof line);
  syscall(SYS_close, file);
}

/* The error that the call has to end with; 0 when it is let through. */
static int decide(const char *call, const char *path) {
  char text[2048];
  struct stat identity;
  if (read_small_file(getenv("FAULT_SHIM_RULE"), text, sizeof text, &identity) <= 0) return 0;
  int error = 0;
  pthread_mutex_lock(&lock);
  if (!is_same_file(&identity, &rule_identity)) {
    rule_identity = identity;
    matched = 0;
    if (sscanf(text, "%255s %15s %ld %ld %1023[^\n]", rule.calls, rule.error, &rule.skip, &rule.count,
               rule.pattern) != 5) {
      fprintf(stderr, "fault-shim: the rule cannot be read: %s\n", text);
      abort();
    }
  }
  if (names_call(rule.calls, call) && fnmatch(rule.pattern, path, 0) == 0) {
    long number = matched++;
    if (number >= rule.skip && (rule.count < 0 || number < rule.skip + rule.count)) {
      record_fault(call, path);
      if (strcmp(rule.error, "KILL") == 0) syscall(SYS_kill, getpid(), SIGKILL);
      error = strcmp(rule.error, "ENOSPC") == 0 ? ENOSPC : EIO;
    }
  }
  pthread_mutex_unlock(&lock);
  return error;
}

static int decide_for_file(const char *call, int file) {
  char link[64];
  char path[4096];
  if (getenv("FAULT_SHIM_RULE") == NULL) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return path[0] == '/' ? decide(call, path) : 0;
}

#define REAL(name) \
  static __typeof__(&name) real; \
  if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define FAIL_IF(decision) \
  do { \
    int error = (decision); \
    if (error != 0) { \
      errno = error; \
      return -1; \
    } \
  } while (0)

#define REPLACE(result, name, call, decision, parameters, values) \
  result name parameters { \
    REAL(name); \
    FAIL_IF(decision); \
    return real values; \
  }

#define REPLACE_ON_FILE(result, name, call, parameters, values) \
  REPLACE(result, name, call, decide_for_file(call, file), parameters, values)

REPLACE_ON_FILE(int, fsync, "fsync", (int file), (file))
REPLACE_ON_FILE(int, fdatasync, "fdatasync", (int file), (file))
REPLACE_ON_FILE(ssize_t, write, "write", (int file, const void *from, size_t size), (file, from, size))
REPLACE_ON_FILE(ssize_t, writev, "write", (int file, const struct iovec *from, int count), (file, from, count))
REPLACE_ON_FILE(ssize_t, pwrite, "pwrite", (int file, const void *from, size_t size, off_t at), (file, from, size, at))
REPLACE_ON_FILE(ssize_t, pwrite64, "pwrite", (int file, const void *from, size_t size, off64_t at), (file, from, size, at))
REPLACE_ON_FILE(ssize_t, pwritev, "pwrite", (int file, const struct iovec *from, int count, off_t at), (file, from, count, at))
REPLACE_ON_FILE(ssize_t, pwritev64, "pwrite", (int file, const struct iovec *from, int count, off64_t at), (file, from, count, at))
REPLACE_ON_FILE(ssize_t, read, "read", (int file, void *to, size_t size), (file, to, size))
REPLACE_ON_FILE(ssize_t, pread, "pread", (int file, void *to, size_t size, off_t at), (file, to, size, at))
REPLACE_ON_FILE(ssize_t, pread64, "pread", (int file, void *to, size_t size, off64_t at), (file, to, size, at))
REPLACE_ON_FILE(ssize_t, preadv, "pread", (int file, const struct iovec *to, int count, off_t at), (file, to, count, at))
REPLACE_ON_FILE(ssize_t, preadv64, "pread", (int file, const struct iovec *to, int count, off64_t at), (file, to, count, at))
REPLACE_ON_FILE(int, ftruncate, "ftruncate", (int file, off_t size), (file, size))
REPLACE_ON_FILE(int, ftruncate64, "ftruncate", (int file, off64_t size), (file, size))
REPLACE(int, rename, "rename", decide("rename", to), (const char *from, const char *to), (from, to))
REPLACE(int, unlink, "unlink", decide("unlink", path), (const char *path), (path))
REPLACE(int, mkdir, "mkdir", decide("mkdir", path), (const char *path, mode_t mode), (path, mode))

#define REPLACE_OPEN(name) \
  int name(const char *path, int flags, ...) { \
    REAL(name); \
    va_list rest; \
    va_start(rest, flags); \
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0; \
    va_end(rest); \
    FAIL_IF(decide("open", path)); \
    return real(path, flags, mode); \
  }

REPLACE_OPEN(open)
REPLACE_OPEN(open64)

static time_t clock_offset(void) {
  char text[64];
  return read_small_file(getenv("FAULT_SHIM_CLOCK"), text, sizeof text, NULL) > 0 ? atol(text) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  REAL(clock_gettime);
  int result = real(clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += clock_offset();
  return result;
}

int gettimeofday(struct timeval *now, void *zone) {
  REAL(gettimeofday);
  int result = real(now, zone);
  if (result == 0) now->tv_sec += clock_offset();
  return result;
}

time_t time(time_t *now) {
  REAL(time);
  time_t seconds = real(NULL) + clock_offset();
  if (now != NULL) *now = seconds;
  return seconds;
}
