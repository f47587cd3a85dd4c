/* What can be wrong with a command: an error of the network, or one that only a command can have.
 */
#ifndef CLI_FAULT_H
#define CLI_FAULT_H

#include "cli/text.h"
#include "xylem.h"

/* Their numbers follow those of enum xylem_error, so that an int holds either. */
#define FAULTS(X)                                                                                  \
    X(FAULT_BAD_COMMAND)                                                                           \
    X(FAULT_BAD_ID)                                                                                \
    X(FAULT_BAD_NUMBER)                                                                            \
    X(FAULT_CANNOT_READ)

enum fault {
    FAULT_BEFORE_FIRST = XYLEM_ERROR_COUNT - 1,
#define FAULT_NAME(name) name,
    FAULTS(FAULT_NAME)
#undef FAULT_NAME
        FAULT_COUNT
};

/* Adds the name of an error or a fault for programs: "not_found", "bad_id". It never changes. */
void fault_add_code(struct text *text, int fault);

#endif
