/* What the commands of jobs do, and what they reply. */
#ifndef CLI_JOB_ACTION_H
#define CLI_JOB_ACTION_H

#include <stdbool.h>

#include "cli/command.h"
#include "cli/jobs.h"
#include "cli/reply.h"
#include "xylem.h"

/* Whether a command is about jobs; to wait for them is another matter. */
bool job_action_is(const struct command *command);

/* Runs such a command. */
void job_action_run(xylem *network, struct jobs *jobs, const struct command *command,
                    struct reply *reply);

/* What became of a job that is finished, as a reply to its `exec`; lasts as long as the job. */
struct reply job_action_result(const struct job *job);

#endif
