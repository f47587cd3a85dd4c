#include "driver/limits.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* Descriptors are given out lowest first, so the next one tells how many are in use. Some are left
 * for what is not counted here: connections that arrive, and the rest of the program. */
enum { DESCRIPTORS_IN_RESERVE = 12, THREADS_MAX = 4 };

bool xy_limits_descriptors(int wanted, xy_error *error)
{
    assert(wanted > 0);
    struct rlimit limit = {.rlim_cur = RLIM_INFINITY};
    getrlimit(RLIMIT_NOFILE, &limit);
    int next = eventfd(0, EFD_CLOEXEC);
    if (next >= 0)
        close(next);
    else if (errno != EMFILE)
        return xy_limits_explain("open a descriptor", errno, error);
    rlim_t needed = (rlim_t)next + (rlim_t)wanted + DESCRIPTORS_IN_RESERVE;
    if (next >= 0 && (limit.rlim_cur == RLIM_INFINITY || needed <= limit.rlim_cur))
        return true;
    return xy_error_set(error, XYLEM_CANNOT_START,
                        "cannot open a descriptor: the limit of %llu is reached (ulimit -n)",
                        (unsigned long long)limit.rlim_cur);
}

size_t xy_limits_descriptors_left(void)
{
    struct rlimit limit = {.rlim_cur = 0};
    int next = eventfd(0, EFD_CLOEXEC);
    if (next < 0)
        return 0;
    close(next);
    getrlimit(RLIMIT_NOFILE, &limit);
    rlim_t used = (rlim_t)next + DESCRIPTORS_IN_RESERVE;
    if (limit.rlim_cur == RLIM_INFINITY)
        return SIZE_MAX;
    return limit.rlim_cur > used ? (size_t)(limit.rlim_cur - used) : 0;
}

static pthread_mutex_t asking = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;

void xy_limits_hold(void)
{
    int error = pthread_mutex_lock(&asking);
    assert(!error); /* not held by this thread already */
    (void)error;
}

void xy_limits_release(void)
{
    int error = pthread_mutex_unlock(&asking);
    assert(!error); /* held by this thread */
    (void)error;
}

/* Memory that is not touched costs no more than the two system calls. */
bool xy_limits_memory(size_t wanted, xy_error *error)
{
    char what[64];
    void *memory = mmap(NULL, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int number = errno;
    if (memory != MAP_FAILED)
        return munmap(memory, wanted) == 0;
    snprintf(what, sizeof what, "get %zu KiB of memory", wanted / 1024);
    return xy_limits_explain(what, number, error);
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

bool xy_limits_stacks(int wanted, xy_error *error)
{
    assert(wanted > 0);
    return xy_limits_memory((size_t)wanted * stack_size() + XY_MEMORY_TO_START, error);
}

/* No thread of the library takes a signal of the program. */
static int start_unsignalled(pthread_t *thread, void *(*run)(void *), void *argument)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int number = pthread_create(thread, NULL, run, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return number;
}

static void *wait_at(void *gate)
{
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

bool xy_limits_threads(int wanted, xy_error *error)
{
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_t threads[THREADS_MAX];
    int made = 0, number = 0;
    assert(wanted <= THREADS_MAX);
    if (!xy_limits_stacks(wanted, error))
        return false;
    pthread_mutex_lock(&gate); /* they must all live at the same time */
    while (made < wanted && !number) {
        number = start_unsignalled(&threads[made], wait_at, &gate);
        made += !number;
    }
    pthread_mutex_unlock(&gate);
    while (made > 0)
        pthread_join(threads[--made], NULL);
    return !number || xy_limits_explain("start a thread", number, error);
}

static const struct sockaddr *address(const struct sockaddr_in *local)
{
    return (const struct sockaddr *)local;
}

static bool connect_to(int client, const struct sockaddr_in *listener)
{
    bool connected = connect(client, address(listener), sizeof *listener) == 0;
    if (!connected && errno == EINTR) /* it goes on, and has a port */
        return true;
    if (!connected && errno == EADDRNOTAVAIL) /* the address is there, and no port to come from */
        errno = EADDRINUSE;
    return connected;
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
           connect_to(client, &local);
}

const char *xy_limits_tcp_advice(int error)
{
    switch (error) {
    case EADDRINUSE:
        return " (no port is free: sysctl net.ipv4.ip_local_port_range)";
    case EADDRNOTAVAIL:
    case ENETUNREACH:
    case ENETDOWN:
    case ENODEV:
        return " (127.0.0.1 needs the loopback interface: ip link set lo up)";
    default:
        return "";
    }
}

bool xy_limits_ports(xy_error *error)
{
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int number = listener >= 0 && client >= 0 && try_ports(listener, client) ? 0 : errno;
    if (client >= 0)
        close(client);
    if (listener >= 0)
        close(listener);
    return !number ||
           xy_error_set(error, XYLEM_CANNOT_START, "cannot open a tcp port at 127.0.0.1: %s%s",
                        strerror(number), xy_limits_tcp_advice(number));
}

/* A port that rests after a connection will do. */
bool xy_limits_port(void)
{
    const struct sockaddr_in local = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool had = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
               bind(fd, address(&local), sizeof local) == 0;
    int number = errno;
    close(fd);
    errno = number;
    return had;
}

bool xy_limits_explain(const char *what, int number, xy_error *error)
{
    const char *advice = number == EAGAIN   ? " (ulimit -u, or the system's limit of threads)"
                         : number == ENOMEM ? " (ulimit -v, ulimit -d, or the system's memory)"
                         : number == EMFILE ? " (ulimit -n)"
                         : number == ENFILE ? " (sysctl fs.file-max)"
                                            : "";
    return xy_error_set(error, XYLEM_CANNOT_START, "cannot %s: %s%s", what, strerror(number),
                        advice);
}
