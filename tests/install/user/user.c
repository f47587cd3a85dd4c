/* A program that uses xylem as it is installed: user thread|ipc|tcp|simulated */
#include <stdio.h>
#include <string.h>
#include <xylem.h>

#if XYLEM_VERSION_NUMBER < 400
#error "this program needs xylem 0.4"
#endif

static const struct choice {
    const char *name;
    enum xylem_world world;
    enum xylem_transport transport;
} choices[] = {
    {"thread", XYLEM_THREAD, XYLEM_IPC},
    {"ipc", XYLEM_PROCESS, XYLEM_IPC},
    {"tcp", XYLEM_PROCESS, XYLEM_TCP},
    {"simulated", XYLEM_SIMULATED, XYLEM_IPC},
};

static const struct choice *choose(const char *name)
{
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
        if (strcmp(choices[i].name, name) == 0)
            return &choices[i];
    return NULL;
}

static int use(xylem *network)
{
    static const int64_t ids[] = {50, 25, 75};
    const xylem_node *const *nodes;
    const char *reply;
    size_t count;
    int error = XYLEM_OK;
    for (size_t i = 0; !error && i < sizeof ids / sizeof *ids; i++)
        error = xylem_create(network, ids[i], NULL);
    if (!error)
        error = xylem_ping(network, 25);
    if (!error)
        error = xylem_exec(network, 75, "time", &reply);
    if (!error)
        printf("%s", reply);
    if (!error)
        error = xylem_list(network, &nodes, &count);
    for (size_t i = 0; !error && i < count; i++)
        printf(" %d", (int)nodes[i]->id);
    puts("");
    return error;
}

int main(int argc, char **argv)
{
    xylem_options options = XYLEM_OPTIONS;
    xylem *network;
    xylem_worker(argc, argv);
    const struct choice *choice = argc == 2 ? choose(argv[1]) : NULL;
    if (!choice)
        return 2;
    if (strcmp(xylem_version(), XYLEM_VERSION) != 0) {
        fprintf(stderr, "compiled for xylem %s, not %s\n", XYLEM_VERSION, xylem_version());
        return 1;
    }
    options.world = choice->world;
    options.transport = choice->transport;
    int error = xylem_open(&network, &options);
    if (error) {
        fprintf(stderr, "%s\n", xylem_reason(NULL));
        return 1;
    }
    error = use(network);
    if (error)
        fprintf(stderr, "%s: %s\n", xylem_strerror(error), xylem_reason(network));
    xylem_close(&network);
    return error != XYLEM_OK;
}
