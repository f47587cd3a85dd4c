/* process: what a program does that may be started as a worker of the process world. */
#ifndef XY_PROCESS_H
#define XY_PROCESS_H

/* Runs the node and ends the process, when this process was started as a worker. Must be called
 * before a process world is opened. */
void xy_process_worker(int argc, char **argv);

#endif
