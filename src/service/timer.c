#include "service/timer.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct stopwatch {
    bool running;
    int64_t started_ms;
    int64_t shown_ms; /* while it does not run */
    char reply[32];
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

static int exec(void *state, const char *text, int64_t now_ms, const char **reply)
{
    stopwatch *watch = state;
    if (strcmp(text, "start") == 0) {
        watch->running = true;
        watch->started_ms = now_ms;
        *reply = "start";
    } else if (strcmp(text, "stop") == 0) {
        watch->shown_ms = shown(watch, now_ms);
        watch->running = false;
        *reply = "stop";
    } else if (strcmp(text, "time") == 0) {
        snprintf(watch->reply, sizeof watch->reply, "%" PRId64 " ms", shown(watch, now_ms));
        *reply = watch->reply;
    } else {
        return XYLEM_BAD_SUBCOMMAND;
    }
    return XYLEM_OK;
}

const xy_service xy_timer = {"timer", open, exec, free};
