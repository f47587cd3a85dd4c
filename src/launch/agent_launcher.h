/* agent launcher: the launcher of a network whose lives are worker processes. It starts an agent on
 * this machine, tells it what to do, and starts another one for the next life when that has died.
 */
#ifndef XY_AGENT_LAUNCHER_H
#define XY_AGENT_LAUNCHER_H

#include "launch/agent.h"

/* How many descriptors it takes: its epoll descriptor, its bell, the agent's channel and pidfd,
 * and, while an agent starts, the agent's end and the program's own pidfd. */
#define XY_AGENT_LAUNCHER_DESCRIPTORS 6

/* Remembers where the program is, in case that /proc is missing later. To be called at the
 * beginning of main. */
void xy_agent_remember_program(void);

/* Begins with an agent, and waits until that has greeted. The setting is copied. NULL, nothing
 * left, and the error, when it does not. */
xy_launcher *xy_agent_launcher_open(const xy_setting *setting, xy_error *error);

/* Ends the agent with all workers, and waits for its end: a moment. */
void xy_agent_launcher_close(xy_launcher *launcher);

/* In a child made by fork: frees memory. */
void xy_agent_launcher_discard(xy_launcher *launcher);

#endif
