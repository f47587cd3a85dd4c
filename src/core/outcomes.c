#include "core/outcomes.h"

#include <assert.h>

#include "core/error.h"
#include "core/varint.h"

static uint64_t get(xy_outcomes *outcomes)
{
    uint64_t number = 0;
    bool got = xy_varint_get(&outcomes->at, outcomes->end, &number);
    assert(got);
    return got ? number : 0;
}

/* One outcome: how far it goes, or NULL. Each id takes a byte at least. */
static const uint8_t *pass_outcome(const uint8_t *at, const uint8_t *end)
{
    uint64_t status, size, count, difference, left = INT64_MAX;
    if (!xy_varint_get(&at, end, &status) || status >> 1 >= XY_ERROR_COUNT ||
        !xy_varint_get(&at, end, &size) || size >= (uint64_t)(end - at) || at[size] != 0)
        return NULL;
    at += size + 1;
    if (!xy_varint_get(&at, end, &count) || count > (uint64_t)(end - at))
        return NULL;
    for (; count > 0; count--, left -= difference)
        if (!xy_varint_get(&at, end, &difference) || difference > left)
            return NULL;
    return at;
}

bool xy_outcomes_valid(const void *bytes, size_t size)
{
    uint64_t count;
    const uint8_t *at = bytes, *end = at ? at + size : at;
    if (size == 0)
        return true;
    if (!xy_varint_get(&at, end, &count) || count > (uint64_t)(end - at))
        return false;
    for (; count > 0 && at; count--)
        at = pass_outcome(at, end);
    return at == end;
}

xy_outcomes xy_outcomes_read(const void *bytes, size_t size)
{
    xy_outcomes outcomes = {.at = bytes, .end = (const uint8_t *)bytes + size};
    outcomes.count = size > 0 ? get(&outcomes) : 0;
    return outcomes;
}

bool xy_outcomes_next(xy_outcomes *outcomes, xy_outcome *outcome)
{
    if (outcomes->count == 0)
        return false;
    outcomes->count--;
    uint64_t status = get(outcomes);
    outcome->status = (int)(status >> 1);
    outcome->combined = status & 1;
    outcome->size = get(outcomes);
    outcome->text = outcomes->at;
    outcomes->at += outcome->size + 1;
    outcome->count = get(outcomes);
    outcome->id = 0;
    return true;
}

bool xy_outcomes_id(xy_outcomes *outcomes, xy_outcome *outcome)
{
    if (outcome->count == 0)
        return false;
    outcome->count--;
    outcome->id += (int64_t)get(outcomes);
    return true;
}

bool xy_outcomes_begin(xy_buffer *bytes, size_t count)
{
    return xy_varint_add(bytes, count);
}

bool xy_outcomes_add(xy_buffer *bytes, const xy_outcome *outcome, const int64_t *ids)
{
    int64_t before = 0;
    bool done = xy_varint_add(bytes, (uint64_t)outcome->status << 1 | outcome->combined) &&
                xy_varint_add(bytes, outcome->size) &&
                xy_buffer_add(bytes, outcome->text, outcome->size) && xy_buffer_add(bytes, "", 1) &&
                xy_varint_add(bytes, outcome->count);
    for (size_t i = 0; i < outcome->count && done; i++) {
        assert(ids[i] >= before);
        done = xy_varint_add(bytes, (uint64_t)(ids[i] - before));
        before = ids[i];
    }
    return done;
}
