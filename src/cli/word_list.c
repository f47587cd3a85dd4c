#include "cli/word_list.h"

#include <string.h>

bool word_list_take(const char **list, struct span *word)
{
    if (!*list || !**list)
        return false;
    word->at = *list;
    word->end = *list + strcspn(*list, " ");
    *list = *word->end ? word->end + 1 : word->end;
    return true;
}

bool word_list_has(const char *list, struct span word)
{
    struct span other;
    while (word_list_take(&list, &other))
        if (span_length(word) == span_length(other) &&
            memcmp(word.at, other.at, span_length(word)) == 0)
            return true;
    return false;
}
