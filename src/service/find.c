/* find: TEXT PATTERN: all places of a pattern in a text, also those that overlap, in time linear in
 * their length (the algorithm of Knuth, Morris and Pratt). */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/service.h"
#include "service/word.h"

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
    assert(pattern.length > 0);
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

static int refuse(xylem_work *work)
{
    return xy_service_refuse(work, &xy_find, "TEXT PATTERN");
}

static int exec(void *state, xylem_work *work)
{
    const char *words = xylem_work_text(work, NULL);
    xy_word text, pattern;
    (void)state;
    if (!xy_word_take(&words, &text) || !xy_word_take(&words, &pattern) || !xy_words_over(words) ||
        pattern.length == 0)
        return refuse(work);
    return search_words(work, text, pattern);
}

/* Combining: all places of both, each once, in ascending order. */

/* The next place; false at the end. -1 is none. */
static bool take_place(const char **at, const char *end, int64_t *place)
{
    const char *separator = *at < end ? memchr(*at, ';', (size_t)(end - *at)) : NULL;
    const char *behind = separator ? separator : end;
    xy_word word = {*at, (size_t)(behind - *at), false};
    bool taken = *at < end && xy_word_number(word, place);
    *at = separator ? separator + 1 : end;
    return taken;
}

static void merge_places(FILE *out, const char *a, const char *a_end, const char *b,
                         const char *b_end)
{
    int64_t one, other, latest = -1;
    bool more_a = take_place(&a, a_end, &one), more_b = take_place(&b, b_end, &other);
    while (more_a || more_b) {
        bool first = more_a && (!more_b || one <= other);
        int64_t place = first ? one : other;
        if (place > latest)
            fprintf(out, "%s%" PRId64, latest < 0 ? "" : ";", place);
        latest = place > latest ? place : latest;
        if (first)
            more_a = take_place(&a, a_end, &one);
        else
            more_b = take_place(&b, b_end, &other);
    }
    if (latest < 0)
        fputs("-1", out);
}

static int combine(const char *a, size_t a_size, const char *b, size_t b_size, xylem_work *work)
{
    char *places = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&places, &size);
    if (out)
        merge_places(out, a, a + a_size, b, b + b_size);
    bool written = out && fclose(out) == 0;
    int status = written ? xylem_work_reply(work, places, size) : XYLEM_NO_MEMORY;
    free(places);
    return status;
}

const xylem_service xy_find = XYLEM_SERVICE(.name = "find", .exec = exec, .takes_long = true,
                                            .combine = combine, .quick_size = XY_QUICK_SIZE);
