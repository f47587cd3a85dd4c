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
    SEGMENT_SEPARATED, /* by a `;`: another segment follows, and be it an empty one */
    SEGMENT_ENDED,     /* with the line */
    SEGMENT_COMMENTED, /* the rest of the line is a comment */
    SEGMENT_UNCLOSED   /* the line ends within quotes */
};

/* What stands between two separators: a command, or only blanks. */
struct segment {
    struct span text; /* as it was written */
    enum segment_end end;
};

/* Takes the first segment off what is left of a line. */
struct segment segment_take(struct span *line);
bool segment_is_blank(struct segment segment);

/* So many words can be asked for by themselves. */
enum { WORDS_FIRST = 4 };

struct words {
    int count;
    struct text text;      /* all of them without their quotes, one blank between two */
    struct text arguments; /* from the third on, as a service takes them: those with blanks in
                              quotes */
    size_t but_last;       /* how long these are without the last word */
    bool ampersand;        /* the last word is `&`, without quotes */
    struct {
        size_t at, end; /* in the text */
        bool quoted;    /* it begins with a quote */
    } first[WORDS_FIRST];
};

/* Splits a segment. What stands within quotes that are never closed goes up to its end. Whoever
 * gets words clears them; there was no memory when `text.failed` is set. */
struct words words_split(struct segment segment);
void words_clear(struct words *words);

/* One of the first words; an empty span when there are not so many. */
struct span words_get(const struct words *words, int index);

/* A word and all that follow it. */
struct span words_from(const struct words *words, int index);

#endif
