#include "cli/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

static volatile sig_atomic_t requested;
static volatile sig_atomic_t interrupted;
static volatile sig_atomic_t survives; /* SIGINT */
static int descriptor = -1;
static _Atomic(xylem *) interrupted_network;

/* Makes every waiting call return. */
static void wake(void)
{
    xylem *network = atomic_load(&interrupted_network);
    if (network)
        xylem_interrupt(network);
    /* It fails only if the descriptor is readable already. */
    ssize_t written = write(descriptor, &(uint64_t){1}, sizeof(uint64_t));
    (void)written;
}

static void handle(int signal_number)
{
    int saved = errno;
    if (signal_number == SIGINT && survives)
        interrupted = 1;
    else
        requested = 1;
    wake();
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

bool signals_install(void)
{
    descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return descriptor >= 0 && install(SIGINT) && install(SIGQUIT) && install(SIGTERM) &&
           install(SIGHUP);
}

void signals_survive_interrupts(void)
{
    survives = 1;
}

void signals_interrupt_network(xylem *network)
{
    atomic_store(&interrupted_network, network);
    if (network && requested)
        xylem_interrupt(network);
}

void signals_request_stop(void)
{
    requested = 1;
    wake();
}

bool signals_stop_requested(void)
{
    return requested;
}

bool signals_take_interrupt(void)
{
    if (!interrupted)
        return false;
    interrupted = 0;
    xylem *network = atomic_load(&interrupted_network);
    if (network)
        xylem_clear_interrupt(network);
    uint64_t count;
    ssize_t drained = read(descriptor, &count, sizeof count);
    (void)drained;
    if (interrupted ||
        requested) /* by a signal that came meanwhile, whose wake-up was undone here */
        wake();
    return true;
}

int signals_fd(void)
{
    return descriptor;
}
