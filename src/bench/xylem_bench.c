/* The program: xylem-bench. */
#include <argp.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/must.h"
#include "bench/trial.h"
#include "program/stream.h"

enum { OPTION_ONLY = 256, OPTION_REPEAT, OPTION_QUICK, OPTION_JSON, OPTION_LIST, REPEAT_MAX = 100 };

struct options {
    const char *only;
    size_t repeat;
    bool quick, json, list;
};

struct result {
    struct spread ours, floor;
    double ratio; /* of the medians; without a floor, the figure itself */
};

/* Options. */

static const struct argp_option known[] = {
    {"only", OPTION_ONLY, "NAME", 0, "measure only what has this NAME; wildcards as in 'hop/*'", 0},
    {"repeat", OPTION_REPEAT, "N", 0, "measure each N times (default 5)", 0},
    {"quick", OPTION_QUICK, NULL, 0, "measure each once, without those that take long", 0},
    {"json", OPTION_JSON, NULL, 0, "one JSON object a line instead of a table", 0},
    {"list", OPTION_LIST, NULL, 0, "list what can be measured", 0},
    {0}};

static error_t parse(int key, char *text, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case OPTION_ONLY:
        options->only = text;
        return 0;
    case OPTION_REPEAT:
        options->repeat = strtoul(text, NULL, 10);
        if (options->repeat < 1 || options->repeat > REPEAT_MAX)
            argp_error(state, "--repeat takes a number from 1 to 100, not '%s'", text);
        return 0;
    case OPTION_QUICK:
        options->quick = true;
        options->repeat = 1;
        return 0;
    case OPTION_JSON:
        options->json = true;
        return 0;
    case OPTION_LIST:
        options->list = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const char *argp_program_version = "xylem-bench " XYLEM_VERSION;

static bool is_wanted(const struct options *options, const struct benchmark *benchmark)
{
    return (benchmark->quick || !options->quick) &&
           (!options->only || fnmatch(options->only, benchmark->name, 0) == 0);
}

/* Measuring. */

/* First the one, then the other, and again: what the machine does meanwhile hits both. */
static bool run(const struct benchmark *benchmark, size_t repeat, struct result *result)
{
    double ours[REPEAT_MAX], floor[REPEAT_MAX];
    for (size_t i = 0; i < repeat; i++) {
        ours[i] = trial_run(benchmark->xylem, &benchmark->setting, benchmark->pinned);
        floor[i] = benchmark->floor
                       ? trial_run(benchmark->floor, &benchmark->setting, benchmark->pinned)
                       : 1;
        if (ours[i] < 0 || floor[i] < 0)
            return false;
    }
    result->ours = spread_of(ours, repeat);
    result->floor = spread_of(floor, repeat);
    result->ratio = result->ours.median / result->floor.median;
    return true;
}

/* Showing. */

static bool is_reached(const struct benchmark *benchmark, const struct result *result)
{
    double value = benchmark->figure ? result->ours.median : result->ratio;
    return benchmark->more ? value >= benchmark->reach : value <= benchmark->reach;
}

static void show_spread(const struct spread *spread, char text[64])
{
    snprintf(text, 64, "%.4g (%.4g-%.4g)", spread->median, spread->least, spread->most);
}

static void show_row(const struct benchmark *benchmark, const struct result *result)
{
    char ours[64], floor[64] = "-", ratio[32] = "-";
    show_spread(&result->ours, ours);
    if (benchmark->floor) {
        show_spread(&result->floor, floor);
        snprintf(ratio, sizeof ratio, "%.2f", result->ratio);
    }
    printf("%-14s %-54s %-11s %-22s %-22s %5s %8.4g %s\n", benchmark->name, benchmark->what,
           benchmark->unit, ours, floor, ratio, benchmark->reach,
           is_reached(benchmark, result) ? "yes" : "no");
}

static void show_json_spread(const char *name, const struct spread *spread)
{
    printf("\"%s\": {\"median\": %.6g, \"min\": %.6g, \"max\": %.6g}, ", name, spread->median,
           spread->least, spread->most);
}

static void show_json(const struct benchmark *benchmark, const struct result *result)
{
    printf("{\"name\": \"%s\", \"what\": \"%s\", \"unit\": \"%s\", ", benchmark->name,
           benchmark->what, benchmark->unit);
    show_json_spread("xylem", &result->ours);
    if (benchmark->floor) {
        show_json_spread("floor", &result->floor);
        printf("\"ratio\": %.4g, ", result->ratio);
    }
    printf("\"reach\": %.4g, \"reached\": %s}\n", benchmark->reach,
           is_reached(benchmark, result) ? "true" : "false");
}

/* False when it could not be measured. */
static bool measure_and_show(const struct options *options, const struct benchmark *benchmark)
{
    struct result result;
    if (!run(benchmark, options->repeat, &result)) {
        fprintf(stderr,
                "xylem-bench: cannot measure %s: its process failed or took more than 120 s\n",
                benchmark->name);
        return false;
    }
    if (options->json)
        show_json(benchmark, &result);
    else
        show_row(benchmark, &result);
    stream_check(stdout, "its output");
    return true;
}

int main(int argc, char **argv)
{
    static const struct argp parser = {
        known,
        parse,
        NULL,
        "Measures xylem, and beside each figure its floor: the least code that does the same.\v"
        "A figure is a median, with the minimum and the maximum in parentheses. The ratio is that "
        "of the medians; then come the ratio or figure that is wanted, and whether it is reached.",
        NULL,
        NULL,
        NULL};
    struct options options = {.repeat = 5};
    size_t measured = 0, failed = 0;
    expect(xylem_register(&swallow_service), "register");
    expect(xylem_register(&adder_service), "register");
    xylem_worker(argc, argv);
    spawned_floor(argc, argv);
    stream_check_output();
    argp_err_exit_status = 2;
    argp_parse(&parser, argc, argv, 0, NULL, &options);
    if (!options.json && !options.list)
        printf("%-14s %-54s %-11s %-22s %-22s %5s %8s %s\n", "name", "what", "unit", "xylem",
               "floor", "ratio", "wanted", "reached");
    for (size_t i = 0; i < benchmark_count; i++) {
        if (!is_wanted(&options, &benchmarks[i]))
            continue;
        measured++;
        if (options.list)
            printf("%-14s %s\n", benchmarks[i].name, benchmarks[i].what);
        else
            failed += !measure_and_show(&options, &benchmarks[i]);
    }
    if (measured == 0)
        fprintf(stderr, "xylem-bench: no measurement has the name '%s': see --list\n",
                options.only);
    return measured > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
