/* timer: a stopwatch: start (from zero), stop, time (running or frozen; 0 before the first start).
 */
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

static int refuse(xylem_work *work)
{
    return xy_service_refuse(work, &xy_timer, "start, stop, time");
}

static int exec(void *state, xylem_work *work)
{
    stopwatch *watch = state;
    const char *text = xylem_work_text(work, NULL);
    if (strcmp(text, "time") == 0)
        return xy_service_show(work, shown(watch, xylem_work_now(work)), " ms");
    if (strcmp(text, "start") == 0) {
        watch->running = true;
        watch->started_ms = xylem_work_now(work);
    } else if (strcmp(text, "stop") == 0) {
        watch->shown_ms = shown(watch, xylem_work_now(work));
        watch->running = false;
    } else {
        return refuse(work);
    }
    return xylem_work_reply(work, text, strlen(text));
}

const xylem_service xy_timer =
    XYLEM_SERVICE(.name = "timer", .open = open, .exec = exec, .close = free, .release = free);
