/* stream: what a program does about writes to a stream that fail. */
#ifndef PROGRAM_STREAM_H
#define PROGRAM_STREAM_H

#include <stdio.h>

/* Has the program end with status 1, and say why on standard error, when not all of its standard
 * output could be written; it says nothing when the reader of a pipe has gone. A write beyond the
 * limit of a file's size (ulimit -f) is such an error too, and not the end of the program. To be
 * called once, at the start. */
void stream_check_output(void);

/* Ends the program in that way when not all of `stream` could be written. `name` says what it is.
 */
void stream_check(FILE *stream, const char *name);

#endif
