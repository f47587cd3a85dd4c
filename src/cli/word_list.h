/* Lists of words in a string, with one blank between two words. */
#ifndef CLI_WORD_LIST_H
#define CLI_WORD_LIST_H

#include <stdbool.h>

#include "cli/words.h"

/* Takes the next word off a list; false after the last one. NULL is an empty list. */
bool word_list_take(const char **list, struct span *word);

bool word_list_has(const char *list, struct span word);

#endif
