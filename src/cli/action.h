/* What each command does to a network, and what it replies. */
#ifndef CLI_ACTION_H
#define CLI_ACTION_H

#include <stdbool.h>

#include "cli/command.h"
#include "cli/reply.h"
#include "xylem.h"

/* Runs a command that is one question to the network, or none at all: every kind but COMMAND_SLEEP,
 * COMMAND_WAIT and COMMAND_EXIT, and those of jobs. False when it was interrupted: then there is no
 * reply. */
bool action_run(xylem *network, const struct command *command, struct reply *reply);

/* The text that `exec` has for the service; false when it cannot be had: then the reply says why.
 * The caller clears the content. */
bool action_text(const struct command *command, struct text *content, struct reply *reply);

#endif
