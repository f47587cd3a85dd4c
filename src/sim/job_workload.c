/* Jobs: work that takes its time, waits for other work, and is given up. */
#include "sim/run.h"

#include <inttypes.h>
#include <string.h>

#include "sim/asker.h"
#include "sim/later.h"
#include "sim/need.h"
#include "sim/sender.h"
#include "sim/steps.h"

static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

enum { KIB = 1024, TEXT_MAX = 600 * KIB };

static char text[TEXT_MAX + 1];

static uint64_t draw(struct run *run, uint64_t bound)
{
    return xy_draw_below(&run->jobs, bound);
}

const char *run_service(struct run *run)
{
    static const char *const services[] = {
        "",         "timer",    "dict",      "sum",           "sleep",          "sleep",
        STEPS_NAME, STEPS_NAME, LATER_NAME,  LONG_LATER_NAME, ASKER_NAME,       LONG_ASKER_NAME,
        TALLY_NAME, TALLY_NAME, SENDER_NAME, SENDER_NAME,     QUICK_SENDER_NAME};
    bool timers = run->plan.weights[COMMAND_JOB] == 0;
    return timers ? "" : services[draw(run, sizeof services / sizeof *services)];
}

/* What is asked. */

/* In parts that are full, or nearly empty; of one word, so that a dict answers with it. */
static size_t write_large(struct run *run)
{
    static const size_t sizes[] = {TEXT_MAX, 256 * KIB, 256 * KIB + 1, 512 * KIB, 300 * KIB};
    size_t size = sizes[draw(run, sizeof sizes / sizeof *sizes)];
    uint64_t first = draw(run, 1000);
    for (size_t i = 0; i < size; i += KIB) /* each KiB is different from the next */
        memset(text + i, letters[(first + i / KIB) % 26], size - i < KIB ? size - i : KIB);
    return size;
}

/* What takes as long as a sleep would, in several steps. */
static size_t write_steps(struct run *run, int64_t ms)
{
    int64_t count = 1 + (int64_t)draw(run, 8);
    return (size_t)snprintf(text, sizeof text, "%" PRIu64 " %" PRId64 " %" PRId64,
                            run->controller.command + 1, count, ms / count + 1);
}

/* One id or some, which exist as a rule; the asker itself now and then. */
static size_t write_set(struct run *run, int64_t self, char *set, size_t room)
{
    uint64_t life = run_pick(run, &run->jobs);
    int64_t id = life ? run->check.model.lives[life].id : 0;
    switch (draw(run, 16)) {
    case 0:
        return (size_t)snprintf(set, room, "all");
    case 1:
        return (size_t)snprintf(set, room, "%" PRId64, self);
    case 2:
        return (size_t)snprintf(set, room, "%" PRIu64, draw(run, 2000));
    case 3:
    case 4:
    case 5:
        return (size_t)snprintf(set, room, "%" PRId64 ",%" PRId64 "-%" PRId64, id, id + 1,
                                id + 1 + (int64_t)draw(run, 4));
    default:
        return (size_t)snprintf(set, room, "%" PRId64, id);
    }
}

/* What is asked of those that are asked: as a rule something that most understand, or they are to
 * ask others, who are asked again, perhaps the first one: but never all of them. */
static size_t write_asked(struct run *run, int64_t self, char *asked, size_t room)
{
    static const char *const texts[] = {"time", "7", "a", "1 5", "nonsense"};
    int64_t id = self;
    uint64_t life = run_pick(run, &run->jobs), depth = draw(run, 2) ? draw(run, 4) : 0;
    size_t size = 0;
    for (; depth > 0; depth--, id = life ? run->check.model.lives[life].id : self)
        size += (size_t)snprintf(asked + size, room - size, "w %" PRId64 " ", id);
    return size + (size_t)snprintf(asked + size, room - size, "%s",
                                   texts[draw(run, sizeof texts / sizeof *texts)]);
}

/* For a service that asks others. */
static size_t write_ask(struct run *run, int64_t self)
{
    char set[64], asked[80];
    write_set(run, self, set, sizeof set);
    write_asked(run, self, asked, sizeof asked);
    return (size_t)snprintf(text, sizeof text, "%c %s %s", "wwwwwbbr"[draw(run, 8)], set, asked);
}

/* For a service that sends chunks: as a rule more than may be on their way. */
static size_t write_send(struct run *run, int64_t ms)
{
    static const unsigned sizes[] = {20, 1000, 20000, XYLEM_CHUNK_MAX};
    unsigned count = 1 + (unsigned)draw(run, 40);
    return (size_t)snprintf(text, sizeof text, "s %u %u %u", count,
                            sizes[draw(run, sizeof sizes / sizeof *sizes)],
                            draw(run, 2) ? (unsigned)ms / count : 0);
}

static size_t write_small(struct run *run, const char *service)
{
    uint64_t number = draw(run, 1000);
    int64_t ms = (int64_t)draw(run, (uint64_t)(2 * run->plan.timeout_ms) >> draw(run, 8)) + 1;
    int size;
    if (strcmp(service, STEPS_NAME) == 0)
        return write_steps(run, ms);
    if (sender_is(service))
        return write_send(run, ms);
    if (strcmp(service, "sleep") == 0)
        size = snprintf(text, sizeof text, "%" PRId64, ms);
    else if (strcmp(service, "sum") == 0)
        size = snprintf(text, sizeof text, "2 7 %" PRIu64, number);
    else if (strcmp(service, "dict") == 0)
        size = snprintf(text, sizeof text, number % 2 ? "%c %" PRIu64 : "%c",
                        (char)('a' + number % 7), number);
    else
        size = snprintf(text, sizeof text, "time");
    return (size_t)size;
}

static void start(struct run *run, int64_t id, bool large)
{
    uint64_t life = run->check.model.present[id];
    const char *service = life ? run->check.model.lives[life].service : "";
    xy_command command = {.kind = XY_COMMAND_EXEC, .id = id, .text = text};
    command.timeout_ms = run->plan.timeout_ms << draw(run, 4) >> 2;
    command.streams = draw(run, 8) == 0 || (sender_is(service) && draw(run, 8) > 0);
    command.size = large               ? write_large(run)
                   : asker_is(service) ? write_ask(run, id)
                                       : write_small(run, service);
    run_command(run, &command);
}

/* Commands. */

/* Of one stream of eight nothing is taken. */
static void take(struct run *run, uint64_t request)
{
    const struct entry *job = history_find(&run->check.history, request);
    if (!job->streams || job->got == job->took || request % 8 == 0 || draw(run, 4) == 0)
        return;
    uint64_t more = 1 + draw(run, 2 * (job->got - job->took));
    uint64_t count = job->took + more < job->got ? job->took + more : job->got;
    run_command(run, &(xy_command){.kind = XY_COMMAND_TAKE,
                                   .value = (int64_t)request,
                                   .count = count,
                                   .size = check_cost_of(job, count),
                                   .timeout_ms = -1});
}

/* Of one life of eight nothing is taken. */
static void take_published(struct run *run, uint64_t number)
{
    const struct life *life = &run->check.model.lives[number];
    if (life->passed == life->took || number % 8 == 0 || draw(run, 4) == 0)
        return;
    uint64_t count = life->took + 1 + draw(run, life->passed - life->took);
    run_command(run, &(xy_command){.kind = XY_COMMAND_TAKE,
                                   .life = {number},
                                   .count = count,
                                   .size = sender_cost(count) - sender_cost(life->took),
                                   .timeout_ms = -1});
}

void run_take(struct run *run)
{
    const struct history *history = &run->check.history;
    for (uint64_t life = 1; life < run->check.model.count; life++)
        take_published(run, life);
    for (size_t i = 0; i < history->waiting; i++)
        take(run, history->open[i]);
}

static int64_t some_id(struct run *run)
{
    uint64_t life = run_pick(run, &run->jobs);
    return life ? run->check.model.lives[life].id : 0;
}

/* As a rule one whose answer is large too. */
static int64_t some_dict(struct run *run)
{
    int64_t id = some_id(run);
    for (int tries = 0; tries < 8; tries++) {
        uint64_t life = run->check.model.present[id];
        if (life && strcmp(run->check.model.lives[life].service, "dict") == 0)
            break;
        id = some_id(run);
    }
    return id;
}

/* Side by side, so that the parts of one come between those of another. */
static void start_large(struct run *run)
{
    for (uint64_t more = draw(run, 5); more > 0; more--)
        start(run, some_dict(run), true);
}

/* Several at one node, as often as not. */
void run_job(struct run *run)
{
    int64_t id = some_id(run);
    for (uint64_t more = draw(run, 2) ? draw(run, 6) : 0; more > 0; more--)
        start(run, id, false);
    start(run, id, false);
    if (draw(run, 1000) < run->plan.large)
        start_large(run);
}

/* One that is under way, unless it is hard to find. */
void run_cancel(struct run *run)
{
    const struct history *history = &run->check.history;
    uint64_t request = draw(run, history->count + 2);
    for (int tries = 0; tries < 8 && history->waiting > 0; tries++) {
        uint64_t open = history->open[draw(run, history->waiting)];
        xy_command_kind kind = history_find(history, open)->kind;
        if (kind == XY_COMMAND_EXEC || kind == XY_COMMAND_CAST)
            request = open;
    }
    run_command(
        run, &(xy_command){.kind = XY_COMMAND_CANCEL, .value = (int64_t)request, .timeout_ms = -1});
}

/* Casts. */

/* What most services understand, and each in its way; never what the service "steps" would do for
 * another request. */
static size_t write_for_all(struct run *run)
{
    uint64_t number = draw(run, 1000);
    switch (draw(run, 6)) {
    case 0:
        return (size_t)snprintf(text, sizeof text, "time");
    case 5:
        return (size_t)snprintf(text, sizeof text, "w %" PRId64 " time", some_id(run));
    case 1:
        return (size_t)snprintf(text, sizeof text, "%c", (char)('a' + number % 7));
    case 2:
        return (size_t)snprintf(text, sizeof text, "%" PRIu64,
                                1 + draw(run, (uint64_t)(2 * run->plan.timeout_ms)) % 4000);
    case 3:
        return (size_t)snprintf(text, sizeof text, "%c %" PRIu64, (char)('a' + number % 7), number);
    default:
        return (size_t)snprintf(text, sizeof text, "1 %" PRIu64, number);
    }
}

static bool has_service(const struct run *run, int64_t id, const char *service)
{
    uint64_t life = run->check.model.present[id];
    return life && (!service || strcmp(run->check.model.lives[life].service, service) == 0);
}

/* All that there are, perhaps of one service, or some of them; also such as do not exist. */
static size_t choose_ids(struct run *run, const char *service, int64_t *ids)
{
    size_t count = 0;
    uint64_t part = draw(run, 4);
    for (int64_t id = 0; id < run->check.model.ids; id++) {
        bool missing = !run->check.model.present[id] && part > 1 && draw(run, 16) == 0;
        bool chosen = has_service(run, id, service) && (part == 0 || draw(run, 1 + part) == 0);
        if (chosen || missing)
            ids[count++] = id;
    }
    return count;
}

void run_cast(struct run *run)
{
    int64_t *ids = need(malloc((size_t)run->check.model.ids * sizeof *ids));
    static const char *const services[] = {"dict", "sum", NULL, NULL};
    xy_command command = {.kind = XY_COMMAND_CAST, .ids = ids, .text = text};
    command.combine = services[draw(run, sizeof services / sizeof *services)];
    command.id_count = choose_ids(run, draw(run, 8) > 0 ? command.combine : NULL, ids);
    command.timeout_ms = run->plan.timeout_ms << draw(run, 4) >> 2;
    command.size = draw(run, 1000) < run->plan.large ? write_large(run) : write_for_all(run);
    if (draw(run, 4) == 0) {
        command.text = NULL;
        command.size = 0;
    }
    run_command(run, &command);
    free(ids);
}
