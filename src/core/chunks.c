#include "core/chunks.h"

#include <string.h>
#include <utlist.h>

#include "core/memory.h"

/* Memory. */

xy_chunk *xy_chunk_new(xy_number request, uint64_t place, const void *bytes, size_t size)
{
    xy_chunk *new = xy_resize(NULL, sizeof *new + size + 1);
    if (!new)
        return NULL;
    *new = (xy_chunk){.request = request, .place = place, .size = size};
    if (size > 0)
        memcpy(new->bytes, bytes, size);
    new->bytes[size] = 0;
    return new;
}

void xy_chunk_free(xy_chunk *chunk)
{
    xy_release(chunk);
}

void xy_chunks_free(xy_chunk **list)
{
    xy_chunk *each, *next;
    DL_FOREACH_SAFE(*list, each, next)
    {
        xy_chunk_free(each);
    }
    *list = NULL;
}

void xy_chunks_init(xy_chunks *chunks)
{
    *chunks = (xy_chunks){.retry_ms = XY_NEVER};
}

void xy_chunks_clear(xy_chunks *chunks)
{
    xy_chunks_free(&chunks->list);
    chunks->retry_ms = XY_NEVER;
}

/* Sending. */

/* After how long is sent again what could not be sent. */
enum { RETRY_MS = 10 };

static void retry_later(xy_chunks *chunks, xy_chunk *chunk, int64_t now_ms)
{
    chunk->again = true;
    if (chunks->retry_ms == XY_NEVER)
        chunks->retry_ms = now_ms + RETRY_MS;
}

static bool push(const xy_chunk *chunk, const xy_chunk_sender *sender, xy_queue *out)
{
    xy_action action = {.kind = XY_ACTION_SEND,
                        .send = {.to = sender->parent,
                                 .message = {.kind = XY_CHUNK,
                                             .number = chunk->request,
                                             .id = sender->id,
                                             .life = sender->life,
                                             .value = (int64_t)chunk->place}}};
    return xy_action_own(&action, NULL, chunk->bytes, chunk->size) && xy_queue_push(out, &action);
}

/* What is published before the node has attached is said when it has. */
static void send(xy_chunks *chunks, xy_chunk *chunk, const xy_chunk_sender *sender, int64_t now_ms,
                 xy_queue *out)
{
    chunk->again = false;
    if (sender->parent.link.number != 0 && !push(chunk, sender, out))
        retry_later(chunks, chunk, now_ms);
}

/* One behind others that are to be sent again waits for them. */
void xy_chunks_add(xy_chunks *chunks, xy_chunk *chunk, const xy_chunk_sender *sender,
                   int64_t now_ms, xy_queue *out)
{
    DL_APPEND(chunks->list, chunk);
    if (chunks->retry_ms == XY_NEVER)
        send(chunks, chunk, sender, now_ms, out);
    else
        chunk->again = true;
}

void xy_chunks_say(xy_chunks *chunks, const xy_chunk_sender *sender, int64_t now_ms, xy_queue *out)
{
    xy_chunk *each;
    chunks->retry_ms = XY_NEVER;
    DL_FOREACH(chunks->list, each)
    {
        send(chunks, each, sender, now_ms, out);
    }
}

void xy_chunks_tick(xy_chunks *chunks, const xy_chunk_sender *sender, int64_t now_ms, xy_queue *out)
{
    xy_chunk *each;
    if (now_ms < chunks->retry_ms)
        return;
    chunks->retry_ms = XY_NEVER;
    DL_FOREACH(chunks->list, each)
    {
        if (each->again)
            send(chunks, each, sender, now_ms, out);
    }
}

static bool is_of(const xy_chunk *chunk, uint64_t request)
{
    return chunk->request.request == request;
}

void xy_chunks_again(xy_chunks *chunks, uint64_t request, uint64_t place, int64_t now_ms)
{
    xy_chunk *each;
    DL_FOREACH(chunks->list, each)
    {
        if (is_of(each, request) && each->place >= place)
            retry_later(chunks, each, now_ms);
    }
}

/* Taking. */

size_t xy_chunks_cost(const xy_chunks *chunks, uint64_t request, uint64_t place)
{
    const xy_chunk *each;
    size_t cost = 0;
    DL_FOREACH(chunks->list, each)
    {
        if (is_of(each, request) && each->place <= place)
            cost += XY_CHUNK_COST(each->size);
    }
    return cost;
}

void xy_chunks_taken(xy_chunks *chunks, uint64_t request, uint64_t place)
{
    xy_chunk *each, *next;
    DL_FOREACH_SAFE(chunks->list, each, next)
    {
        if (!is_of(each, request) || each->place > place)
            continue;
        DL_DELETE(chunks->list, each); /* NOLINT: has a next if first */
        xy_chunk_free(each);
    }
    if (!chunks->list)
        chunks->retry_ms = XY_NEVER;
}

uint64_t xy_chunks_last(const xy_chunks *chunks, uint64_t request)
{
    const xy_chunk *each;
    uint64_t last = 0;
    DL_FOREACH(chunks->list, each)
    {
        if (is_of(each, request))
            last = each->place;
    }
    return last;
}

/* The payload of XY_TAKEN. */

static void put(uint8_t *at, uint64_t number)
{
    for (size_t i = 0; i < 8; i++)
        at[i] = (uint8_t)(number >> (56 - 8 * i));
}

static uint64_t get(const uint8_t *at)
{
    uint64_t number = 0;
    for (size_t i = 0; i < 8; i++)
        number = number << 8 | at[i];
    return number;
}

void xy_taken_encode(const xy_taken *taken, uint8_t bytes[XY_TAKEN_SIZE])
{
    put(bytes, taken->request);
    put(bytes + 8, taken->missing);
}

xy_taken xy_taken_decode(const uint8_t bytes[XY_TAKEN_SIZE])
{
    return (xy_taken){get(bytes), get(bytes + 8)};
}
