#include "sim/options.h"

#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xylem.h"

enum {
    OPTION_SEEDS = 256,
    OPTION_NODES,
    OPTION_MINUTES,
    OPTION_WITHOUT,
    OPTION_TRACE,
    OPTION_SHRINK,
    OPTION_FILE,
    OPTION_STOP
};

enum { NODES_MAX = 10000, MINUTES_MAX = 100000 };

static const struct argp_option known[] = {
    {"seeds", OPTION_SEEDS, "A..B", 0, "run each of these seeds, or a single one (default 1..100)",
     0},
    {"nodes", OPTION_NODES, "N", 0, "of how many nodes at most (default 31)", 0},
    {"minutes", OPTION_MINUTES, "M", 0, "for how long, in virtual time (default 10)", 0},
    {"without", OPTION_WITHOUT, "LIST", 0, "leave these faults and commands out", 0},
    {"trace", OPTION_TRACE, "FILE", 0, "write all that happens to FILE, one JSON object a line", 0},
    {"shrink", OPTION_SHRINK, NULL, 0, "look for a smaller run that still fails", 0},
    {"stop", OPTION_STOP, NULL, 0, "stop at the first seed that fails", 0},
    {"file", OPTION_FILE, "FILE", 0, "each line of FILE gives the options of a run", 0},
    {0}};

#define IN_LIST(name, text) " " text
static const char description[] =
    "Runs networks under random commands and random faults, in virtual time, and checks after each "
    "event what must hold. The same seed gives the same run."
    "\vLIST has names with commas between them, of faults:" TIMED_FAULTS(IN_LIST)
        START_FAULTS(IN_LIST) "; and of commands:" CHORES_LIST(
            IN_LIST) ".\n\n"
                     "Exit status: 0 everything held; 1 something did not, and the line that says "
                     "so names the "
                     "command that shows it again; 2 wrong usage.";

static bool read_number(const char *text, uint64_t least, uint64_t most, uint64_t *number,
                        char **end)
{
    if (*text < '0' || *text > '9')
        return false;
    *number = strtoull(text, end, 10);
    return *number >= least && *number <= most;
}

static bool read_seeds(struct options *options, const char *text)
{
    char *end;
    if (!read_number(text, 0, UINT64_MAX - 1, &options->first, &end))
        return false;
    options->last = options->first;
    if (strncmp(end, "..", 2) == 0 &&
        !read_number(end + 2, options->first, UINT64_MAX - 1, &options->last, &end))
        return false;
    return *end == '\0';
}

static bool read_nodes(struct limits *limits, const char *text)
{
    char *end;
    uint64_t nodes;
    bool right = read_number(text, 1, NODES_MAX, &nodes, &end) && *end == '\0';
    if (right)
        limits->nodes = (int64_t)nodes;
    return right;
}

static bool read_minutes(struct limits *limits, const char *text)
{
    char *end;
    double minutes = strtod(text, &end);
    bool right = end != text && *end == '\0' && minutes >= 0 && minutes <= MINUTES_MAX;
    if (right)
        limits->duration_us = (int64_t)(minutes * 60e6 + 0.5);
    return right;
}

static unsigned find_name(const char *const *names, unsigned count, const char *name, size_t length)
{
    unsigned i = 0;
    while (i < count && (strncmp(names[i], name, length) != 0 || names[i][length] != '\0'))
        i++;
    return i;
}

static bool leave_out(struct limits *limits, const char *name, size_t length)
{
    unsigned fault = find_name(fault_names, FAULTS, name, length);
    unsigned chore = find_name(chore_names, CHORES, name, length);
    if (fault < FAULTS)
        limits->without_faults |= 1u << fault;
    else if (chore < CHORES)
        limits->without_chores |= 1u << chore;
    return fault < FAULTS || chore < CHORES;
}

static bool read_without(struct limits *limits, const char *list)
{
    for (;;) {
        size_t length = strcspn(list, ",");
        if (!leave_out(limits, list, length))
            return false;
        if (list[length] == '\0')
            return true;
        list += length + 1;
    }
}

static bool read_option(struct options *options, int key, char *text)
{
    switch (key) {
    case OPTION_SEEDS:
        return read_seeds(options, text);
    case OPTION_NODES:
        return read_nodes(&options->limits, text);
    case OPTION_MINUTES:
        return read_minutes(&options->limits, text);
    case OPTION_WITHOUT:
        return read_without(&options->limits, text);
    case OPTION_TRACE:
        options->trace = text;
        return true;
    case OPTION_FILE:
        options->file = text;
        return true;
    case OPTION_SHRINK:
        options->shrink = true;
        return true;
    default:
        options->stop = true;
        return true;
    }
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    static const char *const wants[] = {"--seeds takes a number, or two as in 1..100",
                                        "--nodes takes a number from 1 to 10000",
                                        "--minutes takes a number from 0 to 100000",
                                        "--without takes names of faults and commands"};
    if (key < OPTION_SEEDS || key > OPTION_STOP)
        return ARGP_ERR_UNKNOWN;
    if (!read_option(state->input, key, text))
        argp_error(state, "%s, not '%s'", wants[key - OPTION_SEEDS], text);
    return 0;
}

const char *argp_program_version = "xylem-sim " XYLEM_VERSION;

void options_read(struct options *result, int argc, char **argv)
{
    static const struct argp parser = {known, parse, NULL, description, NULL, NULL, NULL};
    *result = (struct options){
        .first = 1, .last = 100, .limits = {.nodes = 31, .duration_us = 600000000}};
    argp_err_exit_status = 2;
    argp_parse(&parser, argc, argv, 0, NULL, result);
}

void options_write(const struct limits *limits, char text[OPTIONS_TEXT_SIZE])
{
    int used = snprintf(text, OPTIONS_TEXT_SIZE, " --nodes %" PRId64 " --minutes %.9g",
                        limits->nodes, (double)limits->duration_us / 60e6);
    const char *before = " --without ";
    for (unsigned i = 0; i < FAULTS + CHORES; i++) {
        bool chore = i >= FAULTS;
        unsigned set = chore ? limits->without_chores >> (i - FAULTS) : limits->without_faults >> i;
        if (set & 1u)
            used += snprintf(text + used, (size_t)(OPTIONS_TEXT_SIZE - used), "%s%s", before,
                             chore ? chore_names[i - FAULTS] : fault_names[i]);
        if (set & 1u)
            before = ",";
    }
}
