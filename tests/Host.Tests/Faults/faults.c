/* A file system that fails as network file systems do: preloaded into a process, it stands between it and libc.
 *
 * FAULTS="under=/path lost=0.1 ..." says which, for names below the path only:
 *   lost=P     link, rename and mkdir are done, and answered as their repetition would be (EEXIST, ENOENT); link and
 *              rename, too, as where no answer comes (ETIMEDOUT)
 *   stale=P    what is read answers "stale file handle", once
 *   fsync=P    fsync answers EIO, and half of what was written is gone
 *   close=P    close answers EIO, having closed
 *   late=MS    names that other processes made are not there for stat and access so long; opening finds them
 *   nolinks=1  link answers EPERM
 *   clock=S    the wall clock is off by so many seconds
 *   full=FILE, readonly=FILE, gone=FILE   while that file exists: ENOSPC, EROFS to what writes; ESTALE to everything
 *   count=FILE at the end of the process, how often each call was made, and how often one was answered by a fault, is
 *              appended there: "name number" a line
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { OWN = 512 };

static char counts_file[PATH_MAX], under[PATH_MAX], full[PATH_MAX], readonly_[PATH_MAX], gone[PATH_MAX];
static double lost, stale, unsynced, unclosed, late_ms, clock_off;
static int no_links;
static char own[OWN][PATH_MAX]; /* names that this process made lately */
static int own_next;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static uint64_t state;

enum { STAT, OPEN, CREATE, LIST, LINK, RENAME, MKDIR, UNLINK, RMDIR, FSYNC, FAULT, CALLS };
static const char *const call_names[CALLS] = {
  "stat", "open", "create", "list", "link", "rename", "mkdir", "unlink", "rmdir", "fsync", "fault",
};
static long counts[CALLS];

static void count(int call) { __atomic_add_fetch(&counts[call], 1, __ATOMIC_RELAXED); }

#define REAL(type, name, ...) \
  static type (*real)(__VA_ARGS__); \
  if (!real) real = (type (*)(__VA_ARGS__))next(name)

static void *next(const char *name);

static double chance(void) {
  pthread_mutex_lock(&gate);
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  double drawn = (double)(state >> 11) / 9007199254740992.0;
  pthread_mutex_unlock(&gate);
  return drawn;
}

__attribute__((constructor)) static void read_settings(void) {
  struct timespec now;
  syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  state = ((uint64_t)now.tv_nsec * 0x9E3779B97F4A7C15u) ^ ((uint64_t)getpid() << 32) ^ 1;
  const char *text = getenv("FAULTS");
  char copy[8 * PATH_MAX], *rest = copy, *word;
  if (!text) return;
  snprintf(copy, sizeof copy, "%s", text);
  while ((word = strsep(&rest, " "))) {
    char *value = strchr(word, '=');
    if (!value) continue;
    *value++ = 0;
    if (!strcmp(word, "under")) snprintf(under, sizeof under, "%s", value);
    else if (!strcmp(word, "count")) snprintf(counts_file, sizeof counts_file, "%s", value);
    else if (!strcmp(word, "full")) snprintf(full, sizeof full, "%s", value);
    else if (!strcmp(word, "readonly")) snprintf(readonly_, sizeof readonly_, "%s", value);
    else if (!strcmp(word, "gone")) snprintf(gone, sizeof gone, "%s", value);
    else if (!strcmp(word, "lost")) lost = atof(value);
    else if (!strcmp(word, "stale")) stale = atof(value);
    else if (!strcmp(word, "fsync")) unsynced = atof(value);
    else if (!strcmp(word, "close")) unclosed = atof(value);
    else if (!strcmp(word, "late")) late_ms = atof(value);
    else if (!strcmp(word, "clock")) clock_off = atof(value);
    else if (!strcmp(word, "nolinks")) no_links = atoi(value);
    else fprintf(stderr, "FAULTS: unknown %s\n", word), abort();
  }
}

__attribute__((destructor)) static void write_counts(void) {
  FILE *file = *counts_file ? fopen(counts_file, "a") : NULL;
  if (!file) return;
  for (int call = 0; call < CALLS; call++) fprintf(file, "%s %ld\n", call_names[call], counts[call]);
  fclose(file);
}

static int below(const char *path, const char *folder) {
  size_t length = strlen(folder);
  return length && path && !strncmp(path, folder, length) && (path[length] == '/' || !path[length]);
}

static int ours(const char *path) { return below(path, under); }

static int fd_ours(int fd) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return ours(path);
}

static int exists(const char *path) { return *path && syscall(SYS_faccessat, AT_FDCWD, path, F_OK) == 0; }

/* errno of what has befallen the whole folder; 0 where nothing has */
static int plight(int writes) {
  int kept = errno, found = exists(gone) ? ESTALE : writes && exists(full) ? ENOSPC : writes && exists(readonly_) ? EROFS : 0;
  errno = kept;
  return found;
}

static int fail(int error) { count(FAULT); errno = error; return -1; }

static void made(const char *path) {
  pthread_mutex_lock(&gate);
  snprintf(own[own_next++ % OWN], PATH_MAX, "%s", path);
  pthread_mutex_unlock(&gate);
}

static int is_own(const char *path) {
  int found = 0;
  pthread_mutex_lock(&gate);
  for (int i = 0; i < OWN && !found; i++) found = below(path, own[i]);
  pthread_mutex_unlock(&gate);
  return found;
}

/* Made by another process, too lately to be seen from here. */
static int unseen(const char *path) {
  if (late_ms <= 0 || !ours(path) || is_own(path)) return 0;
  struct stat64 found;
  struct timespec now;
  if (syscall(SYS_newfstatat, AT_FDCWD, path, &found, AT_SYMLINK_NOFOLLOW)) return 0;
  syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
  double age = (now.tv_sec - found.st_ctim.tv_sec) * 1e3 + (now.tv_nsec - found.st_ctim.tv_nsec) / 1e6;
  return age < late_ms;
}

static int looked(const char *path) {
  int error;
  if (!ours(path)) return 0;
  count(STAT);
  if ((error = plight(0))) return error;
  if (unseen(path)) return ENOENT;
  return stale > 0 && exists(path) && chance() < stale ? ESTALE : 0;
}

int __xstat64(int version, const char *path, struct stat64 *buffer) {
  REAL(int, "__xstat64", int, const char *, struct stat64 *);
  int error = looked(path);
  return error ? fail(error) : real(version, path, buffer);
}

int __lxstat64(int version, const char *path, struct stat64 *buffer) {
  REAL(int, "__lxstat64", int, const char *, struct stat64 *);
  int error = looked(path);
  return error ? fail(error) : real(version, path, buffer);
}

int access(const char *path, int mode) {
  REAL(int, "access", const char *, int);
  int error = looked(path);
  return error ? fail(error) : real(path, mode);
}

int open64(const char *path, int flags, ...) {
  REAL(int, "open64", const char *, int, ...);
  va_list rest;
  va_start(rest, flags);
  mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  int writes = (flags & O_ACCMODE) != O_RDONLY || flags & O_CREAT, error;
  if (ours(path)) {
    count(flags & O_CREAT ? CREATE : OPEN);
    if ((error = plight(writes))) return fail(error);
    if (!writes && stale > 0 && exists(path) && chance() < stale) return fail(ESTALE);
  }

  int opened = real(path, flags, mode);
  if (opened >= 0 && late_ms > 0 && ours(path)) made(path);
  return opened;
}

DIR *opendir(const char *path) {
  REAL(DIR *, "opendir", const char *);
  int error = 0;
  if (ours(path)) count(LIST), error = plight(0);
  if (error) return count(FAULT), errno = error, NULL;
  return real(path);
}

/* "It is there" is an answer of the server: from then on it is seen. */
static int told(int result, const char *path) {
  if (result == 0 || errno == EEXIST || errno == ENOTEMPTY) {
    int kept = errno;
    made(path);
    errno = kept;
  }

  return result;
}

/* Done, but answered by an error. */
static int answered(int result, int error) {
  return result == 0 && lost > 0 && chance() < lost ? fail(error) : result;
}

int link(const char *from, const char *to) {
  REAL(int, "link", const char *, const char *);
  if (!ours(to)) return real(from, to);
  count(LINK);
  int error = plight(1);
  if (error) return fail(error);
  if (no_links) return fail(EPERM);
  int result = told(real(from, to), to);
  return answered(result, chance() < 0.5 ? EEXIST : ETIMEDOUT);
}

int rename(const char *from, const char *to) {
  REAL(int, "rename", const char *, const char *);
  if (!ours(to)) return real(from, to);
  count(RENAME);
  int error = plight(1);
  if (error) return fail(error);
  int result = told(real(from, to), to);
  return answered(result, chance() < 0.5 ? ENOENT : ETIMEDOUT);
}

int mkdir(const char *path, mode_t mode) {
  REAL(int, "mkdir", const char *, mode_t);
  if (!ours(path)) return real(path, mode);
  count(MKDIR);
  int error = plight(1);
  if (error) return fail(error);
  int result = told(real(path, mode), path);
  return answered(result, EEXIST);
}

static int removed(const char *path, int call) {
  if (!ours(path)) return 0;
  count(call);
  return plight(1);
}

int unlink(const char *path) {
  REAL(int, "unlink", const char *);
  int error = removed(path, UNLINK);
  return error ? fail(error) : real(path);
}

int rmdir(const char *path) {
  REAL(int, "rmdir", const char *);
  int error = removed(path, RMDIR);
  return error ? fail(error) : real(path);
}

int statx(int folder, const char *restrict path, int flags, unsigned mask, struct statx *restrict found) {
  REAL(int, "statx", int, const char *, int, unsigned, struct statx *);
  int error = looked(path);
  return error ? fail(error) : real(folder, path, flags, mask, found);
}

int fsync(int fd) {
  REAL(int, "fsync", int);
  struct stat64 found;
  int error;
  if (!fd_ours(fd)) return real(fd);
  count(FSYNC);
  if ((error = plight(1))) return fail(error);
  if (unsynced > 0 && chance() < unsynced) {
    if (syscall(SYS_fstat, fd, &found) == 0 && S_ISREG(found.st_mode)) {
      if (syscall(SYS_ftruncate, fd, found.st_size / 2)) return fail(EIO);
    }
    return fail(EIO);
  }
  return real(fd);
}

int close(int fd) {
  REAL(int, "close", int);
  int fails = unclosed > 0 && fd_ours(fd) && chance() < unclosed;
  int result = real(fd);
  return fails ? fail(EIO) : result;
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
  REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
  int error = *full || *readonly_ || *gone ? (fd_ours(fd) ? plight(1) : 0) : 0;
  return error ? fail(error) : real(fd, bytes, count, offset);
}

ssize_t write(int fd, const void *bytes, size_t count) {
  REAL(ssize_t, "write", int, const void *, size_t);
  int error = *full || *readonly_ || *gone ? (fd_ours(fd) ? plight(1) : 0) : 0;
  return error ? fail(error) : real(fd, bytes, count);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
  REAL(int, "clock_gettime", clockid_t, struct timespec *);
  int result = real(clock, time);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += (time_t)clock_off;
  return result;
}

/* .NET looks functions of libc up in libc itself. */
static void *(*real_dlsym)(void *, const char *);

void *dlsym(void *library, const char *name) {
  if (!real_dlsym) {
    real_dlsym = (void *(*)(void *, const char *))dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.34");
    if (!real_dlsym) real_dlsym = (void *(*)(void *, const char *))dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.2.5");
  }
  if (library != RTLD_NEXT) {
    if (!strcmp(name, "open")) return (void *)open64;
    if (!strcmp(name, "link")) return (void *)link;
    if (!strcmp(name, "fsync")) return (void *)fsync;
    if (!strcmp(name, "statx")) return (void *)statx;
    if (!strcmp(name, "opendir")) return (void *)opendir;
  }

  return real_dlsym(library, name);
}

static void *next(const char *name) {
  dlsym(RTLD_DEFAULT, "abort"); /* finds the real one */
  return real_dlsym(RTLD_NEXT, name);
}
