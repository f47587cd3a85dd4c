#include "service/outflow.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "core/memory.h"

static bool is_of(const xy_outflow *flow, xy_number request)
{
    return flow->request.request == request.request && flow->request.tag == request.tag;
}

static xy_outflow *find(const xy_outflows *outflows, xy_number request)
{
    xy_outflow *flow = outflows->all;
    while (flow && !is_of(flow, request))
        flow = flow->next;
    return flow;
}

static xy_outflow *enter(xy_outflows *outflows, xy_number request)
{
    xy_outflow *flow = find(outflows, request);
    if (flow || !(flow = xy_allocate(1, sizeof *flow)))
        return flow;
    flow->request = request;
    DL_APPEND(outflows->all, flow);
    return flow;
}

static void forget(xy_outflows *outflows, xy_outflow *flow)
{
    DL_DELETE(outflows->all, flow); /* NOLINT: has a next if first */
    xy_buffer_clear(&flow->parts);
    xy_release(flow);
}

/* Sending. */

static int put_together(xy_outflow *flow, const void *bytes, size_t size)
{
    if (size > XYLEM_TEXT_MAX - flow->parts.size)
        return XYLEM_TOO_LONG;
    return xy_buffer_add(&flow->parts, bytes, size) ? XYLEM_OK : XYLEM_NO_MEMORY;
}

static int send(xy_outflows *outflows, xy_outflow *flow, const void *bytes, size_t size)
{
    const size_t cost = XY_CHUNK_COST(size);
    if (flow->on_way + cost > xy_window_of(flow->request.request)) {
        flow->waits = true;
        return XYLEM_BUSY;
    }
    xy_chunk *chunk = xy_chunk_new(flow->request, flow->sent + 1, bytes, size);
    if (!chunk)
        return XYLEM_NO_MEMORY;
    DL_APPEND(outflows->ready, chunk);
    flow->sent++;
    flow->on_way += cost;
    return XYLEM_OK;
}

int xy_outflows_send(xy_outflows *outflows, xy_number request, bool streams, const void *bytes,
                     size_t size)
{
    if (size > XYLEM_CHUNK_MAX && request.request)
        return XYLEM_TOO_LONG;
    if (size == 0)
        return XYLEM_OK;
    xy_outflow *flow = enter(outflows, request);
    if (!flow)
        return XYLEM_NO_MEMORY;
    return streams ? send(outflows, flow, bytes, size) : put_together(flow, bytes, size);
}

xy_chunk *xy_outflows_take(xy_outflows *outflows)
{
    xy_chunk *first = outflows->ready;
    if (first)
        DL_DELETE(outflows->ready, first);
    return first;
}

bool xy_outflows_taken(xy_outflows *outflows, uint64_t request, size_t cost)
{
    xy_outflow *flow = outflows->all;
    while (flow && flow->request.request != request)
        flow = flow->next;
    if (!flow)
        return false;
    bool waited = flow->waits;
    flow->on_way -= cost < flow->on_way ? cost : flow->on_way;
    flow->waits = false;
    return waited;
}

/* Ending. */

static int gather(const xy_buffer *parts, char **text, size_t *size)
{
    if (parts->size == 0)
        return XYLEM_OK;
    if (*size > XYLEM_TEXT_MAX - parts->size)
        return XYLEM_TOO_LONG;
    char *all = malloc(parts->size + *size + 1);
    if (!all)
        return XYLEM_NO_MEMORY;
    memcpy(all, parts->bytes, parts->size);
    if (*size > 0)
        memcpy(all + parts->size, *text, *size);
    all[parts->size + *size] = '\0';
    free(*text);
    *text = all;
    *size += parts->size;
    return XYLEM_OK;
}

int xy_outflows_end(xy_outflows *outflows, xy_number request, char **text, size_t *size)
{
    xy_outflow *flow = find(outflows, request);
    int error = flow ? gather(&flow->parts, text, size) : XYLEM_OK;
    if (flow && !error)
        forget(outflows, flow);
    return error;
}

void xy_outflows_drop(xy_outflows *outflows, xy_number request)
{
    xy_outflow *flow = find(outflows, request);
    if (flow)
        forget(outflows, flow);
}

void xy_outflows_clear(xy_outflows *outflows)
{
    while (outflows->all)
        forget(outflows, outflows->all);
    xy_chunks_free(&outflows->ready);
}

/* Room. */

static xy_room *room_of(xy_call *call)
{
    return (xy_room *)(void *)((char *)call - offsetof(xy_room, call));
}

static void run(xy_call *call, xylem_context *context)
{
    (void)call;
    if (context->room)
        context->room(context, context->room_owner);
}

static void be_undue(xy_call *call)
{
    room_of(call)->due = false;
}

void xy_room_tell(xy_room *room, xy_calls *calls)
{
    if (room->due)
        return;
    *room = (xy_room){.call = {.run = run, .free = be_undue}, .due = true};
    xy_calls_add(calls, &room->call);
}
