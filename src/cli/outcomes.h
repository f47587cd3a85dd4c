/* What has become of a command at each node of a set, and which of them say the same. */
#ifndef CLI_OUTCOMES_H
#define CLI_OUTCOMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xylem.h"

struct outcome {
    int64_t id;
    int status;           /* of enum xylem_error */
    const char *text;     /* the answer, or more about the error; or "" */
    xylem_future *future; /* it belongs to the outcome, and the text to it; or NULL */
    char *kept;           /* a text that belongs to the outcome itself; or NULL */
    bool combined;        /* the text is made of the answers of all in its group */
    bool present;         /* remove: there was such a node */
    bool waits;           /* create: it has not begun yet */
};

/* Outcomes that say the same: `count` of them from `first` on, in ascending order of id. */
struct outcome_group {
    const struct outcome *first;
    size_t count;
};

struct outcomes {
    struct outcome *all;
    size_t count;
    bool answers;       /* the texts of those without an error are worth showing */
    xylem_future *cast; /* it belongs to the outcomes, and the texts to it; or NULL */

    /* Once they are grouped: those with an error first, then by the lowest id. */
    struct outcome_group *groups;
    size_t groups_count;
};

/* Room for as many outcomes as there are ids (NULL: they come later): XYLEM_OK, "" each. False:
 * there is no memory. */
bool outcomes_begin(struct outcomes *outcomes, const int64_t *ids, size_t count);

/* Gives one its status, and a copy of a text; without memory there is no text. */
void outcome_set(struct outcome *outcome, int status, const char *text);

/* Puts those that say the same together. False: there is no memory. */
bool outcomes_group(struct outcomes *outcomes);

/* Whether one of them is an error. */
bool outcomes_have_failed(const struct outcomes *outcomes);

/* The ids from here on that follow one another, at most `count`. */
size_t outcomes_run(const struct outcome *first, size_t count);

void outcomes_clear(struct outcomes *outcomes);

#endif
