/* window: which numbers have come, of numbers that are given out in turn from 1 and may come late
 * or more than once: the last 1024 of them. The same method finds replayed packets: RFC
 * 4303, 3.4.3.
 */
#ifndef XY_WINDOW_H
#define XY_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#define XY_WINDOW_SIZE 1024

/* All zero: none has come. */
typedef struct xy_window {
    uint64_t highest;
    uint64_t bits[XY_WINDOW_SIZE / 64]; /* by number modulo the size */
} xy_window;

/* A number has come; false: it had come before, it is 0, or it is older than the window. */
bool xy_window_take(xy_window *window, uint64_t number);

#endif
