/* The command line of the program. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>

#include "cli/format.h"
#include "xylem.h"

enum options_result {
    OPTIONS_RUN,
    OPTIONS_ANSWERED,   /* --help, --version: there is nothing more to do */
    OPTIONS_UNANSWERED, /* the answer could not be written; the user has been told */
    OPTIONS_WRONG       /* so has the user */
};

struct options {
    xylem_options network;
    const char *file;            /* commands from this file; or */
    const char *text;            /* these commands; or neither: from standard input */
    const struct format *format; /* of the replies */
    bool stop_on_error;
};

enum options_result options_read(struct options *options, int argc, char **argv);

#endif
