/* The grammar: from the text of a line to commands. Nothing here acts. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/text.h"

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
    COMMAND_EXIT,
    COMMAND_KINDS
};

struct command {
    enum command_kind kind;
    int64_t id;
    int64_t ms;       /* -1 when `wait` was given none */
    bool available;   /* what `wait` waits for */
    struct text text; /* bad: what is wrong; exec: the words for the service; help: its lines */
};

/* A piece of a text. */
struct span {
    const char *at;
    const char *end;
};

/* Takes the next command off what is left of a line; false when that is only blanks and comments.
 * Whoever gets a command clears it. */
bool command_next(struct span *line, struct command *command);
void command_clear(struct command *command);

/* The names of all commands, in the order of `help`; NULL behind the last one. */
const char *command_name(size_t index);

#endif
