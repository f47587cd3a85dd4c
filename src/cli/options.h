/* The command line of the program. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>

#include "cli/format.h"
#include "xylem.h"

enum options_result {
    OPTIONS_RUN,
    OPTIONS_ANSWERED,   /* --help, --version: the program ends */
    OPTIONS_UNANSWERED, /* the answer could not be written, see errno; there was a message,
                           unless it is EPIPE */
    OPTIONS_WRONG       /* there was a message */
};

struct options {
    xylem_options network;
    const char *file;            /* the commands are in this file, */
    const char *text;            /* or in this text; both NULL: in standard input */
    const struct format *format; /* of the replies */
    bool id_strings;             /* in JSON */
    bool stop_on_error;
};

enum options_result options_read(struct options *options, int argc, char **argv);

#endif
