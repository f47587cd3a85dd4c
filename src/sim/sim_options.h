/* options: what the user of xylem-sim wants. */
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/plan.h"

struct options {
    uint64_t first, last; /* seeds */
    struct limits limits;
    const char *trace; /* a file to write, or NULL */
    const char *file;  /* a file with lines of options, each a run of its own, or NULL */
    bool shrink;
    bool stop; /* at the first failure */
};

/* Ends the program, with 2, after a message when they are wrong. */
void options_read(struct options *options, int argc, char **argv);

/* Writes the options that limit a run in this way, each after a space. */
enum { OPTIONS_TEXT_SIZE = 600 };
void options_write(const struct limits *limits, char text[OPTIONS_TEXT_SIZE]);

#endif
