/* Writes to standard output what has been gathered. The first failure ends the writing for good. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/text.h"

struct output {
    int fd;
    int stop_fd; /* nothing but notices is written any more once this is readable */
    bool notice; /* what is pending is one: it is written then too, unless it would have to wait */
    bool coloured;
    bool cut;            /* the end of something was not written, and nothing is any more */
    int error;           /* the errno of the failure; 0 so far */
    struct text pending; /* what is to be written: anyone may add to it */
    bool spilled;        /* the beginning of it has been written */
};

/* Whoever adds much does it piece by piece, and calls this between them: what is pending is written
 * when it has become large. False when more need not be added. */
bool output_spill(struct output *output);

/* Writes all that is pending. False when there was no memory for it: then nothing of it has been
 * written, and nothing is pending. */
bool output_commit(struct output *output);

void output_clear(struct output *output);

#endif
