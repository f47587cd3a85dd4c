/* keeper: a process between a node and its program. It starts the program, and kills it with all
 * that the program has started when it is told to, or when the process of the node has ended. So
 * nothing of a program outlives its node, whatever happens to that.
 *
 * The program runs as /bin/sh -c COMMAND, in a process group of its own, without a signal that is
 * blocked, ignored or handled, and with no descriptor but its standard streams. It ends with the
 * keeper. The keeper is a subreaper, and so also finds what has left the process group.
 */
#ifndef XY_KEEPER_H
#define XY_KEEPER_H

#include <sys/types.h>

/* For how long a program may go on at the end of its standard input before it is killed. */
enum { XY_KEEPER_GRACE_MS = 100 };

/* How many descriptors a start takes for a moment. */
enum { XY_KEEPER_DESCRIPTORS = 8 };

typedef struct xy_keeper {
    pid_t pid;
    int fd;       /* its pidfd; -1: there is none */
    int in_fd;    /* leads to the standard input of the program; non-blocking, as the others are */
    int out_fd;   /* its standard output, */
    int error_fd; /* and its standard error */
} xy_keeper;

/* Starts a program, with these arguments in its environment. False, and errno, when the keeper
 * cannot be started. When it cannot start the program, it ends with status 127. */
_Bool xy_keeper_start(xy_keeper *keeper, const char *command, const char *arguments);

/* Tells it to kill the program, and not to wait for its end. */
void xy_keeper_tell(const xy_keeper *keeper);

/* Closes the descriptors that are open. */
void xy_keeper_close(xy_keeper *keeper);

/* Waits for a keeper that has ended, in the way that its program has: the exit status; minus the
 * signal; XY_KEEPER_UNKNOWN when the process of the node has waited for it elsewhere. */
enum { XY_KEEPER_UNKNOWN = -1000 };
int xy_keeper_reap(const xy_keeper *keeper);

#endif
