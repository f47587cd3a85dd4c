/* Writes replies to standard output, at once. The first failure ends the writing for good. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

enum output_style { OUTPUT_PLAIN, OUTPUT_ERROR, OUTPUT_NOTICE };

struct output {
    int fd;
    int stop_fd; /* nothing is written any more once this is readable */
    bool coloured;
    int error; /* the errno of the failure; 0 so far */
};

/* False when not all could be written, or the program is to stop. */
bool output_write(struct output *output, const char *bytes, size_t count);

/* Writes a text and a newline. */
bool output_line(struct output *output, enum output_style style, const char *line);

#endif
