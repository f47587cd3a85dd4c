#include "core/answers.h"

#include <assert.h>

#include "core/memory.h"
#include "core/requests.h"
#include "core/step.h"

/* The slot of an answer is its beginning. */
static xy_kept *kept_of(xy_slot *slot)
{
    return (xy_kept *)slot;
}

static void release(xy_kept *kept)
{
    xy_buffer_clear(&kept->text);
    xy_release(kept);
}

static void forget_oldest(xy_answers *answers)
{
    xy_slot *oldest = answers->table.first;
    xy_table_remove(&answers->table, oldest);
    release(kept_of(oldest));
}

/* Answers are about in the order of requests. One that is not is forgotten with those before it. */
void xy_answers_hear(xy_answers *answers, const xy_message *request)
{
    uint64_t number = request->number.request;
    answers->wanted = request->keep > 0;
    if (!answers->wanted || request->keep > number)
        return;
    while (answers->table.first && answers->table.first->request <= number - request->keep)
        forget_oldest(answers);
}

void xy_answers_note(xy_answers *answers, uint64_t request)
{
    if (request > answers->seen)
        answers->seen = request;
}

bool xy_answers_seen(const xy_answers *answers, uint64_t request)
{
    return request <= answers->seen;
}

/* One that is not in the table yet; NULL when there is no memory. */
static xy_kept *copy_of(xy_number request, int status, const void *text, size_t size)
{
    xy_kept *new = xy_allocate(1, sizeof *new);
    if (!new)
        return NULL;
    new->slot.request = request.request;
    new->slot.deadline_ms = XY_NEVER;
    new->slot.cost = XY_REQUEST_COST + size;
    new->tag = request.tag;
    new->status = status;
    if (size == 0 || xy_buffer_add(&new->text, text, size))
        return new;
    release(new);
    return NULL;
}

void xy_answers_keep(xy_answers *answers, xy_number request, int status, const void *text,
                     size_t size)
{
    size_t cost = XY_REQUEST_COST + size;
    assert(request.request != 0);
    if (!answers->wanted || cost > XY_ANSWERS_MAX || xy_answers_find(answers, request.request))
        return;
    while (answers->table.cost > XY_ANSWERS_MAX - cost)
        forget_oldest(answers);
    xy_kept *new = copy_of(request, status, text, size);
    if (new && !xy_table_add(&answers->table, &new->slot))
        release(new);
}

const xy_kept *xy_answers_find(const xy_answers *answers, uint64_t request)
{
    return kept_of(xy_table_find(&answers->table, request));
}

void xy_answers_clear(xy_answers *answers)
{
    while (answers->table.first)
        forget_oldest(answers);
    xy_table_clear(&answers->table);
}
