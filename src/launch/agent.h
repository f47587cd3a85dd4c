/* agent: starts, ends, signals and reaps the workers of a network. It is the program itself,
 * executed once with XY_AGENT_FLAG, and speaks the protocol over its standard input and output.
 *
 * It has one thread, so that it may fork its workers and need not execute them. What each of them
 * would set up alike it sets up once. After a start it forks the next worker, the spare, as soon as
 * there is nothing else to do. The spare prepares itself and waits for its life: the next start
 * takes it. A spare that cannot be had, or fails, is no error: the next start forks a worker and
 * learns why. One that is not taken soon ends.
 *
 * A worker has a process group of its own. At its end the group is killed before the worker is
 * reaped. A process that loses its parent below the agent becomes the agent's child and is reaped
 * too. The number of a child is not used again before its parent has reaped it: so the agent needs
 * no descriptor to hold a worker by. At the end of its standard input, and when the program dies,
 * the agent kills all workers and ends.
 */
#ifndef XY_AGENT_H
#define XY_AGENT_H

#include "launch/worker.h"

#define XY_AGENT_FLAG "--xylem-agent"

/* The variable by which the loader resolves every symbol of the agent at once, and the value by
 * which the agent knows that it is not the user's. */
#define XY_AGENT_BIND_NOW "LD_BIND_NOW"
#define XY_AGENT_BINDS    "xylem"

/* The second argument of an agent on the machine of its program: then XY_AGENT_PROGRAM_FD is a
 * pidfd of the program. The blanks are room for what a worker is called in the list of processes.
 */
#define XY_AGENT_LOCAL      "local                               "
#define XY_AGENT_PROGRAM_FD 3

typedef struct xy_worker_ops {
    /* Sets up in the agent what every worker needs, and inherits. Starts no thread. */
    void (*set_up)(void);

    /* Runs in a worker; returns its exit status. */
    int (*run)(xy_worker *worker);
} xy_worker_ops;

/* Runs the agent and ends the process, when it was executed as one; in a forked worker it calls
 * `run`, and ends the process. Otherwise it returns at once. To be called before the program has a
 * second thread. */
void xy_agent_run(int argc, char **argv, const xy_worker_ops *ops);

#endif
