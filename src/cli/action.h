/* What each command does to a network, and what it replies. */
#ifndef CLI_ACTION_H
#define CLI_ACTION_H

#include <stdbool.h>

#include "cli/command.h"
#include "cli/reply.h"
#include "xylem.h"

/* Runs a command that is one question to the network, or none at all: every kind but COMMAND_SLEEP
 * and COMMAND_EXIT. False when it was interrupted: then there is no reply. */
bool action_run(xylem *network, const struct command *command, struct reply *reply);

#endif
