/* raw_chain: the floor in the process world: a chain of processes, each with a ROUTER, which pass
 * frames on over ipc or tcp, the latter encrypted as xylem does it.
 */
#ifndef BENCH_RAW_CHAIN_H
#define BENCH_RAW_CHAIN_H

#include "bench/bench.h"

struct raw_chain;

/* Begins processes 1 to `length`; only before this process has a ZeroMQ context. */
struct raw_chain *raw_chain_open(size_t length, enum xylem_transport transport);
void raw_chain_close(struct raw_chain *chain);

/* A frame to the end of the chain, and back. */
void raw_chain_trip(struct raw_chain *chain);

#endif
