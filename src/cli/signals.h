/* Signals. SIGINT, SIGQUIT, SIGTERM and SIGHUP ask the program to stop. At a prompt SIGINT is an
 * interrupt: it stops only the waiting of a command. */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

#include <stdbool.h>

#include "xylem.h"

/* From now on these signals ask the program to stop, unless they were ignored before. */
bool signals_install(void);

/* From now on SIGINT is an interrupt, which the program survives. */
void signals_survive_interrupts(void);

/* The network whose calls a signal interrupts from now on; NULL: none. */
void signals_interrupt_network(xylem *network);

/* Asks the program to stop, as a signal does. */
void signals_request_stop(void);

bool signals_stop_requested(void);

/* Whether there was an interrupt since the last call. If so, the calls of the network wait again.
 */
bool signals_take_interrupt(void);

/* A descriptor that is readable after a request to stop, and while an interrupt is not taken. */
int signals_fd(void);

#endif
