/* trial: one measurement in a process of its own, so that none disturbs another. */
#ifndef BENCH_TRIAL_H
#define BENCH_TRIAL_H

#include "bench/bench.h"

/* What a measure says; less than 0 when it could not, crashed or took more than two minutes. */
double trial_run(measure *one, const struct setting *setting, bool pinned);

/* What several of them have said. */
struct spread {
    double median, least, most;
};

/* `values` are put into order. */
struct spread spread_of(double *values, size_t count);

#endif
