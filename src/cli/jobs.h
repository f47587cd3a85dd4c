/* The jobs of a session: work that was begun with `exec ID … &`. */
#ifndef CLI_JOBS_H
#define CLI_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/text.h"
#include "xylem.h"

struct job {
    struct job *next;
    int64_t number;
    int64_t id;       /* of the node */
    struct text text; /* what it is to do: the start of it */
    xylem_future *future;
};

/* Those that are under way or have not been shown, ascending. All zero are none. */
struct jobs {
    struct job *first, **last;
    int64_t latest; /* the number of the latest */
};

/* Takes a future, which is the job's from then on; when it is finished, xylem_run returns. NULL,
 * and nothing taken, without memory. */
const struct job *jobs_add(struct jobs *jobs, int64_t id, const char *text, xylem_future *future);

const struct job *jobs_find(const struct jobs *jobs, int64_t number);

/* Whether there was ever such a job. */
bool jobs_had(const struct jobs *jobs, int64_t number);

/* Takes the first job that is finished out; the caller ends it with job_free. NULL: there is none.
 */
struct job *jobs_take_finished(struct jobs *jobs);
void job_free(struct job *job);

void jobs_clear(struct jobs *jobs);

#endif
