/* unbroken: calls of libzmq that do not wait, and so are not to be broken off. libzmq gives also
 * these up with EINTR when a signal comes at the wrong moment, and half of a message would be lost.
 * The results are those of libzmq.
 */
#ifndef XY_UNBROKEN_H
#define XY_UNBROKEN_H

#include <stdint.h>
#include <zmq.h>

int xy_unbroken_send(void *socket, const void *part, size_t size, int flags);
int xy_unbroken_msg_send(zmq_msg_t *part, void *socket, int flags);
int xy_unbroken_recv(void *socket, void *part, size_t size, int flags);
int xy_unbroken_msg_recv(zmq_msg_t *part, void *socket, int flags);

/* ZMQ_EVENTS of a socket. */
uint32_t xy_unbroken_events(void *socket);

/* This one waits until all sockets of the context are closed. */
void xy_unbroken_term(void *context);

#endif
