/* Deferred work: jobs that are polled, waited for, cancelled, and that call back.
 *
 *     jobs thread|ipc|tcp|simulated
 *
 * xylem_start asks a node for something and returns at once; the future that it gives tells when it
 * is done, and how. What one node is asked is done in its order; what different nodes are asked is
 * done side by side. The caller that starts a job frees its future.
 */
#include "world.h"

enum { SLEEPER, NOTEBOOK, ADDER }; /* the ids of the nodes */

static xylem_future *start(xylem *network, int64_t id, const char *text)
{
    xylem_future *future;
    int error = xylem_start(network, id, text, -1, &future);
    if (error) { /* the text is too long, or there is no memory */
        fprintf(stderr, "%s\n", xylem_strerror(error));
        exit(EXIT_FAILURE);
    }
    return future;
}

/* Prints how a job has ended, and frees its future. */
static void show(const char *what, xylem_future *future)
{
    const char *reply;
    int status = xylem_future_result(future, &reply, NULL);
    printf("%s: %s\n", what, status ? xylem_strerror(status) : reply);
    xylem_future_free(&future);
}

/* The last of three jobs sees what the others have done, while another node is still busy. */
static void wait_for_one(xylem *network, const xylem_future *busy)
{
    xylem_future *first = start(network, NOTEBOOK, "leaves 1");
    xylem_future *second = start(network, NOTEBOOK, "leaves 2");
    xylem_future *last = start(network, NOTEBOOK, "leaves");
    xylem_future_wait(last, -1);
    show("waited for", last);
    xylem_future_free(&first);
    xylem_future_free(&second);
    printf("meanwhile: %s\n", xylem_strerror(xylem_future_result(busy, NULL, NULL)));
}

/* Between two looks there is time for something else. */
static int poll_one(xylem *network)
{
    xylem_future *future = start(network, ADDER, "3 1 2 3");
    int error = XYLEM_OK;
    while (!error && xylem_future_result(future, NULL, NULL) == XYLEM_PENDING)
        error = xylem_run(network, 10);
    show("polled", future);
    return error;
}

static void cancel_one(xylem_future *busy)
{
    xylem_future_cancel(busy);
    show("cancelled", busy);
}

struct tally {
    int left;
    int sum;
};

static void add_up(xylem_future *future, void *owner)
{
    struct tally *tally = owner;
    const char *reply;
    if (!xylem_future_result(future, &reply, NULL))
        tally->sum += atoi(reply);
    tally->left--;
    xylem_future_free(&future);
}

/* A hundred at once; add_up frees their futures. */
static int call_back(xylem *network, struct tally *tally)
{
    int error = XYLEM_OK;
    tally->left = 100;
    for (int i = 1; i <= 100; i++) {
        char text[16];
        snprintf(text, sizeof text, "1 %d", i);
        xylem_future_then(start(network, ADDER, text), add_up, tally);
    }
    while (!error && tally->left > 0)
        error = xylem_run(network, 1000); /* less, if there was a callback */
    printf("called back: %d\n", tally->sum);
    return error;
}

static int create(xylem *network, int64_t id, const char *service)
{
    xylem_create_options options = XYLEM_CREATE_OPTIONS;
    options.service = service;
    return xylem_create_with(network, id, &options, NULL);
}

static int create_nodes(xylem *network)
{
    int error = create(network, SLEEPER, "sleep");
    if (!error)
        error = create(network, NOTEBOOK, "dict");
    if (!error)
        error = create(network, ADDER, "sum");
    return error;
}

static int use(xylem *network, struct tally *tally)
{
    xylem_future *busy = start(network, SLEEPER, "3600000"); /* an hour */
    wait_for_one(network, busy);
    int error = poll_one(network);
    cancel_one(busy);
    return error ? error : call_back(network, tally);
}

int main(int argc, char **argv)
{
    xylem_options options = XYLEM_OPTIONS;
    struct tally tally = {0}; /* outlives the network, which also calls back when it is closed */
    xylem_worker(argc, argv);
    xylem *network = open_network(argv, options);
    int error = create_nodes(network);
    if (!error)
        error = use(network, &tally);
    return close_network(network, error);
}
