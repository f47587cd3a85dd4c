/* Everything about each command, in one table. A new command is a new row. */
#ifndef CLI_COMMAND_TABLE_H
#define CLI_COMMAND_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/command.h"
#include "cli/words.h"

struct reply;
struct session;

/* Reads the words into a command, which it may reject. False: they do not have the form that the
 * usage shows. */
typedef bool command_parse(const struct words *words, struct command *command);

/* Runs a command. Returns XYLEM_OK if the reply is complete, also as an error; or an error of the
 * latest call on the network, which the reply does not contain yet. */
typedef int command_run(struct session *session, const struct command *command,
                        struct reply *reply);

enum {
    ANY_NUMBER = -1, /* of words */
    REPLIES_MAX = 8
};

/* Lists of words have one blank between two words; NULL: there are none. */
struct command_type {
    const char *name;
    const char *aliases;  /* other spellings of the name */
    const char *synonyms; /* words of other programs, for which this command is suggested */
    int fewest, most;     /* words, together with the name */
    command_parse *parse; /* NULL: there are no arguments */
    command_run *run;
    bool reply_first;        /* before the news that came meanwhile, which are its effect */
    const char *completions; /* words that Tab completes among the arguments */
    bool takes_command;      /* an argument may be the name of a command */
    const char *usage;       /* also shown when the arguments are wrong */
    const char *purpose;     /* a few words */
    const char *details;     /* a few sentences */
    struct {
        const char *reply, *meaning;
    } replies[REPLIES_MAX + 1]; /* after the last one both are NULL */
    const char *example;        /* lines with their newlines; "> " stands before a command */
};

/* In the order of `help`; after the last one `name` is NULL. */
extern const struct command_type command_types[];

/* NULL: no command has this name. */
const struct command_type *command_type_find(struct span name);

#endif
