/* outcome_list: how a request to many has ended, as programs and services read it. */
#ifndef XY_OUTCOME_LIST_H
#define XY_OUTCOME_LIST_H

#include <stdint.h>

#include "xylem.h"

typedef struct xy_outcome_list {
    uint8_t *bytes; /* of core, with the texts */
    size_t count;
    xylem_outcome *all;
    const xylem_outcome **list;
    int64_t *ids; /* of all */
} xy_outcome_list;

/* Makes a report of the bytes of outcomes, which belong to it then. NULL, and they do not: there is
 * no memory. */
xy_outcome_list *xy_outcome_list_new(uint8_t *bytes, size_t size);
void xy_outcome_list_free(xy_outcome_list *report);

#endif
