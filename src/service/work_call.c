/* xylem_work_call: asks other nodes, and waits for what they answer. The answer is shared by the
 * work and by the ask: the work may be over before it comes, and the node before the work.
 */
#include <stdatomic.h>

#include "core/memory.h"
#include "service/calls.h"
#include "service/outcome_list.h"
#include "service/service.h"

typedef struct xy_answer {
    atomic_int holders; /* of the two */
    bool over;          /* it has come: seen and set by the thread of the work */
    int status;
    xy_outcome_list *outcomes;
} xy_answer;

static void let_go(void *shared)
{
    xy_answer *answer = shared;
    if (atomic_fetch_sub(&answer->holders, 1) > 1)
        return;
    xy_outcome_list_free(answer->outcomes);
    xy_release(answer);
}

static void take(void *shared, int status, xy_outcome_list *outcomes)
{
    xy_answer *answer = shared;
    answer->over = true;
    answer->status = status;
    answer->outcomes = outcomes;
}

void xy_work_forget_answer(xylem_work *work)
{
    if (work->answer)
        let_go(work->answer);
    work->answer = NULL;
}

/* The answer is the work's from then on. */
static int ask(xylem_work *work, xy_asking *asking, int64_t timeout_ms)
{
    xy_answer *new = xy_allocate(1, sizeof *new);
    if (!new)
        return XYLEM_NO_MEMORY;
    asking->take = take;
    asking->forget = let_go;
    asking->owner = work->answer = new;
    new->holders = 2;
    int error = xy_context_ask(work->context, asking, timeout_ms);
    if (!error)
        return XYLEM_OK;
    new->holders = 1;
    xy_work_forget_answer(work);
    return error;
}

int xylem_work_call(xylem_work *work, const char *set, const void *text, size_t size,
                    int64_t timeout_ms, const xylem_outcome *const **outcomes, size_t *count)
{
    if (outcomes)
        *outcomes = NULL;
    if (count)
        *count = 0;
    if (!work || !work->rest || work->within)
        return XYLEM_INVALID;
    xy_work_forget_answer(work);
    xy_asking asking = {.request = work->request, .set = set, .text = text, .size = size};
    int error = ask(work, &asking, timeout_ms);
    if (error)
        return error;
    const xy_answer *answer = work->answer;
    while (!answer->over && xylem_work_await(work, INT64_MAX))
        ;
    if (!answer->over)
        return XYLEM_CANCELLED;
    if (outcomes && answer->outcomes)
        *outcomes = answer->outcomes->list;
    if (count && answer->outcomes)
        *count = answer->outcomes->count;
    return answer->status;
}
