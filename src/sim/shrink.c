#include "sim/shrink.h"

#include <string.h>

#include "sim/run.h"

struct search {
    uint64_t seed;
    struct limits best;
    struct verdict verdict;
};

/* Keeps smaller limits if the run still fails, and ends it where it failed. */
static bool attempt(struct search *search, struct limits smaller)
{
    struct verdict verdict = run_seed(search->seed, &smaller, NULL);
    if (!verdict.broken || strcmp(verdict.broken, search->verdict.broken) != 0)
        return false;
    search->best = smaller;
    search->verdict = verdict;
    return true;
}

static void leave_out_each(struct search *search)
{
    for (unsigned i = 0; i < FAULTS; i++) {
        struct limits without = search->best;
        without.without_faults |= 1u << i;
        attempt(search, without);
    }
    for (unsigned i = 0; i < COMMANDS; i++) {
        struct limits without = search->best;
        without.without_commands |= 1u << i;
        attempt(search, without);
    }
}

/* Another time to end at may make another run of it, so it has to be tried. */
static void shorten(struct search *search)
{
    struct limits shorter = search->best;
    shorter.duration_us = search->verdict.at_us + 1;
    if (shorter.duration_us < search->best.duration_us)
        attempt(search, shorter);
}

/* Fewer nodes make another run altogether, which often fails too. */
static void thin_out(struct search *search)
{
    for (int64_t nodes = 1; nodes < search->best.nodes; nodes = nodes * 3 / 2 + 1) {
        struct limits fewer = search->best;
        fewer.nodes = nodes;
        if (attempt(search, fewer))
            return;
    }
}

struct limits shrink(uint64_t seed, const struct limits *limits, struct verdict *verdict)
{
    struct search search = {seed, *limits, *verdict};
    shorten(&search);
    thin_out(&search);
    leave_out_each(&search);
    shorten(&search);
    *verdict = search.verdict;
    return search.best;
}
