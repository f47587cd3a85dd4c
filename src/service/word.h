/* word: taking apart the text of a piece of work. Blanks and newlines separate words; one that
 * begins with " ends at the next ", and may hold blanks, \" and \\.
 */
#ifndef XY_WORD_H
#define XY_WORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A word in a text; not terminated. */
typedef struct xy_word {
    const char *at;
    size_t length;
    bool escaped; /* there are backslashes in it */
} xy_word;

/* Takes the next word off the text; false when there is none. */
bool xy_word_take(const char **text, xy_word *word);

/* Whether no word is left. */
bool xy_words_over(const char *text);

/* A copy as it is meant, without backslashes and with a final NUL; the caller frees it. `length`
 * may be NULL. NULL when there is no memory. */
char *xy_word_copy(xy_word word, size_t *length);

/* Reads a word as a decimal number that fits, with a sign or without. */
bool xy_word_number(xy_word word, int64_t *number);

#endif
