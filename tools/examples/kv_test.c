/* A test suite of a key-value service, with cmocka and simulated networks.
 *
 *     kv_test                          all tests; the last one draws 1000 runs from their seeds
 *     SEED=17 kv_test                  of that test the run of seed 17 again, to the letter
 *     SEED=17 TRACE=run.jsonl kv_test  and all that happens in it, in a file
 *
 * Clients append texts to keys that nodes keep. A client without an answer does not know whether
 * its text was appended, and asks again under the same number; so each text must be there once. The
 * faults: requests and replies are lost or late, and nodes pause.
 *
 * Compiled with -DONE_NUMBER_FOR_ALL=1 the service has a bug: it remembers the latest number of all
 * clients, not of each. That shows only if a reply is lost, and another client comes in between.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <xylem.h>
#include <xylem_sim.h>

#ifndef ONE_NUMBER_FOR_ALL
#define ONE_NUMBER_FOR_ALL 0
#endif

enum { NODES = 3, KEYS = 2, CLIENTS = 2, ROUNDS = 8, SEEDS = 1000, VALUE_SIZE = 256 };

/* The service: "append CLIENT NUMBER KEY TEXT" and "get KEY". */

struct store {
    char values[KEYS][VALUE_SIZE];
    int latest[CLIENTS]; /* the number of what each client has appended last */
};

static int open_store(void **state)
{
    *state = calloc(1, sizeof(struct store));
    return *state ? XYLEM_OK : XYLEM_NO_MEMORY;
}

static void append(struct store *store, int client, int number, int key, const char *text)
{
    int *latest = &store->latest[ONE_NUMBER_FOR_ALL ? 0 : client];
    char *value = store->values[key];
    size_t size = strlen(value);
    if (*latest == number)
        return; /* it has come twice */
    *latest = number;
    snprintf(value + size, VALUE_SIZE - size, "%s", text);
}

static int serve(void *state, xylem_work *work)
{
    struct store *store = state;
    const char *request = xylem_work_text(work, NULL);
    int client, number, key;
    char text[16];
    bool appends = sscanf(request, "append %d %d %d %15s", &client, &number, &key, text) == 4;
    if (!appends && sscanf(request, "get %d", &key) != 1)
        return XYLEM_BAD_SUBCOMMAND;
    if (key < 0 || key >= KEYS || (appends && (client < 0 || client >= CLIENTS)))
        return XYLEM_FAILED;
    if (appends)
        append(store, client, number, key, text);
    return xylem_work_reply(work, store->values[key], strlen(store->values[key]));
}

static const xylem_service service =
    XYLEM_SERVICE(.name = "kv", .open = open_store, .exec = serve, .close = free, .release = free);

/* What each test has: a simulation, and a network with the nodes 0, 1 and 2. */

static xylem_sim *sim;
static xylem *network;

static void begin(const xylem_sim_options *how)
{
    xylem_options options = XYLEM_OPTIONS;
    const char *trace = getenv("TRACE");
    options.service = "kv";
    options.job_ms = 50; /* of virtual time: so long a client waits for its answer */
    assert_int_equal(xylem_sim_open(&sim, how), XYLEM_OK);
    assert_int_equal(xylem_sim_network(sim, &network, &options), XYLEM_OK);
    if (trace) {
        static FILE *file;
        file = file ? freopen(trace, "w", file) : fopen(trace, "w");
        assert_non_null(file);
        xylem_sim_trace(network, file);
    }
    for (int id = 0; id < NODES; id++)
        assert_int_equal(xylem_create(network, id, NULL), XYLEM_OK);
}

static int end(void **state)
{
    (void)state;
    xylem_close(&network);
    xylem_sim_close(&sim);
    return 0;
}

/* A client. */

struct client {
    int name, number; /* the number of its latest request; no two clients use the same */
    int node, key;
    xylem_future *future; /* of what it has asked, or NULL */
};

static void ask(struct client *client)
{
    char request[64];
    snprintf(request, sizeof request, "append %d %d %d <%d>", client->name, client->number,
             client->key, client->number);
    assert_int_equal(xylem_start(network, client->node, request, -1, &client->future), XYLEM_OK);
}

static void ask_next(struct client *client)
{
    client->number += CLIENTS;
    client->node = (int)xylem_sim_draw(sim, NODES);
    client->key = (int)xylem_sim_draw(sim, KEYS);
    ask(client);
}

/* Whether it has its answer; otherwise it has asked again. */
static bool has_answer(struct client *client)
{
    xylem_future_wait(client->future, -1);
    int error = xylem_future_result(client->future, NULL, NULL);
    xylem_future_free(&client->future);
    if (error)
        ask(client);
    return !error;
}

/* How often a text is in the value of a key of a node. */
static int count(int node, int key, int number)
{
    char request[16], text[16];
    const char *value;
    int found = 0;
    snprintf(request, sizeof request, "get %d", key);
    snprintf(text, sizeof text, "<%d>", number);
    assert_int_equal(xylem_exec(network, node, request, &value), XYLEM_OK);
    for (const char *at = value; (at = strstr(at, text)); at++)
        found++;
    return found;
}

/* The tests. */

static void test_append(void **state)
{
    struct client client = {.name = 1, .number = 1};
    (void)state;
    begin(NULL);
    ask(&client);
    assert_true(has_answer(&client));
    assert_int_equal(count(0, 0, 1), 1);
    assert_int_equal(count(0, 1, 1) + count(1, 0, 1), 0);
}

/* A fault at one exact place: the answer to the second request gets lost. */
static void test_lost_reply(void **state)
{
    struct client client = {.name = 1, .number = 1};
    xylem_sim_rule rule = XYLEM_SIM_RULE;
    uint64_t number;
    (void)state;
    begin(NULL);
    rule.on = XYLEM_SIM_REPLY;
    rule.id = 0;
    rule.nth = 2;
    assert_int_equal(xylem_sim_add(sim, &rule, &number), XYLEM_OK);
    ask(&client);
    assert_true(has_answer(&client));
    client.number += CLIENTS;
    ask(&client);
    assert_false(has_answer(&client));
    assert_true(has_answer(&client));
    assert_int_equal(xylem_sim_fired(sim, number), 1);
    assert_int_equal(count(0, 0, client.number), 1);
}

/* Node 2 is separated from the others; what is asked of it meanwhile arrives afterwards. */
static void test_partition(void **state)
{
    static const int64_t away[] = {2};
    struct client client = {.name = 1, .number = 1, .node = 2};
    (void)state;
    begin(NULL);
    assert_int_equal(xylem_sim_partition(network, away, 1), XYLEM_OK);
    ask(&client);
    assert_false(has_answer(&client));
    assert_int_equal(xylem_sim_heal(network), XYLEM_OK);
    assert_true(has_answer(&client));
    assert_int_equal(count(2, 0, 1), 1);
}

/* All clients append to keys of their choice, each one text after the other. */
static void work(struct client clients[CLIENTS], struct client done[])
{
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CLIENTS; i++)
            ask_next(&clients[i]);
        for (int i = 0; i < CLIENTS; i++) {
            while (!has_answer(&clients[i]))
                ;
            done[round * CLIENTS + i] = clients[i];
        }
    }
}

/* Each text is there once. */
static void run_seed(uint64_t seed)
{
    struct client clients[CLIENTS], done[ROUNDS * CLIENTS];
    xylem_sim_options how = XYLEM_SIM_OPTIONS;
    how.seed = seed;
    how.lost_requests = how.lost_replies = how.delays = how.pauses = 20; /* of 1000 */
    how.delay_us = how.pause_us = 80000;
    begin(&how);
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = (struct client){.name = i, .number = i};
    work(clients, done);
    xylem_sim_calm(sim); /* from now on all is well */
    for (int i = 0; i < ROUNDS * CLIENTS; i++) {
        int times = count(done[i].node, done[i].key, done[i].number);
        if (times != 1)
            fail_msg("seed %" PRIu64 ": text %d is there %d times; SEED=%" PRIu64
                     " kv_test shows it again",
                     seed, done[i].number, times, seed);
    }
    end(NULL);
}

static void test_seeds(void **state)
{
    const char *given = getenv("SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : 1;
    (void)state;
    for (uint64_t last = given ? seed : SEEDS; seed <= last; seed++)
        run_seed(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_append, end),
        cmocka_unit_test_teardown(test_lost_reply, end),
        cmocka_unit_test_teardown(test_partition, end),
        cmocka_unit_test_teardown(test_seeds, end),
    };
    if (xylem_register(&service))
        return EXIT_FAILURE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
