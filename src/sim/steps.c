#include "sim/steps.h"

#include <inttypes.h>
#include <string.h>

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

/* Both services. */

struct counter {
    xylem_context *context;
    uint64_t count;
};

static int open_tally(void **state, xylem_context *context)
{
    struct counter *counter = need(malloc(sizeof *counter));
    *counter = (struct counter){.context = context};
    *state = counter;
    return XYLEM_OK;
}

static void count(struct counter *counter)
{
    counter->count++;
    if (told)
        check_counted(told, xylem_context_life(counter->context), counter->count);
}

static int save(void *state, xylem_work *work)
{
    char text[80];
    const struct counter *counter = state;
    int size = snprintf(text, sizeof text, "%" PRId64 " %" PRIu64 " %" PRIu64,
                        xylem_context_id(counter->context), xylem_context_life(counter->context),
                        counter->count);
    return xylem_work_reply(work, text, (size_t)size);
}

struct counted steps_read(const void *saved, size_t size)
{
    char text[80] = "";
    struct counted read;
    if (size > 0 && size < sizeof text)
        memcpy(text, saved, size);
    int found = sscanf(text, "%" SCNd64 " %" SCNu64 " %" SCNu64, &read.id, &read.life, &read.count);
    return found == 3 ? read : (struct counted){0};
}

static int load(void *state, const void *saved, size_t size)
{
    struct counter *counter = state;
    counter->count = steps_read(saved, size).count;
    return XYLEM_OK;
}

/* What is quick. */

static int exec_tally(void *state, xylem_work *work)
{
    struct counter *counter = state;
    count(counter);
    return xy_service_show(work, (int64_t)counter->count, "");
}

/* What takes long. */

static int open(void **state, xylem_context *context)
{
    counts.opened++;
    return open_tally(state, context);
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
    int steps, end = 0;
    size_t size;
    const char *text = xylem_work_text(work, &size);
    int found = sscanf(text, "%" SCNu64 " %d %" SCNd64 "%n", &request, &steps, &ms, &end);
    if (found != 3 || (size_t)end != size) {
        count(state);
        return XYLEM_BAD_SUBCOMMAND;
    }
    counts.begun++;
    int status = do_steps(work, request, steps, ms);
    counts.returned++;
    count(state);
    return status;
}

void steps_begin(struct check *check)
{
    static const xylem_service services[] = {
        XYLEM_SERVICE(.name = STEPS_NAME, .open_with = open, .exec = exec, .close = close,
                      .release = release, .takes_long = true, .save = save, .load = load),
        XYLEM_SERVICE(.name = TALLY_NAME, .open_with = open_tally, .exec = exec_tally,
                      .close = free, .release = free, .save = save, .load = load)};
    for (size_t i = 0; i < 2; i++)
        if (!xy_service_named(services[i].name))
            xylem_register(&services[i]);
    told = check;
    counts = (struct steps){0};
}

void steps_hush(void)
{
    told = NULL;
}
