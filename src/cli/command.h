/* The grammar: from the text of a line to commands. Nothing here acts. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/text.h"
#include "cli/words.h"

/* In the order of `help`. */
enum command_kind {
    COMMAND_BAD,
    COMMAND_CREATE,
    COMMAND_REMOVE,
    COMMAND_EXEC,
    COMMAND_HEARTBEAT,
    COMMAND_PING,
    COMMAND_ALL,
    COMMAND_TREE,
    COMMAND_SLEEP,
    COMMAND_WAIT,
    COMMAND_KILL,
    COMMAND_PAUSE,
    COMMAND_RESUME,
    COMMAND_HELP,
    COMMAND_JOBS,
    COMMAND_CANCEL,
    COMMAND_EXIT,
    COMMAND_KINDS
};

struct command {
    enum command_kind kind;
    const char *name;        /* also of a bad one; NULL when there is no such command */
    int64_t id;              /* -1 when it has none */
    int64_t ms;              /* -1 when `wait` was given none */
    bool available;          /* what `wait` waits for */
    bool for_jobs;           /* or for jobs: */
    int64_t job;             /* this one, 0: all of them; of `cancel` too */
    bool background;         /* exec: begins a job */
    bool from_file;          /* exec: the text is the name of a file that holds the text */
    enum command_kind topic; /* of `help`; COMMAND_BAD: all of them */
    int fault;               /* bad: which of enum fault */
    struct text text;        /* bad: what is wrong; create: the service, or nothing; exec: the
                                words for the service */
};

/* Takes the next command off what is left of a line; false when that is only blanks and comments.
 * Whoever gets a command clears it; there was no memory when `text.failed` is set. */
bool command_next(struct span *line, struct command *command);
void command_clear(struct command *command);

/* What stands for a line that cannot be read at all. */
struct command command_unreadable(void);

/* What `help` says of each kind but COMMAND_BAD. */
const char *command_name(enum command_kind kind);
const char *command_usage(enum command_kind kind);
const char *command_purpose(enum command_kind kind);

#endif
