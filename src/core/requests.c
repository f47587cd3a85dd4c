#include "core/requests.h"

#include "core/chunks.h"
#include "core/memory.h"

/* The slot of a request is its beginning. */
static xy_request *request_of(xy_slot *slot)
{
    return (xy_request *)slot;
}

xy_request *xy_requests_add(xy_requests *requests, const xy_request *request)
{
    xy_request *new = requests->spare ? requests->spare : xy_resize(NULL, sizeof *new);
    if (!new)
        return NULL;
    requests->spare = NULL;
    *new = *request;
    new->next = new->prev = NULL;
    if (xy_table_add(&requests->table, &new->slot))
        return new;
    requests->spare = new;
    return NULL;
}

xy_request *xy_requests_find(const xy_requests *requests, uint64_t number)
{
    return request_of(xy_table_find(&requests->table, number));
}

xy_request *xy_requests_due(const xy_requests *requests, int64_t now_ms)
{
    return request_of(xy_table_due(&requests->table, now_ms));
}

xy_request *xy_requests_first(const xy_requests *requests)
{
    return request_of(requests->table.first);
}

xy_request *xy_requests_next(const xy_request *request)
{
    return request_of(request->slot.next);
}

size_t xy_requests_count(const xy_requests *requests)
{
    return requests->table.count;
}

int64_t xy_requests_deadline(const xy_requests *requests)
{
    return xy_table_deadline(&requests->table);
}

void xy_requests_end(xy_requests *requests, xy_request *request)
{
    xy_table_remove(&requests->table, &request->slot);
    xy_buffer_clear(&request->text);
    xy_buffer_clear(&request->reason);
    if (request->stream)
        xy_buffer_clear(&request->stream->text);
    xy_release(request->stream);
    xy_release(requests->spare);
    requests->spare = request;
}

void xy_requests_clear(xy_requests *requests)
{
    while (requests->table.first)
        xy_requests_end(requests, xy_requests_first(requests));
    xy_table_clear(&requests->table);
    xy_release(requests->spare);
    requests->spare = NULL;
}
