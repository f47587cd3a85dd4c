/* The program: xylem-sim. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "program/stream.h"
#include "sim/run.h"
#include "sim/shrink.h"
#include "sim/sim_options.h"
#include "xylem.h"

struct totals {
    uint64_t runs, failures, events, hash;
    int64_t node_us;
    uint64_t faults[FAULTS], turns[TURNS_COUNT];
};

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void add(struct totals *totals, const struct verdict *verdict)
{
    totals->runs++;
    totals->events += verdict->events;
    totals->node_us += verdict->node_us;
    totals->failures += verdict->broken != NULL;
    totals->hash = (totals->hash ^ verdict->hash) * 0x100000001b3;
    for (int i = 0; i < FAULTS; i++)
        totals->faults[i] += verdict->faults[i];
    for (int i = 0; i < TURNS_COUNT; i++)
        totals->turns[i] += verdict->turns[i];
}

static void report_failure(uint64_t seed, const struct limits *limits,
                           const struct verdict *verdict)
{
    char text[OPTIONS_TEXT_SIZE];
    options_write(limits, text);
    printf("seed %" PRIu64 ", version " XYLEM_VERSION ", after %.6f s: %s: %s\n", seed,
           (double)verdict->at_us / 1e6, verdict->broken, verdict->text);
    printf("replay: xylem-sim --seeds %" PRIu64 "%s\n", seed, text);
    stream_check(stdout, "its output");
}

/* The run that is reported is the one that is traced and counted: a smaller one, if there is one.
 */
static void run_one(const struct options *options, uint64_t seed, FILE *trace,
                    struct totals *totals)
{
    struct limits limits = options->limits;
    struct verdict verdict = run_seed(seed, &limits, options->shrink ? NULL : trace);
    if (verdict.broken && options->shrink)
        limits = shrink(seed, &limits, &verdict);
    if (options->shrink && trace)
        verdict = run_seed(seed, &limits, trace);
    add(totals, &verdict);
    if (verdict.broken)
        report_failure(seed, &limits, &verdict);
}

static void run_all(const struct options *options, FILE *trace, struct totals *totals)
{
    for (uint64_t seed = options->first; seed <= options->last; seed++) {
        run_one(options, seed, trace, totals);
        if (trace)
            stream_check(trace, "the trace");
        if (options->stop && totals->failures > 0)
            return;
    }
}

static void list(const char *const *names, const uint64_t *counts, int count)
{
    for (int i = 0; i < count; i++)
        printf(" %s %" PRIu64 "%s", names[i], counts[i], i < count - 1 ? "," : ";");
}

static void report(const struct totals *totals, double seconds)
{
    printf("%" PRIu64 " seeds, %.1f node-hours, %" PRIu64 " events; faults:", totals->runs,
           (double)totals->node_us / 3600e6, totals->events);
    list(fault_names, totals->faults, FAULTS);
    printf(" moves:");
    list(turn_names, totals->turns, TURNS_COUNT);
    printf(" hash %016" PRIx64 "; %.1f s, %.2f million events a second; %" PRIu64 " failures\n",
           totals->hash, seconds, (double)totals->events / seconds / 1e6, totals->failures);
}

/* Files. */

static FILE *open_file(const char *path, const char *mode)
{
    FILE *file = fopen(path, mode);
    if (!file) {
        fprintf(stderr, "xylem-sim: cannot open '%s': %s\n", path, strerror(errno));
        exit(2);
    }
    return file;
}

/* A line is options, and after a # whatever is to be said. */
static void run_line(char *line, FILE *trace, struct totals *totals)
{
    enum { WORDS = 16 };
    static char name[] = "xylem-sim";
    char *words[WORDS + 1] = {name}, *rest;
    int count = 1;
    line[strcspn(line, "#\n")] = '\0';
    for (char *word = strtok_r(line, " \t", &rest); word && count < WORDS;
         word = strtok_r(NULL, " \t", &rest))
        words[count++] = word;
    if (count == 1)
        return;
    struct options options;
    options_read(&options, count, words);
    run_all(&options, trace, totals);
}

static void run_file(const char *path, FILE *trace, struct totals *totals)
{
    FILE *file = open_file(path, "r");
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, file) > 0)
        run_line(line, trace, totals);
    free(line);
    fclose(file);
}

int main(int argc, char **argv)
{
    struct options options;
    struct totals totals = {.runs = 0};
    stream_check_output();
    options_read(&options, argc, argv);
    FILE *trace = options.trace ? open_file(options.trace, "w") : NULL;
    double before_s = now_s();
    if (options.file)
        run_file(options.file, trace, &totals);
    else
        run_all(&options, trace, &totals);
    if (trace && fclose(trace) != 0) {
        perror("xylem-sim: cannot write the trace");
        return EXIT_FAILURE;
    }
    report(&totals, now_s() - before_s);
    return totals.failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
