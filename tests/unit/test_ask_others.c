/* Services that ask other nodes, in every world. */
#include "worlds.h"

#include <utlist.h>

enum { NODES = 65, LARGE = 128 * 1024 };

/* What has come, as a text: "SUM 2,3; error 5 why 4". */

static void describe(const xylem_outcome *const *outcomes, size_t count, char *text, size_t room)
{
    size_t used = 0;
    for (size_t i = 0; i < count && used < room; i++) {
        const xylem_outcome *one = outcomes[i];
        used += (size_t)snprintf(text + used, room - used, "%s%s%s%s", i > 0 ? "; " : "",
                                 one->error ? xylem_strerror(one->error) : "",
                                 one->error ? ": " : "", one->text);
        for (size_t j = 0; j < one->count && used < room; j++)
            used += (size_t)snprintf(text + used, room - used, "%c%d", j > 0 ? ',' : ' ',
                                     (int)one->ids[j]);
    }
}

/* A service that takes long, and waits for what it asks: "SET TEXT". */

struct heard {
    struct heard *next, *prev;
    struct heard **all; /* of the state, once its work has left it; then the callback frees it */
    bool come;
    int error;
    char text[4000];
};

static void hear(xylem_context *context, int error, const xylem_outcome *const *outcomes,
                 size_t count, void *owner)
{
    struct heard *heard = owner;
    (void)context;
    heard->come = true;
    heard->error = error;
    describe(outcomes, count, heard->text, sizeof heard->text);
    if (heard->all) {
        DL_DELETE(*heard->all, heard);
        free(heard);
    }
}

static int reply_heard(xylem_work *work, const struct heard *heard)
{
    const char *text = *heard->text ? heard->text : xylem_strerror(heard->error);
    xylem_work_reply(work, text, strlen(text));
    return heard->error ? XYLEM_FAILED : XYLEM_OK;
}

static int explain(xylem_work *work, int error)
{
    xylem_work_reply(work, xylem_strerror(error), strlen(xylem_strerror(error)));
    return XYLEM_FAILED;
}

static int ask_of(xylem_work *work, const char *line, int64_t timeout_ms, xylem_answered callback,
                  void *owner)
{
    char set[64];
    const char *text = strchr(line, ' ');
    snprintf(set, sizeof set, "%.*s", (int)(text - line), line);
    return xylem_work_ask(work, set, text + 1, strlen(text + 1), timeout_ms, callback, owner);
}

static int open_waits(void **state)
{
    *state = calloc(1, sizeof(struct heard *));
    return *state ? XYLEM_OK : XYLEM_NO_MEMORY;
}

static void end_waits(void *state)
{
    struct heard **all = state, *heard, *next;
    DL_FOREACH_SAFE(*all, heard, next)
    {
        free(heard);
    }
    free(state);
}

/* When it is not wanted any more the callback comes after its end, unless the node ends. */
static int exec_waits(void *state, xylem_work *work)
{
    struct heard *heard = calloc(1, sizeof *heard);
    int error = ask_of(work, xylem_work_text(work, NULL), -1, hear, heard);
    if (error) {
        free(heard);
        return explain(work, error);
    }
    while (!heard->come)
        if (!xylem_work_await(work, 60000)) {
            heard->all = state;
            DL_APPEND(*heard->all, heard);
            return XYLEM_CANCELLED;
        }
    error = reply_heard(work, heard);
    free(heard);
    return error;
}

/* The same, but does not wait: how many of its asks were told to be over, and how. */

static int exec_leaves(void *state, xylem_work *work)
{
    static struct heard heard; /* one node of this kind in a test */
    (void)state;
    if (strcmp(xylem_work_text(work, NULL), "heard") == 0)
        return reply_heard(work, &heard);
    int error = ask_of(work, xylem_work_text(work, NULL), -1, hear, &heard);
    return error ? explain(work, error) : XYLEM_OK;
}

/* Asks every node below NODES one by one, in a callback each: a sum of what they reply. */

struct walk {
    xylem_token *token;
    int64_t next, last, sum;
};

static void walk_on(xylem_context *context, struct walk *walk);

static void add(xylem_context *context, int error, const xylem_outcome *const *outcomes,
                size_t count, void *owner)
{
    struct walk *walk = owner;
    if (!error && count == 1)
        walk->sum += strtoll(outcomes[0]->text, NULL, 10);
    walk_on(context, walk);
}

static void end_walk(struct walk *walk)
{
    char text[32];
    int size = snprintf(text, sizeof text, "%d", (int)walk->sum);
    xylem_token_reply(&walk->token, XYLEM_OK, text, (size_t)size);
    free(walk);
}

static void walk_on(xylem_context *context, struct walk *walk)
{
    char set[32];
    if (walk->next > walk->last) {
        end_walk(walk);
        return;
    }
    snprintf(set, sizeof set, "%d", (int)walk->next++);
    if (xylem_token_ask(walk->token, context, set, "1 7", 3, -1, add, walk))
        end_walk(walk);
}

static int exec_walks(void *state, xylem_work *work)
{
    struct walk *walk = calloc(1, sizeof *walk);
    (void)state;
    walk->next = 1;
    walk->last = strtoll(xylem_work_text(work, NULL), NULL, 10);
    walk->token = xylem_work_defer(work);
    walk_on(xylem_work_context(work), walk);
    return XYLEM_OK;
}

/* Asks all at once. */

struct crowd {
    xylem_token *token;
    int64_t left, sum;
};

static void add_to_crowd(xylem_context *context, int error, const xylem_outcome *const *outcomes,
                         size_t count, void *owner)
{
    struct crowd *crowd = owner;
    char text[32];
    (void)context;
    if (!error && count == 1)
        crowd->sum += strtoll(outcomes[0]->text, NULL, 10);
    if (--crowd->left > 0)
        return;
    int size = snprintf(text, sizeof text, "%d", (int)crowd->sum);
    xylem_token_reply(&crowd->token, XYLEM_OK, text, (size_t)size);
    free(crowd);
}

static int exec_crowd(void *state, xylem_work *work)
{
    struct crowd *crowd = calloc(1, sizeof *crowd);
    int64_t last = strtoll(xylem_work_text(work, NULL), NULL, 10);
    (void)state;
    crowd->token = xylem_work_defer(work);
    for (int64_t id = 1; id <= last; id++) {
        char set[32];
        snprintf(set, sizeof set, "%d", (int)id);
        crowd->left += !xylem_work_ask(work, set, "1 7", 3, -1, add_to_crowd, crowd);
    }
    return XYLEM_OK;
}

/* What a service may do wrong. */

static void never(xylem_context *context, int error, const xylem_outcome *const *outcomes,
                  size_t count, void *owner)
{
    (void)context, (void)error, (void)outcomes, (void)count, (void)owner;
}

static int exec_wrong(void *state, xylem_work *work)
{
    static char large[LARGE];
    const int errors[] = {
        xylem_work_ask(work, "all", "x", 1, -1, NULL, NULL),
        xylem_work_ask(work, "1,", "x", 1, -1, never, NULL),
        xylem_work_ask(work, NULL, "x", 1, -1, never, NULL),
        xylem_work_ask(work, "1", NULL, 1, -1, never, NULL),
        xylem_work_ask(work, "1", large, sizeof large - 1, -1, never, NULL),
        xylem_work_ask(work, "0-1000000", "x", 1, -1, never, NULL),
        xylem_token_ask(NULL, xylem_work_context(work), "1", "x", 1, -1, never, NULL),
        xylem_work_ask(work, "1", large, sizeof large - 2, -1, never, NULL),
    };
    char text[100] = "";
    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        sprintf(text + strlen(text), "%d ", errors[i]);
    return xylem_work_reply(work, text, strlen(text));
}

static const xylem_service own[] = {
    XYLEM_SERVICE(.name = "waits", .open = open_waits, .exec = exec_waits, .close = end_waits,
                  .release = end_waits, .takes_long = true),
    XYLEM_SERVICE(.name = "leaves", .exec = exec_leaves),
    XYLEM_SERVICE(.name = "walks", .exec = exec_walks),
    XYLEM_SERVICE(.name = "crowd", .exec = exec_crowd),
    XYLEM_SERVICE(.name = "wrong", .exec = exec_wrong),
};

/* Tests. */

static void expect_exec(xylem *network, int64_t id, const char *text, int error, const char *wanted)
{
    const char *reply = "";
    int is = xylem_exec(network, id, text, &reply);
    const char *said = is ? xylem_reason(network) : reply;
    assert_string_equal(said, wanted);
    assert_int_equal(is, error);
}

static void test_one_that_waits(void **state)
{
    xylem *network = OPEN("waits", "sum", "dict");
    expect_exec(network, 0, "1 2 3 4", XYLEM_OK, "7 1");
    expect_exec(network, 0, "2 a 5", XYLEM_OK, " 2");
    expect_exec(network, 0, "9 x", XYLEM_FAILED, "Not found:  9");
    expect_exec(network, 0, "2 b", XYLEM_FAILED, "the service failed: 'b' not found 2");
    expect_exec(network, 0, "1,2 1", XYLEM_FAILED,
                "bad subcommand: '1' (sum takes N and then N numbers) 1; "
                "the service failed: '1' not found 2");
    xylem_close(&network);
}

/* The wait ends by the callback, and not once more when its time is over. Elsewhere that would take
 * a minute. */
static void test_the_time_of_a_wait(void **state)
{
    xylem *network = OPEN("waits", "sum");
    expect_exec(network, 0, "1 2 3 4", XYLEM_OK, "7 1");
    if (places[(uintptr_t)*state].world == XYLEM_SIMULATED)
        xylem_run(network, 61000);
    expect_exec(network, 0, "1 2 3 4", XYLEM_OK, "7 1");
    xylem_close(&network);
}

/* One behind the other; all at once. */
static void test_many(void **state)
{
    xylem *network = OPEN("walks", "sum");
    assert_int_equal(create_serving(network, 100, "crowd"), XYLEM_OK);
    for (int64_t id = 2; id < NODES; id++)
        assert_int_equal(create_serving(network, id, "sum"), XYLEM_OK);
    expect_exec(network, 0, "64", XYLEM_OK, "448");
    expect_exec(network, 100, "64", XYLEM_OK, "448");
    expect_exec(network, 100, "64", XYLEM_OK, "448");
    xylem_close(&network);
}

/* Nodes that ask others while these ask others, up to one that answers. */
static void test_a_chain(void **state)
{
    xylem *network = OPEN("waits", "ask", "waits", "ask", "sum");
    expect_exec(network, 0, "1 2 3 4 1 6", XYLEM_OK, "6 3 1");
    xylem_close(&network);
}

/* 0 waits for 1, and that for 0. The one that is asked says why it gives up. */
static void test_a_circle(void **state)
{
    xylem_future *future;
    const char *reply;
    xylem *network = OPEN("waits", "waits");
    assert_int_equal(xylem_start(network, 0, "1 0 1 x", 3000, &future), XYLEM_OK);
    assert_int_equal(xylem_future_wait(future, -1), XYLEM_OK);
    assert_int_equal(xylem_future_result(future, &reply, NULL), XYLEM_FAILED);
    assert_non_null(strstr(reply, "nodes ask in a circle: 0 is asked by 1, which is asked by 0"));
    xylem_future_free(&future);
    assert_int_equal(xylem_ping(network, 0), XYLEM_OK);
    expect_exec(network, 0, "7 x", XYLEM_FAILED, "Not found:  7");
    xylem_close(&network);
}

static void test_asking_itself(void **state)
{
    xylem_future *future;
    const char *reply;
    xylem *network = OPEN("waits");
    assert_int_equal(xylem_start(network, 0, "0 7 x", 2000, &future), XYLEM_OK);
    assert_int_equal(xylem_future_wait(future, -1), XYLEM_OK);
    assert_int_equal(xylem_future_result(future, &reply, NULL), XYLEM_FAILED);
    assert_string_equal(reply, "timed out: nodes ask in a circle: 0 is asked by 0 0");
    xylem_future_free(&future);
    xylem_close(&network);
}

/* A circle in which each answers meanwhile does not end by itself. */
static void test_a_deep_circle(void **state)
{
    xylem *network = OPEN("ask", "ask");
    char text[400] = "";
    for (int i = 0; i < 40; i++)
        strcat(text, "1 0 ");
    const char *reply = "";
    xylem_future *future;
    assert_int_equal(xylem_start(network, 0, text, 600000, &future), XYLEM_OK);
    assert_int_equal(xylem_future_wait(future, -1), XYLEM_OK);
    assert_int_equal(xylem_future_result(future, &reply, NULL), XYLEM_FAILED);
    assert_non_null(strstr(reply, "64 nodes ask one for another"));
    xylem_future_free(&future);
    assert_int_equal(xylem_ping(network, 1), XYLEM_OK);
    xylem_close(&network);
}

/* Work that ends without its answers: they are given up, and it is told so. */
static void test_work_that_does_not_wait(void **state)
{
    xylem *network = OPEN("leaves", "sleep");
    expect_exec(network, 0, "1 600000", XYLEM_OK, "");
    const char *reply = "";
    while (xylem_exec(network, 0, "heard", &reply) == XYLEM_OK)
        ; /* not yet */
    assert_string_equal(xylem_reason(network), "cancelled");
    expect_exec(network, 1, "1", XYLEM_OK, ""); /* it sleeps no more */
    xylem_close(&network);
}

static void expect_dead(xylem *network, xylem_future *future)
{
    const char *reply;
    (void)network;
    assert_int_equal(xylem_future_wait(future, -1), XYLEM_OK);
    assert_int_equal(xylem_future_result(future, &reply, NULL), XYLEM_FAILED);
    assert_string_equal(reply, "Node is not available:  1");
    xylem_future_free(&future);
}

/* Waits until a node has been given work. */
static void wait_for_work(xylem *network, int64_t id)
{
    const xylem_node *node;
    do {
        assert_int_equal(xylem_run(network, 1), XYLEM_OK);
        assert_int_equal(xylem_info(network, id, &node), XYLEM_OK);
    } while (node->requests == 0);
}

static void test_a_death_on_the_way(void **state)
{
    xylem *network = OPEN("waits", "sleep");
    xylem_future *future = start(network, 0, "1 600000");
    wait_for_work(network, 1);
    assert_int_equal(xylem_kill(network, 1), XYLEM_OK);
    expect_dead(network, future);
    xylem_close(&network);
}

static void test_the_user_cancels(void **state)
{
    xylem *network = OPEN("waits", "sleep");
    xylem_future *future = start(network, 0, "1 600000");
    wait_for_work(network, 1);
    xylem_future_cancel(future);
    xylem_future_free(&future);
    expect_exec(network, 1, "1", XYLEM_OK, ""); /* it sleeps no more */
    expect_exec(network, 0, "7 x", XYLEM_FAILED, "Not found:  7");
    xylem_close(&network);
}

static void test_the_end_meanwhile(void **state)
{
    xylem *network = OPEN("waits", "sleep");
    assert_int_equal(create_serving(network, 2, "ask"), XYLEM_OK);
    xylem_future *waits = start(network, 0, "1 600000"), *asks = start(network, 2, "1 600000");
    wait_for_work(network, 1);
    assert_int_equal(xylem_remove(network, 2), XYLEM_OK);
    expect_end(asks, XYLEM_UNAVAILABLE, "");
    xylem_close(&network);
    expect_end(waits, XYLEM_INTERRUPTED, "");
}

static xylem *open_shape(uintptr_t place, const char *topology, enum xylem_repair repair)
{
    xylem_options options = XYLEM_OPTIONS;
    xylem *network;
    options.world = places[place].world;
    options.transport = places[place].transport;
    options.timeout_ms = 20000;
    options.topology = topology;
    options.repair = repair;
    assert_int_equal(xylem_open(&network, &options), XYLEM_OK);
    return network;
}

static void create_below(xylem *network, int64_t id, int64_t parent, const char *service)
{
    xylem_create_options options = XYLEM_CREATE_OPTIONS;
    options.service = service;
    options.parent = parent;
    assert_int_equal(xylem_create_with(network, id, &options, NULL), XYLEM_OK);
}

/* The asker moves, and the one that it asks, while the answer is under way. */
static void test_moves_meanwhile(void **state)
{
    xylem *network = open_shape((uintptr_t)*state, "tree", XYLEM_REPAIR_NONE);
    create_below(network, 1, XYLEM_CONTROLLER, "timer");
    create_below(network, 2, XYLEM_CONTROLLER, "timer");
    create_below(network, 3, 1, "waits");
    create_below(network, 4, 1, "sleep");
    for (int i = 0; i < 4; i++) {
        xylem_future *future = start(network, 3, "4 100");
        wait_for_work(network, 4);
        assert_int_equal(xylem_move(network, 3, i % 2 ? 1 : 2), XYLEM_OK);
        assert_int_equal(xylem_move(network, 4, i % 2 ? 1 : 2), XYLEM_OK);
        expect_end(future, XYLEM_OK, " 4");
    }
    xylem_close(&network);
}

/* The node above both dies. */
static void test_repair_meanwhile(void **state)
{
    xylem *network = open_shape((uintptr_t)*state, "tree", XYLEM_REPAIR_ADOPT);
    create_below(network, 1, XYLEM_CONTROLLER, "timer");
    create_below(network, 3, 1, "waits");
    create_below(network, 4, 1, "sleep");
    xylem_future *future = start(network, 3, "4 200");
    wait_for_work(network, 4);
    assert_int_equal(xylem_kill(network, 1), XYLEM_OK);
    expect_end(future, XYLEM_OK, " 4");
    xylem_close(&network);
}

static void test_in_a_cast(void **state)
{
    xylem *network = OPEN("ask", "ask", "sum", "ask");
    const xylem_outcome *const *outcomes;
    xylem_future *future;
    size_t count;
    assert_int_equal(xylem_cast(network, "0,1,3", "2 1 9", NULL, &future), XYLEM_OK);
    assert_int_equal(xylem_future_wait(future, -1), XYLEM_OK);
    assert_int_equal(xylem_future_outcomes(future, &outcomes, &count), XYLEM_OK);
    assert_int_equal(count, 1);
    assert_string_equal(outcomes[0]->text, "9");
    assert_int_equal(outcomes[0]->count, 3);
    xylem_future_free(&future);
    xylem_close(&network);
}

static void test_misuse(void **state)
{
    xylem *network = OPEN("wrong");
    expect_exec(network, 0, "", XYLEM_OK, "10 10 10 10 9 9 10 0 ");
    xylem_close(&network);
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (xylem_register(&own[i]) != XYLEM_OK)
            return EXIT_FAILURE;
    xylem_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        EVERYWHERE(test_one_that_waits),
        EVERYWHERE(test_the_time_of_a_wait),
        EVERYWHERE(test_many),
        EVERYWHERE(test_a_chain),
        EVERYWHERE(test_a_circle),
        EVERYWHERE(test_asking_itself),
        EVERYWHERE(test_a_deep_circle),
        EVERYWHERE(test_work_that_does_not_wait),
        EVERYWHERE(test_a_death_on_the_way),
        EVERYWHERE(test_the_user_cancels),
        EVERYWHERE(test_the_end_meanwhile),
        EVERYWHERE(test_moves_meanwhile),
        EVERYWHERE(test_repair_meanwhile),
        EVERYWHERE(test_in_a_cast),
        EVERYWHERE(test_misuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
