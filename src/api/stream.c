/* Answers in parts: the chunks of a future that have come, and that the program takes. */
#include "api/future.h"

#include <string.h>
#include <utlist.h>

int xylem_stream_bytes(xylem *network, int64_t id, const void *text, size_t size,
                       int64_t timeout_ms, xylem_future **result)
{
    return xy_future_start(network, id, text, size, timeout_ms, true, result);
}

int xylem_stream(xylem *network, int64_t id, const char *text, int64_t timeout_ms,
                 xylem_future **result)
{
    return xylem_stream_bytes(network, id, text, text ? strlen(text) : SIZE_MAX, timeout_ms,
                              result);
}

void xy_futures_take_chunk(xylem *network, xy_action *action)
{
    xylem_future *future = NULL;
    if (action->chunk.command == 0) {
        xy_network_take_published(network, action->chunk.chunk);
        action->chunk.chunk = NULL;
        return;
    }
    HASH_FIND(hh, network->awaited, &action->chunk.command, sizeof future->command, future);
    if (!future)
        return;
    DL_APPEND(future->chunks, action->chunk.chunk);
    action->chunk.chunk = NULL;
    xy_future_has_news(future);
}

void xy_future_forget_chunks(xylem_future *future)
{
    xy_chunks_free(&future->chunks);
    xy_chunk_free(future->taken);
    future->taken = NULL;
}

/* Taking. */

/* Without memory it is done with the next one. */
static void tell(xylem_future *future)
{
    if (future->command == 0 || future->untold == 0)
        return;
    const xy_command take = {.kind = XY_COMMAND_TAKE,
                             .value = (int64_t)future->command,
                             .count = future->took,
                             .size = future->untold};
    if (!xy_network_command(future->network, &take))
        future->untold = 0;
}

static void take(xylem_future *future)
{
    xy_chunk *first = future->chunks;
    xy_chunk_free(future->taken);
    future->taken = first;
    if (!first)
        return;
    DL_DELETE(future->chunks, first);
    future->took = first->place;
    future->untold += XY_CHUNK_COST(first->size);
}

static bool has_chunk(const void *future)
{
    return ((const xylem_future *)future)->chunks || ((const xylem_future *)future)->finished;
}

/* The chunk before is given back, also when none has come. */
static int take_next(xylem_future *future, int64_t timeout_ms)
{
    int error = XYLEM_OK;
    if (!has_chunk(future))
        error = timeout_ms == 0 ? XYLEM_PENDING : xy_future_await(future, timeout_ms, has_chunk);
    take(future);
    tell(future);
    return error;
}

int xylem_future_chunk(xylem_future *future, int64_t timeout_ms, const char **chunk, size_t *size)
{
    xylem *network = future ? future->network : NULL;
    int error = future && chunk ? XYLEM_OK : XYLEM_INVALID;
    if (chunk)
        *chunk = NULL;
    if (size)
        *size = 0;
    if (error || (network && (error = xy_network_enter(network))))
        return error;
    error = take_next(future, timeout_ms);
    *chunk = future->taken ? (const char *)future->taken->bytes : NULL;
    if (size && future->taken)
        *size = future->taken->size;
    if (network)
        xy_network_rest(network);
    return error;
}

void xylem_future_each(xylem_future *future, void (*callback)(xylem_future *future, void *owner),
                       void *owner)
{
    xylem *network = future ? future->network : NULL;
    if (!future || (network && xy_handle_enter(&network->handle)))
        return;
    future->each = callback;
    future->each_owner = owner;
    if (has_chunk(future))
        xy_future_has_news(future);
    if (network)
        xy_handle_leave(&network->handle);
    xy_futures_call_back(network);
}
