/* process_world: what a program does that may be executed as the agent of the process world. */
#ifndef XY_PROCESS_WORLD_H
#define XY_PROCESS_WORLD_H

/* Runs the agent, or in a process that it has forked the worker, and ends the process, when this
 * program was executed as an agent. Must be called before a process world is opened. */
void xy_process_worker(int argc, char **argv);

#endif
