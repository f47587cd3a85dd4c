/* From a line to the words of its commands: blanks, comments, `;` and quotes. */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/text.h"

/* A piece of a text. */
struct span {
    const char *at;
    const char *end;
};

size_t span_length(struct span span);
bool span_is(struct span span, const char *string);

enum segment_end {
    SEGMENT_SEPARATED, /* by a `;`: another segment follows, which may be empty */
    SEGMENT_ENDED,     /* with the line */
    SEGMENT_COMMENTED, /* the rest of the line is a comment */
    SEGMENT_UNCLOSED   /* the line ends within quotes */
};

/* The text between two separators: a command, or only blanks. */
struct segment {
    struct span text; /* with its quotes */
    enum segment_end end;
};

/* Takes the first segment off the rest of a line. */
struct segment segment_take(struct span *line);
bool segment_is_blank(struct segment segment);

/* How many words words_get can give. */
enum { WORDS_FIRST = 8 };

struct words {
    int count;
    struct text text;      /* all of them without their quotes, one blank between two */
    struct text arguments; /* from the third word on, as a service takes them: words with
                              blanks in quotes */
    size_t but_last;       /* the length of the arguments without the last word */
    bool ampersand;        /* the last word is `&`, without quotes */
    struct {
        size_t at, end; /* in the text */
        bool quoted;    /* it begins with a quote */
    } first[WORDS_FIRST];
};

/* Splits a segment. Quotes that are not closed end with it. The caller clears the words.
 * `text.failed` is set if there was no memory. */
struct words words_split(struct segment segment);
void words_clear(struct words *words);

/* One of the first words; an empty span if there are fewer. */
struct span words_get(const struct words *words, int index);

/* A word and all that follow it. */
struct span words_from(const struct words *words, int index);

#endif
