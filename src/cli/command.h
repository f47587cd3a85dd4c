/* The grammar: from the text of a line to commands. Nothing here acts. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/text.h"
#include "cli/words.h"

struct command_type;

struct command {
    const struct command_type *type; /* also of a bad one; NULL: there is no command of this name */
    bool bad;                        /* it cannot be run: `error` and `text` say why */
    int error;                       /* bad: of enum command_error */
    int64_t id;                      /* -1: it has none, or a set in its place: */
    struct text set;                 /* which is empty otherwise */
    int64_t parent;                  /* create, move: an id, or XYLEM_CONTROLLER, XYLEM_ANY */
    int64_t ms;                      /* -1: `wait` has none */
    bool available;                  /* what `wait` waits for */
    bool for_jobs;                   /* or for jobs: */
    int64_t job;                     /* this one, 0: all of them; also of `cancel` */
    bool background;                 /* exec: begins a job */
    bool from_file;                  /* exec: the text is the name of a file that holds the text */
    const struct command_type *topic; /* of `help`; NULL: all commands */
    struct text text; /* bad: what is wrong; create: the service, or nothing; exec: the words for
                         the service */
    struct text arguments; /* create: those of the node */
    bool fresh;            /* create: without what an earlier node has saved */
};

/* Takes the next command off the rest of a line; false if that is only blanks and comments. The
 * caller clears the command. `text.failed` is set if there was no memory. */
bool command_next(struct span *line, struct command *command);
void command_clear(struct command *command);

/* Stands for a line that cannot be read at all. */
struct command command_unreadable(void);

/* Makes it a bad command, with this text, which a word of the line may follow in quotes. */
void command_reject(struct command *command, int error, const char *text);
void command_reject_word(struct command *command, int error, const char *text, struct span word);

/* The same for the name of a command that does not exist. */
void command_reject_name(struct command *command, struct span name);

#endif
