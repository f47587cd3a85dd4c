/* raw_cast: the floor of casts: a tree of threads or processes with a ROUTER each. What comes from
 * above is passed on once to each child; each adds up the numbers of the text, and to that what its
 * children answer. They end with the process of the measurement.
 */
#ifndef BENCH_RAW_CAST_H
#define BENCH_RAW_CAST_H

#include "bench/bench.h"

struct raw_cast;

/* `setting` says how many, of which topology, where, and how large a text is. Only before this
 * process has a ZeroMQ context. */
struct raw_cast *raw_cast_open(const struct setting *setting);

/* The text to all of them; the sum of all answers. */
long long raw_cast_ask(struct raw_cast *tree, const char *text);

#endif
