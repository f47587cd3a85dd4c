#include "sim/steps.h"

#include <inttypes.h>

#include "service/service.h"
#include "sim/check.h"
#include "sim/need.h"

enum { MORE_LOOKS = 3 }; /* of work that is not wanted any more, before it returns */

static struct check *told;
static struct steps counts;

struct steps steps_counts(void)
{
    return counts;
}

static int open(void **state)
{
    *state = need(malloc(1));
    counts.opened++;
    return XYLEM_OK;
}

static void close(void *state)
{
    free(state);
    counts.closed++;
}

static void release(void *state)
{
    free(state);
    counts.released++;
}

/* A step, after its rest; whether it is wanted. */
static bool take_step(xylem_work *work, uint64_t request, int64_t ms)
{
    int64_t since_us = told ? check_now_us(told) : 0;
    bool wanted = xylem_work_rest(work, ms);
    if (told)
        check_step(told, request, wanted, ms, since_us);
    if (told && xylem_work_wanted(work) != wanted)
        check_broken(told, "I12", "request %" PRIu64 " is %swanted after its rest", request,
                     wanted ? "not " : "");
    return wanted;
}

static int do_steps(xylem_work *work, uint64_t request, int count, int64_t ms)
{
    int looks = 0;
    for (int i = 0; i < count && looks < MORE_LOOKS; i++)
        looks += !take_step(work, request, ms);
    return looks > 0 ? XYLEM_CANCELLED : XYLEM_OK;
}

static int exec(void *state, xylem_work *work)
{
    uint64_t request;
    int64_t ms;
    int count, end = 0;
    size_t size;
    const char *text = xylem_work_text(work, &size);
    (void)state;
    int found = sscanf(text, "%" SCNu64 " %d %" SCNd64 "%n", &request, &count, &ms, &end);
    if (found != 3 || (size_t)end != size)
        return XYLEM_BAD_SUBCOMMAND;
    counts.begun++;
    int status = do_steps(work, request, count, ms);
    counts.returned++;
    return status;
}

void steps_begin(struct check *check)
{
    static const xylem_service service =
        XYLEM_SERVICE(.name = STEPS_NAME, .open = open, .exec = exec, .close = close,
                      .release = release, .takes_long = true);
    if (!xy_service_named(STEPS_NAME))
        xylem_register(&service);
    told = check;
    counts = (struct steps){0};
}

void steps_hush(void)
{
    told = NULL;
}
