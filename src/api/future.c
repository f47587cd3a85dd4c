/* Futures: what was begun and is not waited for. */
#include "api/future.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static bool is_finished(const void *future)
{
    return ((const xylem_future *)future)->finished;
}

/* The callbacks that are due. */

static _Thread_local xy_callbacks without_network;

static xy_callbacks *callbacks_of(xylem *network)
{
    return network ? &network->callbacks : &without_network;
}

static void make_due(xylem_future *future)
{
    xy_callbacks *callbacks = callbacks_of(future->network);
    assert(future->news || (future->owes && is_finished(future)));
    if (future->due)
        return;
    DL_APPEND2(callbacks->first, future, previous_due, next_due);
    future->due = true;
    callbacks->count++;
}

static void make_undue(xylem_future *future)
{
    xy_callbacks *callbacks = callbacks_of(future->network);
    if (!future->due)
        return;
    DL_DELETE2(callbacks->first, future, previous_due, next_due);
    future->due = false;
    callbacks->count--;
}

/* The stack grows downwards: a call from within a callback has its frame below. */
bool xy_futures_are_calling(const xylem *network)
{
    const xy_callbacks *callbacks = network ? &network->callbacks : &without_network;
    return (uintptr_t)__builtin_frame_address(0) < (uintptr_t)callbacks->frame;
}

static xylem_future *take_due(xylem *network)
{
    xylem_future *first = NULL;
    if (network && xy_handle_enter(&network->handle))
        return NULL;
    first = callbacks_of(network)->first;
    if (first)
        make_undue(first);
    if (network)
        xy_handle_leave(&network->handle);
    return first;
}

void xy_future_has_news(xylem_future *future)
{
    future->news = future->each != NULL;
    if (future->news)
        make_due(future);
}

/* Two callbacks of one future take two turns: the first may free it. */
static void call_one_back(xylem_future *future)
{
    if (future->news && future->each) {
        future->news = false;
        if (future->owes)
            make_due(future);
        future->each(future, future->each_owner);
        return;
    }
    bool owes = future->owes && future->callback;
    future->news = future->owes = false;
    if (owes)
        future->callback(future, future->owner);
}

/* No more than are due now: a callback may begin what is answered at once. */
__attribute__((noinline)) void xy_futures_call_back(xylem *network)
{
    xy_callbacks *callbacks = callbacks_of(network);
    if (xy_futures_are_calling(network))
        return;
    callbacks->frame = __builtin_frame_address(0);
    for (size_t left = callbacks->count; left > 0; left--) {
        xylem_future *future = take_due(network);
        if (!future)
            break;
        call_one_back(future);
    }
    callbacks->frame = NULL;
    if (network && !xy_handle_enter(&network->handle))
        xy_network_leave(network); /* which arms the descriptor for those that are due now */
}

/* Finishing. */

static void forget_command(xylem_future *future)
{
    xylem *network = future->network;
    if (future->command == 0)
        return;
    assert(network && network->awaited);
    HASH_DEL(network->awaited, future);
    future->command = 0;
}

void xy_future_finish(xylem_future *future, xy_result answer)
{
    assert(!future->finished);
    forget_command(future);
    future->finished = true;
    future->answer = answer;
    if (future->cast)
        xy_future_take_report(future);
    future->owes = future->callback != NULL;
    if (future->owes)
        make_due(future);
    xy_future_has_news(future);
    xy_parts_finished(future);
}

bool xy_futures_take(xylem *network, xy_action *reply)
{
    xylem_future *future;
    HASH_FIND(hh, network->awaited, &reply->reply.command, sizeof future->command, future);
    if (future)
        xy_future_finish(future, xy_result_of(reply));
    return future != NULL;
}

static void interrupt_all(xylem *network)
{
    while (network->awaited)
        xy_future_finish(network->awaited, (xy_result){.status = XYLEM_INTERRUPTED});
}

/* It belongs to its owner alone. */
static void detach(xylem_future *future)
{
    make_undue(future);
    DL_DELETE2(future->network->futures, future, previous, next);
    future->network = NULL;
}

void xy_futures_detach(xylem *network)
{
    interrupt_all(network);
    while (network->futures)
        detach(network->futures);
}

void xy_futures_end(xylem *network)
{
    interrupt_all(network);
    while (network->callbacks.first)
        xy_futures_call_back(network);
    xy_futures_detach(network);
}

/* The public functions. */

xylem_future *xy_future_new(xylem *network)
{
    xylem_future *future = calloc(1, sizeof *future);
    if (future && network) {
        future->network = network;
        DL_APPEND2(network->futures, future, previous, next);
    }
    return future;
}

static void free_future(xylem_future *future)
{
    forget_command(future);
    xy_parts_forget(future);
    if (future->network)
        detach(future);
    xy_result_clear(&future->answer);
    xy_outcome_list_free(future->report);
    xy_future_forget_chunks(future);
    free(future);
}

/* One that waits for the answer of a command; NULL when there is no memory. */
static xylem_future *new_awaiting(xylem *network, uint64_t command)
{
    xylem_future *future = xy_future_new(network);
    if (!future)
        return NULL;
    future->command = command;
    XY_HASH_ADD(network->awaited, command, future);
    if (future->hh.tbl)
        return future;
    future->command = 0;
    free_future(future);
    return NULL;
}

static int begin(xylem *network, xy_command command, xylem_future **result)
{
    xylem_future *future = new_awaiting(network, xy_network_next(network));
    if (future) {
        future->cast = command.kind == XY_COMMAND_CAST;
        future->job = command.kind == XY_COMMAND_EXEC || future->cast;
        future->of_node = future->job || command.kind == XY_COMMAND_PING;
    }
    bool job = command.kind == XY_COMMAND_EXEC || command.kind == XY_COMMAND_CAST;
    if (job && command.timeout_ms < 0)
        command.timeout_ms = network->job_ms;
    int error = future ? xy_network_command(network, &command) : XYLEM_NO_MEMORY;
    if (!error && is_finished(future) && future->answer.status == XYLEM_BUSY)
        error = XYLEM_BUSY; /* nothing has begun */
    if (error && future)
        free_future(future);
    else
        *result = future;
    return error;
}

int xy_future_begin(xylem *network, const xy_command *command, xylem_future **result)
{
    if (!result)
        return xy_network_refuse(network, XYLEM_INVALID, "the future is NULL");
    *result = NULL;
    int error = xy_network_use(network);
    if (error)
        return error;
    xy_network_forget_reason(network);
    error = network->closed ? XYLEM_INTERRUPTED : begin(network, *command, result);
    xy_network_rest(network);
    return error;
}

int xy_future_start(xylem *network, int64_t id, const void *text, size_t size, int64_t timeout_ms,
                    bool streams, xylem_future **result)
{
    if (!result || (!text && size > 0))
        return xy_network_refuse(network, XYLEM_INVALID, "the text or the future is NULL");
    *result = NULL;
    if (size > XYLEM_TEXT_MAX)
        return xy_network_refuse(network, XYLEM_TOO_LONG, "");
    if (timeout_ms > INT32_MAX)
        return xy_network_refuse(network, XYLEM_INVALID, "the timeout is above 2147483647 ms");
    return xy_future_begin(network,
                           &(xy_command){.kind = XY_COMMAND_EXEC,
                                         .id = id,
                                         .timeout_ms = timeout_ms,
                                         .text = text,
                                         .size = size,
                                         .streams = streams},
                           result);
}

int xylem_start_bytes(xylem *network, int64_t id, const void *text, size_t size, int64_t timeout_ms,
                      xylem_future **result)
{
    return xy_future_start(network, id, text, size, timeout_ms, false, result);
}

int xylem_start(xylem *network, int64_t id, const char *text, int64_t timeout_ms,
                xylem_future **result)
{
    return xylem_start_bytes(network, id, text, text ? strlen(text) : SIZE_MAX, timeout_ms, result);
}

int64_t xylem_future_value(const xylem_future *future)
{
    return future && is_finished(future) ? future->answer.value : 0;
}

void xylem_future_set_user(xylem_future *future, void *user)
{
    if (future)
        future->user = user;
}

void *xylem_future_user(const xylem_future *future)
{
    return future ? future->user : NULL;
}

int xylem_future_result(const xylem_future *future, const char **reply, size_t *size)
{
    if (reply)
        *reply = future && future->answer.text ? (const char *)future->answer.text : "";
    if (size)
        *size = future ? future->answer.size : 0;
    if (!future)
        return XYLEM_INVALID;
    return is_finished(future) ? future->answer.status : XYLEM_PENDING;
}

int xy_future_await(xylem_future *future, int64_t timeout_ms, bool (*enough)(const void *future))
{
    xylem *network = future->network;
    assert(network); /* or it would be finished */
    int64_t now_ms = network->world->ops->now(network->world);
    bool limited = timeout_ms >= 0 && timeout_ms < XY_NEVER - now_ms;
    int64_t until_ms = limited ? now_ms + timeout_ms : XY_NEVER;
    if (future->of_node ? xy_network_await(network, until_ms, enough, future)
                        : xy_network_run(network, until_ms, enough, future))
        return XYLEM_OK;
    return atomic_load(&network->interrupted) ? XYLEM_INTERRUPTED : XYLEM_TIMED_OUT;
}

int xylem_future_wait(xylem_future *future, int64_t timeout_ms)
{
    xylem *network = future ? future->network : NULL;
    int error = future ? XYLEM_OK : XYLEM_INVALID;
    if (network && (error = xy_network_enter(network)))
        return error;
    if (future && !is_finished(future))
        error = xy_future_await(future, timeout_ms, is_finished);
    if (network)
        xy_network_rest(network);
    return error;
}

/* What has no work to be given up goes on, and its answer is passed over. */
void xy_future_give_up(xylem_future *future)
{
    if (is_finished(future))
        return;
    if (future->count > 0)
        xy_parts_give_up(future);
    else if (future->job)
        xy_network_command(future->network, &(xy_command){.kind = XY_COMMAND_CANCEL,
                                                          .value = (int64_t)future->command});
    else
        xy_future_finish(future, (xy_result){.status = XYLEM_CANCELLED});
}

void xylem_future_cancel(xylem_future *future)
{
    xylem *network = future ? future->network : NULL;
    if (!network || xy_handle_enter(&network->handle))
        return;
    xy_future_give_up(future);
    xy_network_rest(network);
}

void xylem_future_then(xylem_future *future, void (*callback)(xylem_future *future, void *owner),
                       void *owner)
{
    xylem *network = future ? future->network : NULL;
    if (!future || (network && xy_handle_enter(&network->handle)))
        return;
    future->callback = callback;
    future->owner = owner;
    future->owes = is_finished(future) && callback;
    if (future->owes)
        make_due(future);
    if (network)
        xy_handle_leave(&network->handle);
    xy_futures_call_back(network);
}

void xylem_future_free(xylem_future **freed)
{
    xylem_future *future = freed ? *freed : NULL;
    xylem *network = future ? future->network : NULL;
    if (!future || (network && xy_handle_enter(&network->handle)))
        return;
    *freed = NULL;
    future->callback = NULL;
    if (future->count == 0) /* the parts of a whole are their owners' */
        xy_future_give_up(future);
    if (!is_finished(future)) /* those that stand for it do not wait for it */
        xy_future_finish(future, (xy_result){.status = XYLEM_CANCELLED});
    make_undue(future);
    free_future(future);
    if (network)
        xy_network_leave(network);
}
