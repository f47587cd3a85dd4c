/* The arguments of each command: how the words after its name are read. */
#ifndef CLI_ARGUMENTS_H
#define CLI_ARGUMENTS_H

#include "cli/command_table.h"

command_parse arguments_id, arguments_nodes, arguments_ms, arguments_create, arguments_move,
    arguments_exec, arguments_wait, arguments_cancel, arguments_help;

#endif
