/* Futures that stand for others: for all of some, or for any of them. */
#include "api/future.h"

#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

/* Parts that finish. */

static size_t first_finished(const xylem_future *whole)
{
    size_t index = 0;
    while (!whole->parts[index].finished)
        index++;
    return index;
}

static xy_result result_of_any(const xylem_future *whole)
{
    size_t first = first_finished(whole);
    return (xy_result){.status = whole->parts[first].status, .value = (int64_t)first};
}

/* The error of the first one, in the order of the parts. */
static xy_result result_of_all(const xylem_future *whole)
{
    xy_result result = {.status = XYLEM_OK};
    for (size_t i = whole->count; i-- > 0;) {
        int status = whole->parts[i].status;
        result.value += status == XYLEM_OK;
        result.status = status ? status : result.status;
    }
    return result;
}

static void look_at(xylem_future *whole)
{
    if (!whole->finished && whole->any && whole->left < whole->count)
        xy_future_finish(whole, result_of_any(whole));
    else if (!whole->finished && whole->left == 0)
        xy_future_finish(whole, result_of_all(whole));
}

static void leave(xy_component *part)
{
    DL_DELETE2(part->of->wholes, part, previous, next);
    part->of = NULL;
}

static void take(xy_component *part, int status)
{
    assert(!part->finished && part->whole->left > 0);
    part->finished = true;
    part->status = status;
    part->whole->left--;
}

void xy_parts_finished(xylem_future *future)
{
    for (xy_component *part; (part = future->wholes);) {
        leave(part);
        take(part, future->answer.status);
        look_at(part->whole);
    }
}

void xy_parts_give_up(xylem_future *whole)
{
    for (size_t i = 0; i < whole->count; i++)
        if (whole->parts[i].of)
            xy_future_give_up(whole->parts[i].of);
}

/* Parts and wholes that are freed. */

void xy_parts_forget(xylem_future *future)
{
    assert(!future->wholes); /* it is finished */
    for (size_t i = 0; i < future->count; i++)
        if (future->parts[i].of)
            leave(&future->parts[i]);
    free(future->parts);
}

/* The public functions. */

/* The network of those that are not finished: NULL if all are. False: it is not the same. */
static bool find_network(xylem_future *const *parts, size_t count, xylem **network)
{
    *network = NULL;
    for (size_t i = 0; i < count; i++) {
        xylem *of = parts[i]->finished ? NULL : parts[i]->network;
        if (of && *network && of != *network)
            return false;
        *network = of ? of : *network;
    }
    return true;
}

static bool are_given(xylem_future *const *parts, size_t count)
{
    size_t given = 0;
    while (parts && given < count && parts[given])
        given++;
    return given == count;
}

/* How many futures stand for one another at most: to finish and to cancel them is a recursion. */
enum { DEPTH_MAX = 100 };

static int depth_of(xylem_future *const *parts, size_t count)
{
    int depth = 0;
    for (size_t i = 0; i < count; i++)
        if (!parts[i]->finished && parts[i]->depth > depth)
            depth = parts[i]->depth;
    return depth;
}

static xylem_future *stand_for(xylem *network, xylem_future *const *parts, size_t count)
{
    xy_component *own = calloc(count + 1, sizeof *own);
    xylem_future *whole = own ? xy_future_new(network) : NULL;
    if (!whole) {
        free(own);
        return NULL;
    }
    whole->parts = own;
    whole->count = whole->left = count;
    whole->depth = depth_of(parts, count) + 1;
    for (size_t i = 0; i < count; i++) {
        own[i].whole = whole;
        if (parts[i]->finished) {
            take(&own[i], parts[i]->answer.status);
            continue;
        }
        own[i].of = parts[i];
        DL_APPEND2(parts[i]->wholes, &own[i], previous, next);
    }
    return whole;
}

static int refuse(const char *why)
{
    xy_handle_refuse(NULL, why);
    return XYLEM_INVALID;
}

static int compose(xylem_future *const *parts, size_t count, bool any, xylem_future **result)
{
    xylem *network;
    if (result)
        *result = NULL;
    if (!result || !are_given(parts, count))
        return refuse("a future is NULL");
    if (any && count == 0)
        return refuse("there is no future of which one could be finished");
    if (!find_network(parts, count, &network))
        return refuse("the futures are of more than one network");
    if (depth_of(parts, count) >= DEPTH_MAX)
        return refuse("the futures stand for others, more than 100 deep");
    int error = network ? xy_network_use(network) : XYLEM_OK;
    if (error)
        return error;
    xylem_future *whole = stand_for(network, parts, count);
    if (whole) {
        whole->any = any;
        look_at(whole);
    }
    *result = whole;
    if (network)
        xy_network_rest(network);
    return whole ? XYLEM_OK : XYLEM_NO_MEMORY;
}

int xylem_future_all(xylem_future *const *futures, size_t count, xylem_future **all)
{
    return compose(futures, count, false, all);
}

int xylem_future_any(xylem_future *const *futures, size_t count, xylem_future **any)
{
    return compose(futures, count, true, any);
}
