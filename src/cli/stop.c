#include "cli/stop.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

static volatile sig_atomic_t requested;
static int descriptor = -1;
static _Atomic(xylem *) interrupted_network;

static void handle(int signal_number)
{
    (void)signal_number;
    int saved = errno;
    requested = 1;
    xylem *network = atomic_load(&interrupted_network);
    if (network)
        xylem_interrupt(network);
    /* It can only fail when the descriptor is readable already. */
    ssize_t written = write(descriptor, &(uint64_t){1}, sizeof(uint64_t));
    (void)written;
    errno = saved;
}

static bool install(int signal_number)
{
    struct sigaction action = {.sa_handler = handle};
    struct sigaction former;
    if (sigaction(signal_number, NULL, &former) != 0)
        return false;
    if (former.sa_handler == SIG_IGN)
        return true;
    sigfillset(&action.sa_mask);
    return sigaction(signal_number, &action, NULL) == 0;
}

bool stop_install(void)
{
    descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return descriptor >= 0 && install(SIGINT) && install(SIGQUIT) && install(SIGTERM) &&
           install(SIGHUP);
}

void stop_interrupts(xylem *network)
{
    atomic_store(&interrupted_network, network);
    if (network && requested)
        xylem_interrupt(network);
}

bool stop_requested(void)
{
    return requested;
}

int stop_fd(void)
{
    return descriptor;
}
