/* clock: the time of the real worlds. */
#ifndef XY_CLOCK_H
#define XY_CLOCK_H

#include <stdint.h>

/* Milliseconds from an arbitrary start, the same in every process of this machine. */
int64_t xy_clock_now_ms(void);

#endif
