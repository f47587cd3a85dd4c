/* outcomes: how a request to many has ended: for each answer who has given it, as bytes.
 *
 *     a number of outcomes; for each: twice the status, and one more if the text is combined, the
 *     size of the text, the text and a NUL, a number of ids, and the ids in ascending order, each
 * as the difference from the one before
 *
 * All numbers are varints.
 */
#ifndef XY_OUTCOMES_H
#define XY_OUTCOMES_H

#include "core/buffer.h"

typedef struct xy_outcome {
    int status;    /* enum xylem_error */
    bool combined; /* the text is made of the answers of all of them */
    const uint8_t *text;
    size_t size;
    size_t count; /* of ids that are left to be read */
    int64_t id;   /* the one that was read last */
} xy_outcome;

/* Outcomes that are being read; it is lent the bytes, which were written here or are valid. */
typedef struct xy_outcomes {
    const uint8_t *at, *end;
    size_t count; /* that are left */
} xy_outcomes;

/* Whether bytes that come from elsewhere are outcomes: only such may be read. */
bool xy_outcomes_valid(const void *bytes, size_t size);

xy_outcomes xy_outcomes_read(const void *bytes, size_t size);

/* The next outcome, then its ids, one after the other; false: there is none. */
bool xy_outcomes_next(xy_outcomes *outcomes, xy_outcome *outcome);
bool xy_outcomes_id(xy_outcomes *outcomes, xy_outcome *outcome);

/* Writing: how many there are; then each with its ids, which are in ascending order. False, when
 * there is no memory. */
bool xy_outcomes_begin(xy_buffer *bytes, size_t count);
bool xy_outcomes_add(xy_buffer *bytes, const xy_outcome *outcome, const int64_t *ids);

#endif
