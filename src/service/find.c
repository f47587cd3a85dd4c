/* find: TEXT PATTERN: all places of a pattern in a text, also those that overlap, in time linear in
 * their length (the algorithm of Knuth, Morris and Pratt). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/service.h"
#include "service/words.h"

typedef struct string {
    char *bytes;
    size_t length;
} string;

/* border[i]: how long the longest proper prefix of the pattern's first i + 1 bytes is that is also
 * their end. */
static size_t *make_borders(string pattern)
{
    size_t *border = calloc(pattern.length + 1, sizeof *border), length = 0;
    for (size_t i = 1; border && i < pattern.length; i++) {
        while (length > 0 && pattern.bytes[i] != pattern.bytes[length])
            length = border[length - 1];
        length += pattern.bytes[i] == pattern.bytes[length];
        border[i] = length;
    }
    return border;
}

/* Writes where the pattern stands, separated by semicolons. */
static void write_places(FILE *out, string text, string pattern, const size_t *border)
{
    size_t matched = 0;
    const char *separator = "";
    for (size_t i = 0; i < text.length; i++) {
        while (matched > 0 &&
               (matched == pattern.length || text.bytes[i] != pattern.bytes[matched]))
            matched = border[matched - 1];
        matched += text.bytes[i] == pattern.bytes[matched];
        if (matched == pattern.length) {
            fprintf(out, "%s%zu", separator, i + 1 - matched);
            separator = ";";
        }
    }
    if (!*separator)
        fputs("-1", out);
}

static int search(xylem_work *work, string text, string pattern)
{
    char *places = NULL;
    size_t size = 0, *border = make_borders(pattern);
    FILE *out = border ? open_memstream(&places, &size) : NULL;
    if (out)
        write_places(out, text, pattern, border);
    bool written = out && fclose(out) == 0;
    int status = written ? xylem_work_reply(work, places, size) : XYLEM_NO_MEMORY;
    free(places);
    free(border);
    return status;
}

static int search_words(xylem_work *work, xy_word text, xy_word pattern)
{
    string whole, part;
    whole.bytes = xy_word_copy(text, &whole.length);
    part.bytes = xy_word_copy(pattern, &part.length);
    int status = whole.bytes && part.bytes ? search(work, whole, part) : XYLEM_NO_MEMORY;
    free(whole.bytes);
    free(part.bytes);
    return status;
}

static int exec(void *state, xylem_work *work)
{
    const char *words = xylem_work_text(work, NULL);
    xy_word text, pattern;
    (void)state;
    if (!xy_word_take(&words, &text) || !xy_word_take(&words, &pattern) || !xy_words_over(words) ||
        pattern.length == 0)
        return XYLEM_BAD_SUBCOMMAND;
    return search_words(work, text, pattern);
}

const xylem_service xy_find = {"find", NULL, exec, NULL, true};
