/* Being asked to stop, by SIGINT, SIGQUIT, SIGTERM or SIGHUP. */
#ifndef CLI_STOP_H
#define CLI_STOP_H

#include <stdbool.h>

#include "xylem.h"

/* From now on these signals ask the program to stop, unless they were ignored before. */
bool stop_install(void);

/* The network whose calls a signal interrupts from now on; NULL: none. */
void stop_interrupts(xylem *network);

bool stop_requested(void);

/* A descriptor that is readable once a stop has been requested. */
int stop_fd(void);

#endif
