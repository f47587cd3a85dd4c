#include "cli/options.h"

#include <errno.h>
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
    OPTION_REPAIR,
    OPTION_RESTART,
    OPTION_RESTARTS,
    OPTION_RESTART_WINDOW,
    OPTION_HEARTBEAT,
    OPTION_TIMEOUT,
    OPTION_JOB_TIMEOUT,
    OPTION_SERVICE,
    OPTION_PROGRAM,
    OPTION_OUTPUT,
    OPTION_JSON_IDS,
    OPTION_STOP_ON_ERROR,
    OPTION_LOG
};

static const struct option long_options[] = {
    {"process", no_argument, NULL, OPTION_PROCESS},
    {"transport", required_argument, NULL, OPTION_TRANSPORT},
    {"simulate", no_argument, NULL, OPTION_SIMULATE},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"topology", required_argument, NULL, OPTION_TOPOLOGY},
    {"repair", required_argument, NULL, OPTION_REPAIR},
    {"restart", required_argument, NULL, OPTION_RESTART},
    {"restarts", required_argument, NULL, OPTION_RESTARTS},
    {"restart-window", required_argument, NULL, OPTION_RESTART_WINDOW},
    {"heartbeat", required_argument, NULL, OPTION_HEARTBEAT},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"job-timeout", required_argument, NULL, OPTION_JOB_TIMEOUT},
    {"service", required_argument, NULL, OPTION_SERVICE},
    {"program", required_argument, NULL, OPTION_PROGRAM},
    {"output", required_argument, NULL, OPTION_OUTPUT},
    {"json-ids", required_argument, NULL, OPTION_JSON_IDS},
    {"stop-on-error", no_argument, NULL, OPTION_STOP_ON_ERROR},
    {"log", required_argument, NULL, OPTION_LOG},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

static const char help_text[] =
    "Usage: xylem [OPTION]... [-f FILE | -c 'COMMAND; COMMAND']\n"
    "Runs a tree of nodes. Reads commands from standard input, or as -f or -c says;\n"
    "the command `help` lists the commands.\n"
    "\n"
    "  -f FILE                read the commands from FILE; - is standard input\n"
    "  -c TEXT                take the commands from TEXT\n"
    "      --process          each node is a worker process (default: a thread)\n"
    "      --transport ipc|tcp\n"
    "                         the transport between the workers, with --process\n"
    "                         (default ipc)\n"
    "      --simulate         each node is simulated, in virtual time\n"
    "      --seed N           the seed of the simulated delays (default 1)\n"
    "      --topology bst|avl|balanced|list|tree\n"
    "                         the shape of the tree: sorted binary (default), the\n"
    "                         same kept balanced, perfectly balanced binary, lists,\n"
    "                         or a tree in which `create` names the parent\n"
    "      --repair none|adopt|restart\n"
    "                         what happens when a node dies that others are below:\n"
    "                         they are unavailable (default), get other parents, or\n"
    "                         it is started again\n"
    "      --restart one-for-one|rest-for-subtree\n"
    "                         what is started again, with --repair restart: the node\n"
    "                         that died (default), or all below it, too\n"
    "      --restarts N       how often a node is started again within the window,\n"
    "                         from 1 to 1000 (default 5)\n"
    "      --restart-window MS\n"
    "                         how long this window is (default 60000)\n"
    "      --heartbeat MS     the heartbeat interval at the start (default 0: none)\n"
    "      --timeout MS       how long a command may wait for its node (default 5000)\n"
    "      --job-timeout MS   how long a job may take (default 3600000)\n"
    "      --service NAME     the service of a node that `create` names no service\n"
    "                         for: timer (default), sum, dict, find, sleep or ask\n"
    "      --program NAME=COMMAND\n"
    "                         make a service of a program, which each node with this\n"
    "                         service runs as /bin/sh -c COMMAND; may be given again\n"
    "      --output text|json the format of the output; json: one object a line\n"
    "      --json-ids number|string\n"
    "                         the type of ids and pids in JSON (default number);\n"
    "                         string: for readers that round numbers above 2^53\n"
    "      --stop-on-error    stop at the first reply that is an error\n"
    "      --log error|warning|info|debug\n"
    "                         the least level of the log, which goes to standard\n"
    "                         error (default warning)\n"
    "  -h, --help             show this help\n"
    "  -V, --version          show the version\n"
    "\n"
    "Exit status: 0 every command succeeded; 1 a reply was an error, or input or\n"
    "output failed; 2 wrong usage; 3 the network could not be started;\n"
    "130 interrupted; 141 the reader of the replies has gone.\n";

/* The state of the reading. */
struct reading {
    struct options *options;
    bool transport_given, seed_given, json_ids_given;
    const char *restart_given; /* an option about it, or NULL */
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
    int error = errno;
    if (error != EPIPE)
        fprintf(stderr, "xylem: cannot write to standard output: %s\n", strerror(error));
    errno = error;
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

static enum options_result read_repair(xylem_options *network, const char *word)
{
    static const char *const words[] = {[XYLEM_REPAIR_NONE] = "none",
                                        [XYLEM_REPAIR_ADOPT] = "adopt",
                                        [XYLEM_REPAIR_RESTART] = "restart",
                                        NULL};
    int found = find_word(words, word);
    if (found < 0)
        return wrong("--repair takes none, adopt or restart, not '%s'", word);
    network->repair = (enum xylem_repair)found;
    return OPTIONS_RUN;
}

static enum options_result read_restart(xylem_options *network, const char *word)
{
    static const char *const words[] = {
        [XYLEM_ONE_FOR_ONE] = "one-for-one", [XYLEM_REST_FOR_SUBTREE] = "rest-for-subtree", NULL};
    int found = find_word(words, word);
    if (found < 0)
        return wrong("--restart takes one-for-one or rest-for-subtree, not '%s'", word);
    network->restart = (enum xylem_restart)found;
    return OPTIONS_RUN;
}

enum { RESTARTS_MAX = 1000 }; /* see xylem_options */

static enum options_result read_restarts(xylem_options *network, const char *word)
{
    int64_t restarts;
    if (!number_read(word, strlen(word), RESTARTS_MAX, &restarts) || restarts == 0)
        return wrong("--restarts takes a number from 1 to 1000, not '%s'", word);
    network->restarts = (int)restarts;
    return OPTIONS_RUN;
}

/* The options that go with --repair restart. */
static enum options_result read_restarting(struct reading *reading, int code, const char *word)
{
    xylem_options *network = &reading->options->network;
    if (code == OPTION_RESTART) {
        reading->restart_given = "restart";
        return read_restart(network, word);
    }
    if (code == OPTION_RESTARTS) {
        reading->restart_given = "restarts";
        return read_restarts(network, word);
    }
    reading->restart_given = "restart-window";
    return read_ms("restart-window", word, 1, &network->restart_window_ms);
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
        return wrong("--process and --simulate cannot be used together");
    options->network.world = world;
    return OPTIONS_RUN;
}

static enum options_result read_seed(struct reading *reading, const char *word)
{
    int64_t seed;
    if (!number_read(word, strlen(word), INT64_MAX, &seed))
        return wrong("--seed takes a number from 0 to 9223372036854775807, not '%s'", word);
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

enum { SERVICE_NAME_MAX = 31 }; /* see xylem_service */

static enum options_result read_service(xylem_options *network, const char *word)
{
    network->service = word;
    if (*word && strlen(word) <= SERVICE_NAME_MAX)
        return OPTIONS_RUN;
    return wrong("--service takes the name of a service, not '%s'", word);
}

/* Why a program cannot become a service. */
static enum options_result refuse_program(int error, int length, const char *word)
{
    if (error == XYLEM_INVALID)
        return wrong("--program takes NAME=COMMAND, with a name that is not taken and up to 899 "
                     "bytes, not '%.*s'",
                     length, word);
    if (error == XYLEM_BUSY)
        return wrong("--program is given more than 64 times");
    return wrong("--program: %s", xylem_strerror(error));
}

static enum options_result read_program(const char *word)
{
    enum { SHOWN_MAX = 100 };
    char name[SERVICE_NAME_MAX + 1];
    size_t length = strcspn(word, "=");
    int error = XYLEM_INVALID;
    if (length <= SERVICE_NAME_MAX && word[length] == '=') {
        memcpy(name, word, length);
        name[length] = '\0';
        error = xylem_program_service(name, word + length + 1);
    }
    return error ? refuse_program(error, SHOWN_MAX, word) : OPTIONS_RUN;
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

static enum options_result read_json_ids(struct reading *reading, const char *word)
{
    static const char *const words[] = {"number", "string", NULL};
    int found = find_word(words, word);
    if (found < 0)
        return wrong("--json-ids takes number or string, not '%s'", word);
    reading->options->id_strings = found == 1;
    reading->json_ids_given = true;
    return OPTIONS_RUN;
}

static enum options_result take_commands(struct options *options, const char **place,
                                         const char *word)
{
    if (options->file || options->text)
        return wrong("the commands are given more than once: use one -f or one -c");
    *place = word;
    return OPTIONS_RUN;
}

/* About the word at which getopt_long has stopped. */
static enum options_result wrong_option(int code, char **argv)
{
    const char *problem = code == ':' ? "option needs an argument" : "unknown option";
    if (optopt > 0 && optopt < OPTION_PROCESS)
        return wrong("%s: -%c", problem, optopt);
    return wrong("%s: %s", problem, argv[optind - 1]);
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
        options->network.topology = optarg; /* the library knows the names */
        return OPTIONS_RUN;
    case OPTION_REPAIR:
        return read_repair(&options->network, optarg);
    case OPTION_RESTART:
    case OPTION_RESTARTS:
    case OPTION_RESTART_WINDOW:
        return read_restarting(reading, code, optarg);
    case OPTION_HEARTBEAT:
        return read_ms("heartbeat", optarg, 0, &options->network.heartbeat_ms);
    case OPTION_TIMEOUT:
        return read_ms("timeout", optarg, 1, &options->network.timeout_ms);
    case OPTION_JOB_TIMEOUT:
        return read_ms("job-timeout", optarg, 1, &options->network.job_ms);
    case OPTION_SERVICE:
        return read_service(&options->network, optarg);
    case OPTION_PROGRAM:
        return read_program(optarg);
    case OPTION_OUTPUT:
        return read_output(options, optarg);
    case OPTION_JSON_IDS:
        return read_json_ids(reading, optarg);
    case OPTION_STOP_ON_ERROR:
        options->stop_on_error = true;
        return OPTIONS_RUN;
    case OPTION_LOG:
        return read_log_level(&options->network, optarg);
    case 'h':
        return answer(help_text);
    case 'V':
        return answer("xylem " XYLEM_VERSION "\n");
    default:
        return wrong_option(code, argv);
    }
}

/* What is wrong with options that do not go together. */
static enum options_result check_together(const struct reading *reading)
{
    const struct options *options = reading->options;
    if (reading->transport_given && options->network.world != XYLEM_PROCESS)
        return wrong("--transport goes with --process");
    if (reading->seed_given && options->network.world != XYLEM_SIMULATED)
        return wrong("--seed goes with --simulate");
    if (reading->json_ids_given && options->format != &format_json)
        return wrong("--json-ids goes with --output json");
    if (reading->restart_given && options->network.repair != XYLEM_REPAIR_RESTART)
        return wrong("--%s goes with --repair restart", reading->restart_given);
    return OPTIONS_RUN;
}

enum options_result options_read(struct options *options, int argc, char **argv)
{
    *options = (struct options){.network = XYLEM_OPTIONS, .format = &format_text};
    struct reading reading = {.options = options};
    int code;
    while ((code = getopt_long(argc, argv, ":f:c:hV", long_options, NULL)) != -1) {
        enum options_result result = read_option(&reading, code, argv);
        if (result != OPTIONS_RUN)
            return result;
    }
    if (options->file && strcmp(options->file, "-") == 0)
        options->file = NULL; /* which is the standard input too */
    if (optind < argc)
        return wrong("unexpected argument '%s'", argv[optind]);
    return check_together(&reading);
}
