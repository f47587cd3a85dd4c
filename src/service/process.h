/* process: one start of a program: its keeper, and a thread that writes to the log what the program
 * writes to its standard error, and reaps the keeper when it has ended.
 */
#ifndef XY_PROCESS_H
#define XY_PROCESS_H

#include "service/service.h"

typedef struct xy_process xy_process;

/* Starts a program. The name, which is in front of each line of the log, and the command are lent.
 * NULL, and the error, on failure. */
xy_process *xy_process_start(const char *name, const char *command, const xy_host *host,
                             xy_error *error);

/* Its standard input and output, for the node; non-blocking. */
int xy_process_in(const xy_process *process);
int xy_process_out(const xy_process *process);

/* Waits until it has ended, `ms` at most, with all that it has started; false when it has not. */
bool xy_process_await(const xy_process *process, int ms);

/* Writes how it has ended: "ended with status 1". */
enum { XY_PROCESS_END_SIZE = 80 };
void xy_process_describe(const xy_process *process, char text[XY_PROCESS_END_SIZE]);

/* Closes its standard input, at which a program ends by itself. */
void xy_process_hang_up(xy_process *process);

/* Has it killed, and does not wait. */
void xy_process_kill(const xy_process *process);

/* Kills it, and waits `ms` at most. When it has not ended by then, its end is waited for by the
 * thread, which writes nothing to the log any more. */
void xy_process_free(xy_process **process, int ms);

#endif
