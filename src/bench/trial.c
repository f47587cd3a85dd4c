#include "bench/trial.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LONGEST_S = 120 };

static void pin(void)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    sched_setaffinity(0, sizeof one, &one);
}

/* As many descriptors as may be had. */
static void raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static _Noreturn void measure_into(int fd, measure *one, const struct setting *setting, bool pinned)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(LONGEST_S);
    raise_limit();
    if (pinned)
        pin();
    double value = one(setting);
    _exit(write(fd, &value, sizeof value) == sizeof value ? EXIT_SUCCESS : EXIT_FAILURE);
}

double trial_run(measure *one, const struct setting *setting, bool pinned)
{
    int ends[2];
    double value = -1;
    if (pipe(ends) < 0)
        return -1;
    fflush(NULL); /* or the child would write it a second time */
    pid_t pid = fork();
    if (pid == 0)
        measure_into(ends[1], one, setting, pinned);
    close(ends[1]);
    if (pid < 0 || read(ends[0], &value, sizeof value) != sizeof value)
        value = -1;
    close(ends[0]);
    if (pid > 0)
        waitpid(pid, NULL, 0);
    return value;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct spread spread_of(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
    return (struct spread){values[count / 2], values[0], values[count - 1]};
}
