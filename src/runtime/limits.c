#include "runtime/limits.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
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

static pthread_mutex_t asking = PTHREAD_MUTEX_INITIALIZER;

void xy_limits_hold(void)
{
    pthread_mutex_lock(&asking);
}

void xy_limits_release(void)
{
    pthread_mutex_unlock(&asking);
}

/* Untouched memory costs no more than asking for it. */
bool xy_limits_memory(size_t wanted, char reason[XYLEM_REASON_SIZE])
{
    void *memory = mmap(NULL, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory != MAP_FAILED)
        return munmap(memory, wanted) == 0;
    xy_limits_explain("memory", errno, reason);
    return false;
}

static size_t stack_size(void)
{
    pthread_attr_t attributes;
    size_t size = 0;
    pthread_attr_init(&attributes);
    pthread_attr_getstacksize(&attributes, &size);
    pthread_attr_destroy(&attributes);
    return size;
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
    if (!xy_limits_memory((size_t)wanted * stack_size() + XY_MEMORY_TO_START, reason))
        return false;
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

static const struct sockaddr *address(const struct sockaddr_in *local)
{
    return (const struct sockaddr *)local;
}

/* Listens at a port that the system chooses, and connects to it. */
static bool try_ports(int listener, int client)
{
    struct sockaddr_in local = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof local;
    struct linger none = {.l_onoff = 1}; /* no port has to rest when this ends */
    return setsockopt(client, SOL_SOCKET, SO_LINGER, &none, sizeof none) == 0 &&
           bind(listener, address(&local), size) == 0 && listen(listener, 1) == 0 &&
           getsockname(listener, (struct sockaddr *)&local, &size) == 0 &&
           connect(client, address(&local), size) == 0;
}

bool xy_limits_ports(char reason[XYLEM_REASON_SIZE])
{
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int error = listener >= 0 && client >= 0 && try_ports(listener, client) ? 0 : errno;
    if (client >= 0)
        close(client);
    if (listener >= 0)
        close(listener);
    if (error)
        snprintf(reason, XYLEM_REASON_SIZE,
                 "no tcp port to be had: %s (sysctl net.ipv4.ip_local_port_range)",
                 strerror(error));
    return !error;
}

void xy_limits_explain(const char *what, int error, char reason[XYLEM_REASON_SIZE])
{
    const char *advice = error == EAGAIN   ? " (ulimit -u, or the system's limit of threads)"
                         : error == ENOMEM ? " (ulimit -v, ulimit -d, or the system's memory)"
                                           : "";
    snprintf(reason, XYLEM_REASON_SIZE, "no %s to be had: %s%s", what, strerror(error), advice);
}
