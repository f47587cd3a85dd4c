/* What a reply says, whichever way it is shown. */
#ifndef CLI_REPLY_H
#define CLI_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/command.h"
#include "cli/fault.h"
#include "cli/jobs.h"
#include "cli/text.h"
#include "xylem.h"

enum reply_kind {
    REPLY_NOTHING, /* there is nothing to say */
    REPLY_DONE,
    REPLY_CREATED,
    REPLY_ANSWER,
    REPLY_REACHED,
    REPLY_LIST,
    REPLY_TREE,
    REPLY_HELP,
    REPLY_JOB,
    REPLY_JOBS,
    REPLY_ERROR,
    REPLY_KINDS
};

/* Texts and nodes belong to the command and to the network, and last until the next call on it. */
struct reply {
    enum reply_kind kind;
    const char *command; /* its name; NULL when it is none */
    int64_t id;          /* the node that the command names; -1 when it names none */

    int64_t pid;             /* created */
    const char *answer;      /* the service's answer */
    bool reached;            /* did the node answer a ping? */
    const xylem_node *nodes; /* list, tree: sorted by id, at least one */
    size_t count;
    const struct jobs *jobs; /* under way, at least one */
    int64_t job;             /* that the command names or has begun; 0: none */
    enum command_kind topic; /* help: COMMAND_BAD for all commands */

    int error;          /* which of enum xylem_error or enum fault */
    const char *text;   /* error: what is wrong */
    const char *detail; /* error: and why; NULL: there is no more to say */
    struct text kept;   /* what the reply itself has to remember */
};

/* An empty reply to a command; reply_clear ends it. */
struct reply reply_to(const struct command *command);
void reply_clear(struct reply *reply);

/* Makes it an error. The texts must last as long as the reply; `detail` may be NULL. */
void reply_fail(struct reply *reply, int error, const char *text, const char *detail);
void reply_no_memory(struct reply *reply);

#endif
