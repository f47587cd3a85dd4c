/* How those who read commands wait for them: the network goes on living meanwhile. */
#ifndef CLI_WAIT_H
#define CLI_WAIT_H

enum wait_result {
    WAIT_READABLE,
    WAIT_DISTURBED, /* by a signal: look around, and wait again */
    WAIT_OVER       /* no more commands are wanted */
};

struct waiter {
    enum wait_result (*wait)(void *context, int fd);
    void *context;
};

#endif
