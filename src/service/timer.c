/* timer: a stopwatch: start (from zero), stop, time (running or frozen; 0 before the first start).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/service.h"

typedef struct stopwatch {
    bool running;
    int64_t started_ms;
    int64_t shown_ms; /* while it does not run */
} stopwatch;

static int open(void **state)
{
    *state = calloc(1, sizeof(stopwatch));
    return *state ? XYLEM_OK : XYLEM_NO_MEMORY;
}

static int64_t shown(const stopwatch *watch, int64_t now_ms)
{
    return watch->running ? now_ms - watch->started_ms : watch->shown_ms;
}

static int show(const stopwatch *watch, xylem_work *work)
{
    char text[32];
    int length = snprintf(text, sizeof text, "%" PRId64 " ms", shown(watch, xylem_work_now(work)));
    return xylem_work_reply(work, text, (size_t)length);
}

static int exec(void *state, xylem_work *work)
{
    stopwatch *watch = state;
    const char *text = xylem_work_text(work, NULL);
    if (strcmp(text, "time") == 0)
        return show(watch, work);
    if (strcmp(text, "start") == 0) {
        watch->running = true;
        watch->started_ms = xylem_work_now(work);
    } else if (strcmp(text, "stop") == 0) {
        watch->shown_ms = shown(watch, xylem_work_now(work));
        watch->running = false;
    } else {
        return XYLEM_BAD_SUBCOMMAND;
    }
    return xylem_work_reply(work, text, strlen(text));
}

const xylem_service xy_timer = {"timer", open, exec, free, false};
