/* From bytes to lines. Bytes are fed as they come, lines are taken when they are complete; nothing
 * here reads or waits. A byte order mark at the very start is skipped. */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest line, without its newline. */
#define INPUT_LINE_MAX ((size_t)1024 * 1024)

/* How many bytes are read at once. */
#define INPUT_CHUNK ((size_t)64 * 1024)

struct input_line {
    const char *text; /* without the newline, not terminated; lasts until the next input_feed */
    size_t length;
    int64_t number; /* from 1 */
    bool bad;       /* too long, with a NUL byte, or not UTF-8: its text must not be used */
};

struct input {
    char *bytes;
    size_t capacity;
    size_t start;    /* where the next line begins */
    size_t searched; /* there is no newline between start and here */
    size_t end;
    int64_t lines;   /* delivered so far */
    bool begun;      /* a byte order mark before the first line has been looked for */
    bool discarding; /* the rest of a line that has been delivered as bad */
    bool ended;
};

#define INPUT_EMPTY ((struct input){.bytes = NULL})

/* Adds bytes; false when there is no memory for them. When every line is taken before more bytes
 * are fed, at most INPUT_LINE_MAX bytes are kept. */
bool input_feed(struct input *input, const char *bytes, size_t count);

/* No more bytes will come: the last line is complete also without its newline. */
void input_end(struct input *input);

/* Takes the next complete line; false when there is none. */
bool input_next(struct input *input, struct input_line *line);

void input_clear(struct input *input);

#endif
