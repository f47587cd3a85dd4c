/* The jobs of a session: requests that were started with `exec ID … &`. */
#ifndef CLI_JOBS_H
#define CLI_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

#include "cli/text.h"
#include "xylem.h"

struct jobs;

struct job {
    int64_t number;
    int64_t id;       /* of the node */
    struct text text; /* the start of the text of its request */
    xylem_future *future;
    struct jobs *jobs;       /* that contain it */
    struct job *prev, *next; /* among those that are finished */
    UT_hash_handle hh;       /* among all; hh.next is the one with the next number */
};

/* The jobs that are under way, or whose result has not been shown. All zero: there are none. The
 * struct does not move in memory while there are jobs. */
struct jobs {
    struct job *all;      /* by number; the first of them, ascending */
    struct job *finished; /* also in `all` */
    bool unsorted;        /* `finished` is not in ascending order */
    int64_t latest;       /* the number of the latest */
};

/* Adds a job, which owns the future from then on. When the job is finished, xylem_run returns. NULL
 * without memory; then the future still belongs to the caller. */
const struct job *jobs_add(struct jobs *jobs, int64_t id, const char *text, xylem_future *future);

const struct job *jobs_find(const struct jobs *jobs, int64_t number);

/* Whether there was ever such a job. */
bool jobs_had(const struct jobs *jobs, int64_t number);

/* Removes the first finished job, which the caller frees with job_free. NULL: there is none. */
struct job *jobs_take_finished(struct jobs *jobs);
void job_free(struct job *job);

void jobs_clear(struct jobs *jobs);

#endif
