/* Waiting for input while the network runs. */
#ifndef CLI_WAIT_H
#define CLI_WAIT_H

enum wait_result {
    WAIT_READABLE,
    WAIT_TIMED_OUT,
    WAIT_DISTURBED,   /* by a signal: the caller waits again */
    WAIT_INTERRUPTED, /* by Ctrl-C at a terminal: the line is dropped */
    WAIT_OVER         /* no more commands are run */
};

struct waiter {
    /* Waits for `limit_ms` at most; -1: without limit. */
    enum wait_result (*wait)(void *context, int fd, int limit_ms);
    void *context;
};

#endif
