#include "sim/sim_options.h"

#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xylem.h"

enum {
    OPTION_SEEDS = 256,
    OPTION_TOPOLOGY,
    OPTION_REPAIR,
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
    {"topology", OPTION_TOPOLOGY, "NAME", 0,
     "the shape of the network: bst, avl, balanced, list or tree; any: drawn from the seed "
     "(default)",
     0},
    {"repair", OPTION_REPAIR, "HOW", 0,
     "what becomes of those below a node that fails: none, adopt or restart; any: drawn from the "
     "seed (default)",
     0},
    {"nodes", OPTION_NODES, "N", 0, "the most nodes that a network may have (default 31)", 0},
    {"minutes", OPTION_MINUTES, "M", 0, "how long a run takes, in virtual minutes (default 10)", 0},
    {"without", OPTION_WITHOUT, "LIST", 0, "leave out these faults and commands", 0},
    {"trace", OPTION_TRACE, "FILE", 0, "write every event to FILE, one JSON object a line", 0},
    {"shrink", OPTION_SHRINK, NULL, 0, "search for a smaller run that still fails", 0},
    {"stop", OPTION_STOP, NULL, 0, "stop at the first seed that fails", 0},
    {"file", OPTION_FILE, "FILE", 0, "each line of FILE gives the options of a run", 0},
    {0}};

#define IN_LIST(name, text) " " text
static const char description[] =
    "Runs networks under random commands and random faults, in virtual time, and checks the "
    "invariants after each event. The same seed gives the same run."
    "\vLIST is a list of names, separated by commas. Faults:" TIMED_FAULTS(IN_LIST)
        START_FAULTS(IN_LIST) ". Commands:" WORKLOAD(
            IN_LIST) ".\n\n"
                     "Exit status: 0 every run passed; 1 a run failed (the output has the command "
                     "that repeats it), or the output could not be written; 2 wrong usage.";

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
    unsigned command = find_name(command_names, COMMANDS, name, length);
    if (fault < FAULTS)
        limits->without_faults |= 1u << fault;
    else if (command < COMMANDS)
        limits->without_commands |= 1u << command;
    return fault < FAULTS || command < COMMANDS;
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

static bool read_topology(struct limits *limits, const char *text)
{
    unsigned shape = find_name(shape_names, SHAPES, text, strlen(text));
    limits->shape = (enum shape)shape;
    return shape < SHAPES || strcmp(text, "any") == 0;
}

static bool read_repair(struct limits *limits, const char *text)
{
    unsigned repair = find_name(repair_names, REPAIRS, text, strlen(text));
    limits->repair = (int)repair;
    return repair < REPAIRS || strcmp(text, "any") == 0;
}

static bool read_option(struct options *options, int key, char *text)
{
    switch (key) {
    case OPTION_SEEDS:
        return read_seeds(options, text);
    case OPTION_TOPOLOGY:
        return read_topology(&options->limits, text);
    case OPTION_REPAIR:
        return read_repair(&options->limits, text);
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
                                        "--topology takes bst, avl, balanced, list, tree or any",
                                        "--repair takes none, adopt, restart or any",
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
        .first = 1,
        .last = 100,
        .limits = {.shape = SHAPES, .repair = REPAIRS, .nodes = 31, .duration_us = 600000000}};
    argp_err_exit_status = 2;
    argp_parse(&parser, argc, argv, 0, NULL, result);
}

void options_write(const struct limits *limits, char text[OPTIONS_TEXT_SIZE])
{
    bool shaped = limits->shape < SHAPES, repaired = limits->repair < REPAIRS;
    int used = snprintf(text, OPTIONS_TEXT_SIZE, "%s%s%s%s --nodes %" PRId64 " --minutes %.9g",
                        shaped ? " --topology " : "", shaped ? shape_names[limits->shape] : "",
                        repaired ? " --repair " : "", repaired ? repair_names[limits->repair] : "",
                        limits->nodes, (double)limits->duration_us / 60e6);
    const char *before = " --without ";
    for (unsigned i = 0; i < FAULTS + COMMANDS; i++) {
        bool command = i >= FAULTS;
        unsigned set =
            command ? limits->without_commands >> (i - FAULTS) : limits->without_faults >> i;
        if (set & 1u)
            used += snprintf(text + used, (size_t)(OPTIONS_TEXT_SIZE - used), "%s%s", before,
                             command ? command_names[i - FAULTS] : fault_names[i]);
        if (set & 1u)
            before = ",";
    }
}
