/* Runs a command and reports on descriptor 3 what it took:
 *
 *   wall nanoseconds, CPU nanoseconds (user and system, all threads), peak
 *   resident KiB, wait status
 *
 * The kernel's peak for a process begins with the size of the process it was
 * forked from, so the harness, which is large, cannot measure it: this can. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static long long nanoseconds(struct timeval t) { return t.tv_sec * 1000000000LL + t.tv_usec * 1000LL; }

int main(int argc, char **argv) {
  int status;
  struct rusage use;
  if (argc < 2)
    return 2;
  fcntl(3, F_SETFD, FD_CLOEXEC);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  long long start = now();
  pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execv(argv[1], argv + 1);
    perror(argv[1]);
    _exit(127);
  }
  if (child < 0 || wait4(child, &status, 0, &use) != child) {
    perror("measure");
    return 1;
  }
  long long wall = now() - start;
  char line[200];
  int n = snprintf(line, sizeof line, "%lld %lld %ld %d\n", wall, nanoseconds(use.ru_utime) + nanoseconds(use.ru_stime),
    use.ru_maxrss, status);
  return write(3, line, (size_t)n) == n ? 0 : 1;
}
