#include "cli/jobs.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_KEPT = 60 }; /* bytes */

static void keep_start(struct text *text, const char *whole)
{
    size_t length = strlen(whole);
    bool all = length <= TEXT_KEPT;
    if (!all)
        length = TEXT_KEPT;
    while (!all && length > 0 && ((unsigned char)whole[length] & 0xC0) == 0x80)
        length--; /* not in the middle of a character */
    text_add(text, whole, length);
    if (!all)
        text_add_string(text, "...");
}

/* Whoever is called back has xylem_run return: the rest is up to jobs_take_finished. */
static void return_from_run(xylem_future *future, void *owner)
{
    (void)future;
    (void)owner;
}

const struct job *jobs_add(struct jobs *jobs, int64_t id, const char *text, xylem_future *future)
{
    struct job *job = calloc(1, sizeof *job);
    if (!job)
        return NULL;
    *job = (struct job){.number = ++jobs->latest, .id = id, .text = TEXT_EMPTY, .future = future};
    keep_start(&job->text, text);
    if (!jobs->first)
        jobs->last = &jobs->first;
    *jobs->last = job;
    jobs->last = &job->next;
    xylem_future_then(future, return_from_run, NULL);
    return job;
}

const struct job *jobs_find(const struct jobs *jobs, int64_t number)
{
    const struct job *job = jobs->first;
    while (job && job->number != number)
        job = job->next;
    return job;
}

bool jobs_had(const struct jobs *jobs, int64_t number)
{
    return number >= 1 && number <= jobs->latest;
}

struct job *jobs_take_finished(struct jobs *jobs)
{
    struct job **at = &jobs->first;
    while (*at && xylem_future_result((*at)->future, NULL, NULL) == XYLEM_PENDING)
        at = &(*at)->next;
    struct job *taken = *at;
    if (!taken)
        return NULL;
    *at = taken->next;
    if (jobs->last == &taken->next)
        jobs->last = at;
    return taken;
}

void job_free(struct job *job)
{
    xylem_future_free(&job->future);
    text_clear(&job->text);
    free(job);
}

void jobs_clear(struct jobs *jobs)
{
    while (jobs->first) {
        struct job *gone = jobs->first;
        jobs->first = gone->next;
        job_free(gone);
    }
}
