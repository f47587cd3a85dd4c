#include "cli/options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/number.h"

/* Options that have no short form. */
enum {
    OPTION_PROCESS = 256,
    OPTION_TRANSPORT,
    OPTION_SIMULATE,
    OPTION_SEED,
    OPTION_TOPOLOGY,
    OPTION_HEARTBEAT,
    OPTION_TIMEOUT,
    OPTION_JOB_TIMEOUT,
    OPTION_SERVICE,
    OPTION_OUTPUT,
    OPTION_STOP_ON_ERROR,
    OPTION_LOG,
    OPTION_HELP,
    OPTION_VERSION
};

static const struct option long_options[] = {
    {"process", no_argument, NULL, OPTION_PROCESS},
    {"transport", required_argument, NULL, OPTION_TRANSPORT},
    {"simulate", no_argument, NULL, OPTION_SIMULATE},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"topology", required_argument, NULL, OPTION_TOPOLOGY},
    {"heartbeat", required_argument, NULL, OPTION_HEARTBEAT},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"job-timeout", required_argument, NULL, OPTION_JOB_TIMEOUT},
    {"service", required_argument, NULL, OPTION_SERVICE},
    {"output", required_argument, NULL, OPTION_OUTPUT},
    {"stop-on-error", no_argument, NULL, OPTION_STOP_ON_ERROR},
    {"log", required_argument, NULL, OPTION_LOG},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

static const char help_text[] =
    "Usage: xylem [OPTION]... [-f FILE | -c 'COMMAND; COMMAND']\n"
    "Runs a network of nodes in the shape of a tree. Commands come from standard input, unless\n"
    "-f or -c says otherwise; the command `help` lists them.\n"
    "\n"
    "  -f FILE                take the commands from FILE\n"
    "  -c TEXT                take the commands from TEXT\n"
    "      --process          each node is a worker process; without it, a thread\n"
    "      --transport ipc|tcp\n"
    "                         what the workers speak, with --process (default ipc)\n"
    "      --simulate         each node is simulated, in virtual time\n"
    "      --seed N           what the simulation draws its delays from (default 1)\n"
    "      --topology bst     the shape of the tree: a sorted binary tree\n"
    "      --heartbeat MS     start with this heartbeat interval (default 0: none)\n"
    "      --timeout MS       how long a command may wait for its node (default 5000)\n"
    "      --job-timeout MS   how long a job may take (default 3600000)\n"
    "      --service NAME     what a node does if `create` says nothing else: timer (default),\n"
    "                         sum, dict, find or sleep\n"
    "      --output text|json how replies are written; json: an object in each line\n"
    "      --stop-on-error    stop at the first reply that is an error\n"
    "      --log error|warning|info|debug\n"
    "                         what goes to standard error (default warning)\n"
    "      --help             show this help\n"
    "      --version          show the version\n"
    "\n"
    "Exit status: 0 every command succeeded; 1 some reply was an error; 2 wrong usage;\n"
    "3 the network could not be started; 130 interrupted.\n";

/* What the options say that struct options does not keep. */
struct reading {
    struct options *options;
    bool transport_given, seed_given;
};

__attribute__((format(printf, 1, 2))) static enum options_result wrong(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("xylem: ", stderr);
    vfprintf(stderr, format, arguments);
    fputs("; try 'xylem --help'\n", stderr);
    va_end(arguments);
    return OPTIONS_WRONG;
}

static enum options_result answer(const char *text)
{
    if (fputs(text, stdout) != EOF && fflush(stdout) != EOF)
        return OPTIONS_ANSWERED;
    perror("xylem: cannot write to standard output");
    return OPTIONS_UNANSWERED;
}

/* The place of a word in a list that ends with NULL; -1 when it is not there. */
static int find_word(const char *const *words, const char *word)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return -1;
}

static enum options_result read_ms(const char *name, const char *word, int64_t least, int64_t *ms)
{
    if (number_read(word, strlen(word), NUMBER_MS_MAX, ms) && *ms >= least)
        return OPTIONS_RUN;
    return wrong("--%s takes a number of milliseconds from %d to %d, not '%s'", name, (int)least,
                 NUMBER_MS_MAX, word);
}

static enum options_result read_transport(struct reading *reading, const char *word)
{
    static const char *const words[] = {[XYLEM_IPC] = "ipc", [XYLEM_TCP] = "tcp", NULL};
    int found = find_word(words, word);
    if (found < 0)
        return wrong("--transport takes ipc or tcp, not '%s'", word);
    reading->options->network.transport = (enum xylem_transport)found;
    reading->transport_given = true;
    return OPTIONS_RUN;
}

/* Two worlds exclude each other. */
static enum options_result choose_world(struct options *options, enum xylem_world world)
{
    if (options->network.world != XYLEM_THREAD && options->network.world != world)
        return wrong("--process and --simulate exclude each other");
    options->network.world = world;
    return OPTIONS_RUN;
}

static enum options_result read_seed(struct reading *reading, const char *word)
{
    int64_t seed;
    if (!number_read(word, strlen(word), INT64_MAX, &seed))
        return wrong("--seed takes a number, not '%s'", word);
    reading->options->network.seed = (uint64_t)seed;
    reading->seed_given = true;
    return OPTIONS_RUN;
}

static enum options_result read_log_level(xylem_options *network, const char *word)
{
    static const char *const words[] = {[XYLEM_LOG_ERROR] = "error",
                                        [XYLEM_LOG_WARNING] = "warning",
                                        [XYLEM_LOG_INFO] = "info",
                                        [XYLEM_LOG_DEBUG] = "debug",
                                        NULL};
    int found = find_word(words, word);
    if (found < 0)
        return wrong("--log takes error, warning, info or debug, not '%s'", word);
    network->log_level = (enum xylem_log_level)found;
    return OPTIONS_RUN;
}

static enum options_result read_topology(const char *word)
{
    if (strcmp(word, "bst") == 0)
        return OPTIONS_RUN;
    return wrong("--topology takes bst, not '%s'", word);
}

static enum options_result read_service(xylem_options *network, const char *word)
{
    network->service = word;
    if (*word && strlen(word) < XYLEM_SERVICE_NAME_SIZE)
        return OPTIONS_RUN;
    return wrong("--service takes the name of a service, not '%s'", word);
}

static enum options_result read_output(struct options *options, const char *word)
{
    static const char *const words[] = {"text", "json", NULL};
    static const struct format *const formats[] = {&format_text, &format_json};
    int found = find_word(words, word);
    if (found < 0)
        return wrong("--output takes text or json, not '%s'", word);
    options->format = formats[found];
    return OPTIONS_RUN;
}

static enum options_result take_commands(struct options *options, const char **place,
                                         const char *word)
{
    if (options->file || options->text)
        return wrong("commands come from one -f or one -c");
    *place = word;
    return OPTIONS_RUN;
}

/* The word with which getopt_long has just stopped. */
static enum options_result wrong_option(int code, char **argv)
{
    const char *fault = code == ':' ? "option needs an argument" : "unknown option";
    if (optopt > 0 && optopt < OPTION_PROCESS)
        return wrong("%s: -%c", fault, optopt);
    return wrong("%s: %s", fault, argv[optind - 1]);
}

static enum options_result read_option(struct reading *reading, int code, char **argv)
{
    struct options *options = reading->options;
    switch (code) {
    case 'f':
        return take_commands(options, &options->file, optarg);
    case 'c':
        return take_commands(options, &options->text, optarg);
    case OPTION_PROCESS:
        return choose_world(options, XYLEM_PROCESS);
    case OPTION_SIMULATE:
        return choose_world(options, XYLEM_SIMULATED);
    case OPTION_SEED:
        return read_seed(reading, optarg);
    case OPTION_TRANSPORT:
        return read_transport(reading, optarg);
    case OPTION_TOPOLOGY:
        return read_topology(optarg);
    case OPTION_HEARTBEAT:
        return read_ms("heartbeat", optarg, 0, &options->network.heartbeat_ms);
    case OPTION_TIMEOUT:
        return read_ms("timeout", optarg, 1, &options->network.timeout_ms);
    case OPTION_JOB_TIMEOUT:
        return read_ms("job-timeout", optarg, 1, &options->network.job_ms);
    case OPTION_SERVICE:
        return read_service(&options->network, optarg);
    case OPTION_OUTPUT:
        return read_output(options, optarg);
    case OPTION_STOP_ON_ERROR:
        options->stop_on_error = true;
        return OPTIONS_RUN;
    case OPTION_LOG:
        return read_log_level(&options->network, optarg);
    case OPTION_HELP:
        return answer(help_text);
    case OPTION_VERSION:
        return answer("xylem " XYLEM_VERSION "\n");
    default:
        return wrong_option(code, argv);
    }
}

enum options_result options_read(struct options *options, int argc, char **argv)
{
    *options = (struct options){.network = XYLEM_OPTIONS, .format = &format_text};
    struct reading reading = {.options = options};
    int code;
    while ((code = getopt_long(argc, argv, ":f:c:", long_options, NULL)) != -1) {
        enum options_result result = read_option(&reading, code, argv);
        if (result != OPTIONS_RUN)
            return result;
    }
    if (optind < argc)
        return wrong("unexpected argument '%s'", argv[optind]);
    if (reading.transport_given && options->network.world != XYLEM_PROCESS)
        return wrong("--transport goes with --process");
    if (reading.seed_given && options->network.world != XYLEM_SIMULATED)
        return wrong("--seed goes with --simulate");
    return OPTIONS_RUN;
}
