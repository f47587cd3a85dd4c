/* The errors of a command: those of the network, and those that only a command can have. */
#ifndef CLI_COMMAND_ERROR_H
#define CLI_COMMAND_ERROR_H

#include "cli/text.h"
#include "xylem.h"

/* Their numbers follow those of enum xylem_error, so that an int holds either. */
#define COMMAND_ERRORS(X)                                                                          \
    X(COMMAND_BAD_COMMAND)                                                                         \
    X(COMMAND_BAD_ID)                                                                              \
    X(COMMAND_BAD_NUMBER)                                                                          \
    X(COMMAND_CANNOT_READ)

enum command_error {
#define ERROR_ONE(name, text) +1
    COMMAND_ERROR_BEFORE_FIRST = XYLEM_ERRORS(ERROR_ONE) - 1,
#undef ERROR_ONE
#define COMMAND_ERROR_NAME(name) name,
    COMMAND_ERRORS(COMMAND_ERROR_NAME)
#undef COMMAND_ERROR_NAME
        COMMAND_ERROR_COUNT
};

/* Adds the name of an error for programs: "not_found", "bad_id". It never changes. */
void command_error_add_code(struct text *text, int error);

#endif
