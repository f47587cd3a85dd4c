/* raw_link: how the processes of a floor find one another: each has a ROUTER that is bound, and is
 * connected to that of its parent, over ipc or tcp, the latter encrypted as xylem does it.
 */
#ifndef BENCH_RAW_LINK_H
#define BENCH_RAW_LINK_H

#include <stdatomic.h>
#include <stddef.h>
#include <sys/types.h>

#include "bench/bench.h"

/* One process, as all of them see it. */
struct raw_link {
    char endpoint[64], public[41], secret[41];
    pid_t pid;
    atomic_bool bound;
};

/* Memory for so many, which processes that begin later share. */
struct raw_link *raw_links(size_t count);

/* Binds the socket of a process; `path` is where ipc has it. */
void raw_link_bind(struct raw_link *own, enum xylem_transport transport, const char *path,
                   void *socket);

/* Connects it to its parent as soon as that is bound. */
void raw_link_connect(const struct raw_link *own, const struct raw_link *parent,
                      enum xylem_transport transport, void *socket);

#endif
