/* detector: when silence means death.
 *
 * A node that reports every T is given up after 4T plus a margin without a word: at exactly 4T
 * three late heartbeats would be enough for a false alarm. A parent looks at least every T, and
 * forgives its own lateness: a node that was itself held up gives that much more time.
 */
#ifndef XY_DETECTOR_H
#define XY_DETECTOR_H

#include <stdint.h>

/* All zero is a detector that is off. */
typedef struct xy_detector {
    int64_t interval_ms; /* T; 0: off */
    int64_t look_ms;     /* when the next look is due */
} xy_detector;

/* The margin that is given on top of 4T: T/2, and 20 ms at least. */
int64_t xy_detector_margin_ms(int64_t interval_ms);

/* From now on a node reports every `interval_ms`; 0 turns the detector off. */
void xy_detector_set_interval(xy_detector *detector, int64_t interval_ms, int64_t now_ms);

/* Begins to watch: the first look is due one interval from now. */
void xy_detector_begin(xy_detector *detector, int64_t now_ms);

/* When a node that was heard from just now is to be given up; XY_NEVER when off. */
int64_t xy_detector_expiry(const xy_detector *detector, int64_t now_ms);

/* A look: returns how much longer nodes are to be waited for because it comes late, 0 as long as
 * the margin covers it. */
int64_t xy_detector_look(xy_detector *detector, int64_t now_ms);

/* When the next look is due; XY_NEVER when off. */
int64_t xy_detector_deadline(const xy_detector *detector);

#endif
