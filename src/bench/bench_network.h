/* network: networks of xylem to be measured. Whatever goes wrong ends the measurement. */
#ifndef BENCH_NETWORK_H
#define BENCH_NETWORK_H

#include "bench/bench.h"

xylem *network_open(const struct setting *setting, int64_t heartbeat_ms);

/* The ids 0 to count - 1 in an order that is random, and always the same; the caller frees them. */
int64_t *random_ids(size_t count);

/* Creates these nodes in this order. */
void network_fill(xylem *network, const int64_t *ids, size_t count);

/* Creates a chain: each node below the one before. */
void network_chain(xylem *network, size_t length);

#endif
