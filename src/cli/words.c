#include "cli/words.h"

#include <assert.h>
#include <string.h>

size_t span_length(struct span span)
{
    return (size_t)(span.end - span.at);
}

bool span_is(struct span span, const char *string)
{
    return span_length(span) == strlen(string) && memcmp(span.at, string, strlen(string)) == 0;
}

static bool is_blank(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static bool is_quote(char byte)
{
    return byte == '"' || byte == '\'';
}

/* In double quotes a backslash makes a quote and a backslash literal. */
static bool is_escape(struct span rest, char quote)
{
    return quote == '"' && rest.at[0] == '\\' && rest.at + 1 < rest.end &&
           (rest.at[1] == '"' || rest.at[1] == '\\');
}

/* Takes a quoted text off the rest; false if the quote is not closed. Adds the content to `text`,
 * which may be NULL. */
static bool take_quoted(struct span *rest, struct text *text)
{
    char quote = *rest->at++;
    while (rest->at < rest->end && *rest->at != quote) {
        if (is_escape(*rest, quote))
            rest->at++;
        if (text)
            text_add(text, rest->at, 1);
        rest->at++;
    }
    bool closed = rest->at < rest->end;
    rest->at += closed;
    return closed;
}

/* Walks over a segment. */
static enum segment_end find_end(struct span *rest)
{
    bool in_word = false;
    while (rest->at < rest->end) {
        char byte = *rest->at;
        if (byte == ';')
            return SEGMENT_SEPARATED;
        if (byte == '#' && !in_word)
            return SEGMENT_COMMENTED;
        in_word = !is_blank(byte);
        if (!is_quote(byte))
            rest->at++;
        else if (!take_quoted(rest, NULL))
            return SEGMENT_UNCLOSED;
    }
    return SEGMENT_ENDED;
}

struct segment segment_take(struct span *line)
{
    struct span rest = *line;
    enum segment_end end = find_end(&rest);
    struct segment segment = {{line->at, rest.at}, end};
    line->at = end == SEGMENT_SEPARATED ? rest.at + 1 : line->end;
    return segment;
}

static void skip_blanks(struct span *rest)
{
    while (rest->at < rest->end && is_blank(*rest->at))
        rest->at++;
}

bool segment_is_blank(struct segment segment)
{
    skip_blanks(&segment.text);
    return span_length(segment.text) == 0;
}

/* Takes the bytes before the next blank or quote. */
static void take_plain(struct span *rest, struct text *text)
{
    const char *start = rest->at;
    while (rest->at < rest->end && !is_blank(*rest->at) && !is_quote(*rest->at))
        rest->at++;
    text_add(text, start, (size_t)(rest->at - start));
}

static void take_word(struct span *rest, struct text *text)
{
    while (rest->at < rest->end && !is_blank(*rest->at)) {
        if (is_quote(*rest->at))
            take_quoted(rest, text);
        else
            take_plain(rest, text);
    }
}

enum { WORDS_BEFORE_ARGUMENTS = 2 }; /* `exec ID` */

static bool needs_quotes(struct span word)
{
    bool needed = word.at == word.end || *word.at == '"';
    while (!needed && word.at < word.end)
        needed = is_blank(*word.at++);
    return needed;
}

static void add_quoted(struct text *text, struct span word)
{
    text_add_string(text, "\"");
    for (; word.at < word.end; word.at++) {
        if (*word.at == '"' || *word.at == '\\')
            text_add_string(text, "\\");
        text_add(text, word.at, 1);
    }
    text_add_string(text, "\"");
}

static void add_argument(struct text *text, struct span word)
{
    if (text->length > 0)
        text_add_string(text, " ");
    if (needs_quotes(word))
        add_quoted(text, word);
    else
        text_add(text, word.at, span_length(word));
}

static void add_word(struct words *words, struct span *rest)
{
    bool quoted = is_quote(*rest->at);
    if (words->count > 0)
        text_add_string(&words->text, " ");
    size_t at = words->text.length;
    take_word(rest, &words->text);
    if (words->count < WORDS_FIRST) {
        words->first[words->count].at = at;
        words->first[words->count].end = words->text.length;
        words->first[words->count].quoted = quoted;
    }
    const char *text = text_string(&words->text);
    struct span word = {text + at, text + words->text.length};
    words->ampersand = !quoted && !words->text.failed && span_is(word, "&");
    words->but_last = words->arguments.length;
    if (words->count >= WORDS_BEFORE_ARGUMENTS && !words->text.failed)
        add_argument(&words->arguments, word);
    words->count++;
}

struct words words_split(struct segment segment)
{
    struct words words = {.text = TEXT_EMPTY, .arguments = TEXT_EMPTY};
    struct span rest = segment.text;
    for (skip_blanks(&rest); rest.at < rest.end; skip_blanks(&rest))
        add_word(&words, &rest);
    return words;
}

void words_clear(struct words *words)
{
    text_clear(&words->text);
    text_clear(&words->arguments);
}

struct span words_get(const struct words *words, int index)
{
    assert(index >= 0 && index < WORDS_FIRST);
    const char *text = text_string(&words->text);
    return (struct span){text + words->first[index].at, text + words->first[index].end};
}

struct span words_from(const struct words *words, int index)
{
    assert(index >= 0 && index < WORDS_FIRST);
    const char *text = text_string(&words->text);
    return (struct span){text + words->first[index].at, text + words->text.length};
}
