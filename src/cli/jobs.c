#define HASH_NONFATAL_OOM 1 /* without memory an element is not added and has no hh.tbl */
#include "cli/jobs.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

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

/* A callback of the future, after which xylem_run returns. */
static void enter_finished(xylem_future *future, void *owner)
{
    struct job *job = owner;
    struct jobs *jobs = job->jobs;
    (void)future;
    assert(!job->prev); /* a job is finished only once */
    DL_APPEND(jobs->finished, job);
    jobs->unsorted = jobs->unsorted || (job->prev != job && job->prev->number > job->number);
}

const struct job *jobs_add(struct jobs *jobs, int64_t id, const char *text, xylem_future *future)
{
    struct job *job = calloc(1, sizeof *job);
    if (!job)
        return NULL;
    job->number = jobs->latest + 1;
    HASH_ADD(hh, jobs->all, number, sizeof job->number, job);
    if (!job->hh.tbl) {
        free(job);
        return NULL;
    }
    jobs->latest = job->number;
    job->id = id;
    job->future = future;
    job->jobs = jobs;
    keep_start(&job->text, text);
    xylem_future_then(future, enter_finished, job);
    return job;
}

const struct job *jobs_find(const struct jobs *jobs, int64_t number)
{
    struct job *job;
    HASH_FIND(hh, jobs->all, &number, sizeof number, job);
    return job;
}

bool jobs_had(const struct jobs *jobs, int64_t number)
{
    return number >= 1 && number <= jobs->latest;
}

static int by_number(const struct job *one, const struct job *other)
{
    return one->number < other->number ? -1 : 1;
}

struct job *jobs_take_finished(struct jobs *jobs)
{
    if (!jobs->all)
        return NULL;
    if (!jobs->finished) /* this calls every callback that is due */
        xylem_future_then(jobs->all->future, enter_finished, jobs->all);
    if (jobs->unsorted)
        /* cppcheck-suppress nullPointer */
        DL_SORT(jobs->finished, by_number);
    jobs->unsorted = false;
    struct job *taken = jobs->finished;
    if (!taken)
        return NULL;
    assert(xylem_future_result(taken->future, NULL, NULL) != XYLEM_PENDING);
    DL_DELETE(jobs->finished, taken);
    HASH_DEL(jobs->all, taken);
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
    struct job *job = jobs->all;
    HASH_CLEAR(hh, jobs->all); /* the elements keep hh.next */
    jobs->finished = NULL;
    while (job) {
        struct job *next = job->hh.next;
        job_free(job);
        job = next;
    }
}
