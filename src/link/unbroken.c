#include "link/unbroken.h"

#include <errno.h>

int xy_unbroken_send(void *socket, const void *part, size_t size, int flags)
{
    int result;
    do
        result = zmq_send(socket, part, size, flags | ZMQ_DONTWAIT);
    while (result < 0 && errno == EINTR);
    return result;
}

int xy_unbroken_msg_send(zmq_msg_t *part, void *socket, int flags)
{
    int result;
    do
        result = zmq_msg_send(part, socket, flags | ZMQ_DONTWAIT);
    while (result < 0 && errno == EINTR);
    return result;
}

int xy_unbroken_recv(void *socket, void *part, size_t size, int flags)
{
    int result;
    do
        result = zmq_recv(socket, part, size, flags | ZMQ_DONTWAIT);
    while (result < 0 && errno == EINTR);
    return result;
}

int xy_unbroken_msg_recv(zmq_msg_t *part, void *socket, int flags)
{
    int result;
    do
        result = zmq_msg_recv(part, socket, flags | ZMQ_DONTWAIT);
    while (result < 0 && errno == EINTR);
    return result;
}

uint32_t xy_unbroken_events(void *socket)
{
    int result, events = 0;
    size_t size = sizeof events;
    do
        result = zmq_getsockopt(socket, ZMQ_EVENTS, &events, &size);
    while (result < 0 && errno == EINTR);
    return (uint32_t)events;
}

void xy_unbroken_term(void *context)
{
    while (zmq_ctx_term(context) < 0 && errno == EINTR)
        ;
}
