/* clock: what time it is, and what it has cost. */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

/* Seconds, from an arbitrary start. */
double clock_now(void);

/* Seconds of processor time of this process, its children that have ended excluded. */
double clock_used(void);

#endif
