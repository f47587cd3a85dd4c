/* Gathers output and writes it to standard output. After the first failure nothing is written. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/text.h"

struct output {
    int fd;
    int stop_fd; /* when this is readable, only notices are written */
    bool notice; /* `pending` is a notice: it is also written then, if that does not block */
    bool coloured;
    bool id_strings;     /* in JSON */
    bool ascii;          /* the terminal shows no other characters */
    bool stopped;        /* some output was not written, or not to its end */
    bool cut;            /* the end of some output is missing, so nothing is written after it */
    int error;           /* the errno of the failure; 0 so far */
    struct text pending; /* what is to be written; callers add to it */
    bool spilled;        /* the beginning of the current output has been written */
};

/* The width of the terminal, at least 20; 80 without a terminal. */
size_t output_columns(const struct output *output);

/* A caller that adds much calls this between the pieces. It writes what is pending if that has
 * become large. False: the caller need not add more. */
bool output_spill(struct output *output);

/* Writes what is pending. False if there was no memory to gather it: then nothing of it is written,
 * and nothing is pending. */
bool output_commit(struct output *output);

/* Writes again after an interrupt. Returns whether some output was not written. */
bool output_resume(struct output *output);

void output_clear(struct output *output);

#endif
