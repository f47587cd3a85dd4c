#include "cli/spelling.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "cli/command_table.h"
#include "cli/word_list.h"

enum {
    LONGEST = 16, /* of words that are near to a command */
    WRONG_IN = 3  /* letters there may be one wrong */
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool is_same(struct span word, struct span other)
{
    return span_length(word) == span_length(other) &&
           strncasecmp(word.at, other.at, span_length(word)) == 0;
}

static bool is_synonym(struct span word, const char *synonyms)
{
    struct span synonym;
    while (word_list_take(&synonyms, &synonym))
        if (is_same(word, synonym))
            return true;
    return false;
}

/* How many letters are wrong, missing, too many, or in the place of their neighbour (the distance
 * of Damerau and Levenshtein, without changes within changes). Both are at most LONGEST long. */
static size_t distance(struct span word, const char *name)
{
    size_t rows[LONGEST + 1][LONGEST + 1];
    size_t height = span_length(word), width = strlen(name);
    assert(height <= LONGEST && width <= LONGEST);
    for (size_t i = 0; i <= height; i++)
        for (size_t j = 0; j <= width; j++) {
            if (i == 0 || j == 0) {
                rows[i][j] = i + j;
                continue;
            }
            char letter = (char)tolower((unsigned char)word.at[i - 1]);
            size_t changed = rows[i - 1][j - 1] + (letter != name[j - 1]);
            rows[i][j] = least(changed, least(rows[i - 1][j], rows[i][j - 1]) + 1);
            if (i > 1 && j > 1 && letter == name[j - 2] &&
                tolower((unsigned char)word.at[i - 2]) == name[j - 1])
                rows[i][j] = least(rows[i][j], rows[i - 2][j - 2] + 1);
        }
    return rows[height][width];
}

static const char *meant_by_synonym(struct span word)
{
    for (const struct command_type *type = command_types; type->name; type++)
        if (is_synonym(word, type->synonyms))
            return type->name;
    return NULL;
}

const char *spelling_nearest(struct span word)
{
    const char *nearest = meant_by_synonym(word);
    size_t length = span_length(word), fewest = LONGEST;
    if (nearest || length > LONGEST)
        return nearest;
    for (const struct command_type *type = command_types; type->name; type++) {
        size_t wrong = distance(word, type->name);
        size_t longer = length > strlen(type->name) ? length : strlen(type->name);
        if (wrong < fewest && WRONG_IN * wrong <= longer) {
            nearest = type->name;
            fewest = wrong;
        }
    }
    return nearest;
}
