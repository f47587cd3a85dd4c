/* The jobs of the public interface. */
#include "network.h"

#include <stdlib.h>
#include <string.h>

struct xylem_future {
    xylem *network; /* NULL once it is finished, and nobody is to be called back */
    xylem_future *next, *previous;
    uint64_t request; /* 0: it is finished */
    int status;
    char *text; /* the answer, with a final NUL */
    size_t size;
    void (*callback)(xylem_future *future, void *owner);
    void *owner;
};

/* Lists. */

static void enter(xylem_future **first, xylem_future *future)
{
    future->previous = NULL;
    future->next = *first;
    if (future->next)
        future->next->previous = future;
    *first = future;
}

static void leave(xylem_future **first, xylem_future *future)
{
    if (future->next)
        future->next->previous = future->previous;
    if (future->previous)
        future->previous->next = future->next;
    else
        *first = future->next;
    future->next = future->previous = NULL;
}

/* Finishing. */

static void set_answer(xylem_future *future, int status, const void *text, size_t size)
{
    future->text = malloc(size + 1);
    future->status = future->text || status ? status : XYLEM_NO_MEMORY;
    future->size = future->text ? size : 0;
    if (future->size > 0)
        memcpy(future->text, text, size);
    if (future->text)
        future->text[size] = '\0';
}

static void await_callback(xylem_future *future)
{
    xylem_future **last = &future->network->finished, *before = NULL;
    for (; *last; last = &(*last)->next)
        before = *last;
    future->previous = before;
    *last = future;
}

static void finish(xylem *network, xylem_future *future, int status, const void *text, size_t size)
{
    leave(&network->futures, future);
    future->request = 0;
    set_answer(future, status, text, size);
    if (future->callback)
        await_callback(future);
    else
        future->network = NULL;
}

/* It is finished, and nobody is to be called back any more. */
static void forget_callback(xylem_future *future)
{
    if (future->network)
        leave(&future->network->finished, future);
    future->network = NULL;
}

static xylem_future *find(const xylem *network, uint64_t request)
{
    xylem_future *future = network->futures;
    while (future && future->request != request)
        future = future->next;
    return future;
}

bool xy_futures_take(xylem *network, const xy_action *reply)
{
    const xy_message *message = &reply->message;
    xylem_future *future = find(network, message->request);
    if (future)
        finish(network, future, message->status, message->payload, message->payload_size);
    return future != NULL;
}

void xy_futures_call_back(xylem *network)
{
    if (network->calling_back)
        return;
    network->calling_back = true;
    while (network->finished) {
        xylem_future *future = network->finished;
        forget_callback(future);
        future->callback(future, future->owner);
    }
    network->calling_back = false;
}

void xy_futures_end(xylem *network)
{
    while (network->futures)
        finish(network, network->futures, XYLEM_INTERRUPTED, NULL, 0);
    xy_futures_call_back(network);
}

/* The public functions. */

int xylem_start_bytes(xylem *network, int64_t id, const void *text, size_t size, int64_t timeout_ms,
                      xylem_future **result)
{
    *result = NULL;
    if (size > XYLEM_TEXT_MAX)
        return xy_network_refuse(network, XYLEM_TOO_LONG);
    if (timeout_ms > INT32_MAX)
        return xy_network_refuse(network, XYLEM_INVALID);
    xylem_future *future = calloc(1, sizeof *future);
    if (!future)
        return xy_network_refuse(network, XYLEM_NO_MEMORY);
    *result = future;
    future->network = network;
    future->request = network->controller.request + 1;
    enter(&network->futures, future);
    if (network->closed) {
        finish(network, future, XYLEM_INTERRUPTED, NULL, 0);
        return XYLEM_OK;
    }
    xy_network_command(network,
                       &(xy_command){.kind = XY_COMMAND_EXEC,
                                     .id = id,
                                     .timeout_ms = timeout_ms < 0 ? network->job_ms : timeout_ms,
                                     .text = text,
                                     .size = size});
    xy_network_rest(network);
    return XYLEM_OK;
}

int xylem_start(xylem *network, int64_t id, const char *text, int64_t timeout_ms,
                xylem_future **result)
{
    return xylem_start_bytes(network, id, text, strlen(text), timeout_ms, result);
}

static bool is_finished(const void *future)
{
    return ((const xylem_future *)future)->request == 0;
}

int xylem_future_result(const xylem_future *future, const char **reply, size_t *size)
{
    if (reply)
        *reply = future->text ? future->text : "";
    if (size)
        *size = future->size;
    return is_finished(future) ? future->status : XYLEM_PENDING;
}

/* `network` is NULL when the future has none any more. */
static void call_back(xylem *network)
{
    if (network)
        xy_network_rest(network);
}

int xylem_future_wait(xylem_future *future, int64_t timeout_ms)
{
    xylem *network = future->network;
    if (is_finished(future)) {
        call_back(network);
        return XYLEM_OK;
    }
    int64_t now_ms = network->world->ops->now(network->world);
    bool limited = timeout_ms >= 0 && timeout_ms < XY_NEVER - now_ms;
    bool enough =
        xy_network_run(network, limited ? now_ms + timeout_ms : XY_NEVER, is_finished, future);
    bool interrupted = atomic_load(&network->interrupted);
    xy_network_rest(network);
    return enough ? XYLEM_OK : interrupted ? XYLEM_INTERRUPTED : XYLEM_TIMED_OUT;
}

static void give_up(xylem_future *future)
{
    if (!is_finished(future))
        xy_network_command(future->network, &(xy_command){.kind = XY_COMMAND_CANCEL,
                                                          .value = (int64_t)future->request});
}

void xylem_future_cancel(xylem_future *future)
{
    xylem *network = future->network;
    give_up(future);
    call_back(network);
}

void xylem_future_then(xylem_future *future, void (*callback)(xylem_future *future, void *owner),
                       void *owner)
{
    future->callback = callback;
    future->owner = owner;
    if (!is_finished(future))
        return;
    forget_callback(future);
    if (callback)
        callback(future, owner);
}

void xylem_future_free(xylem_future **freed)
{
    xylem_future *future = *freed;
    *freed = NULL;
    if (!future)
        return;
    xylem *network = future->network;
    future->callback = NULL;
    give_up(future);
    if (future->network)
        leave(future->request ? &network->futures : &network->finished, future);
    if (network)
        xy_network_arm(network);
    free(future->text);
    free(future);
}
