/* What a reply says, in whatever format it is shown. */
#ifndef CLI_REPLY_H
#define CLI_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/command.h"
#include "cli/command_error.h"
#include "cli/jobs.h"
#include "cli/outcomes.h"
#include "cli/text.h"
#include "xylem.h"

enum reply_kind {
    REPLY_NOTHING, /* there is nothing to say */
    REPLY_DONE,
    REPLY_CREATED,
    REPLY_ANSWER,
    REPLY_REACHED,
    REPLY_UNREACHED,
    REPLY_LIST,
    REPLY_TREE,
    REPLY_FACTS,
    REPLY_HELP,
    REPLY_JOB,
    REPLY_JOBS,
    REPLY_SET,
    REPLY_ERROR,
    REPLY_KINDS
};

/* One line of `info` or `status`. */
struct fact {
    const char *name; /* the key in JSON; in text with blanks for `_`, and without the unit */
    enum fact_kind {
        FACT_NUMBER,
        FACT_MS,
        FACT_ID, /* of a node or a process; -1 is the controlling node */
        FACT_BOOL,
        FACT_TEXT
    } kind;
    int64_t number; /* FACT_BOOL: 0 or 1 */
    const char *text;
};

enum { FACTS_MAX = 12 };

/* Texts and nodes belong to the command and to the network, and last until the next call on it. */
struct reply {
    enum reply_kind kind;
    const char *command; /* its name; NULL if there is no such command */
    int64_t id;          /* the node that the command names; -1 when it names none */

    int64_t pid;                    /* created */
    const char *answer;             /* the service's answer */
    bool reached;                   /* the node has answered the ping */
    const int64_t *ids;             /* unreached: the nodes that have not, ascending */
    const xylem_node *const *nodes; /* list, tree: sorted by id, at least one */
    size_t count;                   /* of ids, nodes or facts */
    struct fact facts[FACTS_MAX];
    const struct jobs *jobs;          /* under way, at least one */
    int64_t job;                      /* of the command; 0: none */
    const struct command_type *topic; /* help: NULL for all commands */

    struct outcomes outcomes; /* set: at each of its nodes, at least one; grouped */

    int error;          /* of enum xylem_error or enum command_error */
    const char *text;   /* error: what is wrong */
    const char *detail; /* error: and why; may be NULL */
    const char *file;   /* error: the file with the bad command; may be NULL */
    int64_t line;       /* of the file, from 1 */
    struct text kept;   /* a text that belongs to the reply itself */
};

/* An empty reply to a command; reply_clear ends it. */
struct reply reply_to(const struct command *command);
void reply_clear(struct reply *reply);

/* Whether it is an error, or has one at a node of its set. */
bool reply_is_error(const struct reply *reply);

/* Makes it an error. The texts must last as long as the reply; `detail` may be NULL. */
void reply_fail(struct reply *reply, int error, const char *text, const char *detail);

/* The same with the text of an error of the library, and nothing more to say. */
void reply_error(struct reply *reply, int error);

/* The same with an error of the network. `reason` is what else there is to say, or ""; if a service
 * has failed, the reason is the whole text. */
void reply_fail_of_network(struct reply *reply, int error, const char *reason);

/* Adds a fact; the texts must last as long as the reply. */
void reply_add_fact(struct reply *reply, const char *name, enum fact_kind kind, int64_t number);
void reply_add_text_fact(struct reply *reply, const char *name, const char *text);

#endif
