#include "runtime/limits.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

/* Descriptors are given out lowest first, so the next one tells how many are in use. Some are left
 * for what is not ours to count: connections that arrive, and the rest of the program. */
enum { DESCRIPTORS_IN_RESERVE = 12, THREADS_MAX = 4 };

bool xy_limits_descriptors(int wanted, char reason[XYLEM_REASON_SIZE])
{
    struct rlimit limit = {.rlim_cur = RLIM_INFINITY};
    getrlimit(RLIMIT_NOFILE, &limit);
    int next = eventfd(0, EFD_CLOEXEC);
    if (next >= 0)
        close(next);
    else if (errno != EMFILE) {
        snprintf(reason, XYLEM_REASON_SIZE, "no descriptor to be had: %s", strerror(errno));
        return false;
    }
    rlim_t needed = (rlim_t)next + (rlim_t)wanted + DESCRIPTORS_IN_RESERVE;
    if (next >= 0 && (limit.rlim_cur == RLIM_INFINITY || needed <= limit.rlim_cur))
        return true;
    snprintf(reason, XYLEM_REASON_SIZE, "the limit of %llu open descriptors is reached (ulimit -n)",
             (unsigned long long)limit.rlim_cur);
    return false;
}

static void *wait_at(void *gate)
{
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

bool xy_limits_threads(int wanted, char reason[XYLEM_REASON_SIZE])
{
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_t threads[THREADS_MAX];
    int made = 0, error = 0;
    pthread_mutex_lock(&gate); /* they must all live at the same time */
    while (made < wanted && made < THREADS_MAX && !error) {
        error = pthread_create(&threads[made], NULL, wait_at, &gate);
        made += !error;
    }
    pthread_mutex_unlock(&gate);
    while (made > 0)
        pthread_join(threads[--made], NULL);
    if (error)
        xy_limits_explain("thread", error, reason);
    return !error;
}

void xy_limits_explain(const char *what, int error, char reason[XYLEM_REASON_SIZE])
{
    const char *advice = error == EAGAIN ? " (ulimit -u, or the system's limit of threads)" : "";
    snprintf(reason, XYLEM_REASON_SIZE, "no %s to be had: %s%s", what, strerror(error), advice);
}
