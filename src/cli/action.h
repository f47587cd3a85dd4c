/* What each command does to a network, and what it replies. */
#ifndef CLI_ACTION_H
#define CLI_ACTION_H

#include "cli/command.h"
#include "cli/text.h"
#include "xylem.h"

/* Runs a command that is one question to the network, or none at all: every kind but COMMAND_BAD,
 * COMMAND_TREE, COMMAND_SLEEP and COMMAND_EXIT. Returns XYLEM_OK, and the whole reply in `reply`;
 * or an error of the network, and nothing. */
int action_run(xylem *network, const struct command *command, struct text *reply);

/* All nodes, as from xylem_list; XYLEM_NOT_FOUND when there are none. */
int action_list(xylem *network, const xylem_node **nodes, size_t *count);

#endif
