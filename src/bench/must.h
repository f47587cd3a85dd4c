/* must: a measurement that cannot go on says why, and ends. */
#ifndef BENCH_MUST_H
#define BENCH_MUST_H

#include <stdbool.h>
#include <zmq.h>

#include "xylem.h"

_Noreturn void give_up(const char *what, const char *why);

/* What the system or libzmq was asked for, with errno. */
static inline void must(bool condition, const char *what)
{
    if (!condition)
        give_up(what, zmq_strerror(zmq_errno()));
}

/* What xylem was asked for. */
static inline void expect(int error, const char *what)
{
    if (error)
        give_up(what, xylem_strerror(error));
}

#endif
