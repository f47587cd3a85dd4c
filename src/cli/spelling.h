/* Suggestions for a word that is not the name of a command. */
#ifndef CLI_SPELLING_H
#define CLI_SPELLING_H

#include "cli/words.h"

/* The name of the command that is nearest to a word, or that does what the word does in other
 * programs; NULL if no command is near. */
const char *spelling_nearest(struct span word);

#endif
