/* State that outlives a life: what a service saves, and what the next life of its node is given, in
 * every world. */
#include <inttypes.h>
#include <stdatomic.h>

#include "worlds.h"

/* A service that counts. It saves the count, and so many bytes behind it. */

enum { NOT_LOADED = -1 };

struct count {
    xylem_context *context;
    int64_t count, loaded; /* the size of what was loaded */
    size_t behind;
    enum { SAVES, SAVES_NOTHING, SAVES_WHAT_IS_BAD, FAILS } does;
};

/* Of the nodes that are not processes. */
static atomic_int opened, closed, released;

static int open_count(void **state, xylem_context *context)
{
    struct count *count = malloc(sizeof *count);
    if (!count)
        return XYLEM_NO_MEMORY;
    *count = (struct count){.context = context, .loaded = NOT_LOADED};
    *state = count;
    opened++;
    return XYLEM_OK;
}

static void close_count(void *state)
{
    free(state);
    closed++;
}

static void release_count(void *state)
{
    free(state);
    released++;
}

static int reply_number(xylem_work *work, int64_t number)
{
    char text[32];
    int length = snprintf(text, sizeof text, "%" PRId64, number);
    return xylem_work_reply(work, text, (size_t)length);
}

static int exec_count(void *state, xylem_work *work)
{
    struct count *count = state;
    const char *asked = xylem_work_text(work, NULL);
    if (strcmp(asked, "add") == 0)
        return reply_number(work, ++count->count);
    if (strcmp(asked, "loaded") == 0)
        return reply_number(work, count->loaded);
    if (strncmp(asked, "behind ", 7) == 0)
        count->behind = (size_t)atoi(asked + 7);
    else if (strcmp(asked, "save nothing") == 0)
        count->does = SAVES_NOTHING;
    else if (strcmp(asked, "save what is bad") == 0)
        count->does = SAVES_WHAT_IS_BAD;
    else if (strcmp(asked, "fail") == 0)
        count->does = FAILS;
    else if (strcmp(asked, "save") == 0)
        count->does = SAVES;
    return reply_number(work, count->count);
}

enum { HEAD = 10 }; /* the count, in digits */

static int save_count(void *state, xylem_work *work)
{
    static _Thread_local char text[XYLEM_STATE_MAX + 100];
    const struct count *count = state;
    if (xylem_work_context(work) != count->context || *xylem_work_text(work, NULL))
        return XYLEM_FAILED;
    if (count->does == SAVES_NOTHING)
        return XYLEM_OK;
    if (count->does == SAVES_WHAT_IS_BAD)
        return xylem_work_reply(work, "bad", 3);
    if (count->does == FAILS)
        return XYLEM_FAILED;
    snprintf(text, HEAD + 1, "%010" PRId64, count->count);
    memset(text + HEAD, 'x', count->behind);
    return xylem_work_reply(work, text, HEAD + count->behind);
}

static int load_count(void *state, const void *saved, size_t size)
{
    struct count *count = state;
    const char *text = saved;
    if (strcmp(text, "bad") == 0)
        return XYLEM_FAILED;
    if (strlen(text) != size)
        return XYLEM_TOO_LONG;
    count->count = atoi(text) % 1000000000;
    count->loaded = (int64_t)size;
    return XYLEM_OK;
}

static int refuse_to_open(void **state)
{
    (void)state;
    return XYLEM_FAILED;
}

static const xylem_service own[] = {
    XYLEM_SERVICE(.name = "count", .open_with = open_count, .exec = exec_count,
                  .close = close_count, .release = release_count, .save = save_count,
                  .load = load_count),
    XYLEM_SERVICE(.name = "long-count", .open_with = open_count, .exec = exec_count,
                  .close = close_count, .release = release_count, .takes_long = true,
                  .save = save_count, .load = load_count),
    XYLEM_SERVICE(.name = "forgetful", .open_with = open_count, .exec = exec_count,
                  .close = close_count, .release = release_count),
    XYLEM_SERVICE(.name = "closed", .open = refuse_to_open, .exec = exec_count)};

static const char *const counting[] = {"count", "long-count"};

/* Networks and nodes. */

static char warning[1000]; /* the latest of the log, in threads and simulated */

static void take_line(void *owner, enum xylem_log_level level, int64_t id, const char *text)
{
    (void)owner, (void)id;
    if (level == XYLEM_LOG_WARNING)
        snprintf(warning, sizeof warning, "%s", text);
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
    options.restarts = 100;
    options.log = take_line;
    assert_int_equal(xylem_open(&network, &options), XYLEM_OK);
    return network;
}

static xylem *open_restarting(uintptr_t place)
{
    return open_shape(place, "bst", XYLEM_REPAIR_RESTART);
}

static int create_fresh(xylem *network, int64_t id, const char *service)
{
    xylem_create_options options = XYLEM_CREATE_OPTIONS;
    assert_false(options.fresh);
    options.service = service;
    options.fresh = true;
    return xylem_create_with(network, id, &options, NULL);
}

static void expect(xylem *network, int64_t id, const char *text, int64_t wanted)
{
    const char *reply;
    assert_int_equal(xylem_exec(network, id, text, &reply), XYLEM_OK);
    assert_true(strtoll(reply, NULL, 10) == wanted);
}

static void again(xylem *network, int64_t id, const char *service)
{
    assert_int_equal(xylem_remove(network, id), XYLEM_OK);
    assert_int_equal(create_serving(network, id, service), XYLEM_OK);
}

static void await_restart(xylem *network)
{
    for (const xylem_event *event;;) {
        while ((event = xylem_next_event(network)))
            if (event->kind == XYLEM_NODE_RESTARTED)
                return;
        assert_int_equal(xylem_run(network, INT32_MAX), XYLEM_OK);
    }
}

static void kill_and_restart(xylem *network, int64_t id)
{
    assert_int_equal(xylem_kill(network, id), XYLEM_OK);
    await_restart(network);
}

/* Lives. */

static void test_killed_and_restarted(void **state)
{
    xylem *network = open_restarting((uintptr_t)*state);
    for (int64_t id = 0; id < 2; id++) {
        assert_int_equal(create_serving(network, id, counting[id]), XYLEM_OK);
        expect(network, id, "loaded", NOT_LOADED);
        for (int64_t round = 0; round < 3; round++) {
            expect(network, id, "add", 2 * round + 1);
            expect(network, id, "add", 2 * round + 2);
            kill_and_restart(network, id);
            expect(network, id, "loaded", HEAD);
        }
        kill_and_restart(network, id); /* without any work but to tell that */
        kill_and_restart(network, id);
        expect(network, id, "add", 7);
    }
    xylem_close(&network);
}

/* In threads the service is closed then, which saves nothing. */
static void test_removed_and_created(void **state)
{
    xylem *network = OPEN("count", "long-count");
    for (int64_t id = 1; id >= 0; id--) {
        expect(network, id, "add", 1);
        expect(network, id, "add", 2);
        again(network, id, counting[id]);
        expect(network, id, "add", 3);
        assert_int_equal(xylem_kill(network, id), XYLEM_OK);
        again(network, id, counting[id]);
        expect(network, id, "loaded", HEAD);
        expect(network, id, "add", 4);
    }
    xylem_close(&network);
}

/* That of another id, of another service, of one that saves nothing, or none at all. */
static void test_whose_it_is(void **state)
{
    xylem *network = OPEN("count");
    expect(network, 0, "add", 1);
    assert_int_equal(create_serving(network, 1, "count"), XYLEM_OK);
    expect(network, 1, "loaded", NOT_LOADED);
    assert_int_equal(xylem_remove(network, 0), XYLEM_OK);
    assert_int_equal(create_serving(network, 0, "closed"), XYLEM_CANNOT_START);
    assert_int_equal(create_fresh(network, 0, "closed"), XYLEM_CANNOT_START);
    assert_int_equal(create_serving(network, 0, "count"), XYLEM_OK);
    expect(network, 0, "add", 2); /* what could not be created has forgotten nothing */
    again(network, 0, "long-count");
    expect(network, 0, "loaded", NOT_LOADED);
    again(network, 0, "count");
    expect(network, 0, "loaded", NOT_LOADED);
    expect(network, 0, "add", 1);
    again(network, 0, "forgetful");
    expect(network, 0, "add", 1);
    again(network, 0, "forgetful");
    expect(network, 0, "add", 1);
    again(network, 0, "count");
    expect(network, 0, "loaded", NOT_LOADED);
    xylem_close(&network);
}

static void test_fresh(void **state)
{
    xylem *network = open_restarting((uintptr_t)*state);
    assert_int_equal(create_fresh(network, 0, "count"), XYLEM_OK);
    expect(network, 0, "add", 1);
    expect(network, 0, "add", 2);
    kill_and_restart(network, 0); /* only its first life is */
    expect(network, 0, "add", 3);
    assert_int_equal(xylem_remove(network, 0), XYLEM_OK);
    assert_int_equal(create_fresh(network, 0, "count"), XYLEM_OK);
    kill_and_restart(network, 0);
    expect(network, 0, "loaded", NOT_LOADED);
    expect(network, 0, "add", 1);
    again(network, 0, "count");
    expect(network, 0, "add", 2);
    xylem_close(&network);
}

/* What is saved. */

static void test_sizes(void **state)
{
    char text[32];
    xylem *network = open_restarting((uintptr_t)*state);
    assert_int_equal(create_serving(network, 0, "count"), XYLEM_OK);
    expect(network, 0, "save nothing", 0);
    kill_and_restart(network, 0);
    expect(network, 0, "loaded", 0);
    snprintf(text, sizeof text, "behind %d", XYLEM_STATE_MAX - HEAD);
    expect(network, 0, text, 0);
    kill_and_restart(network, 0);
    expect(network, 0, "loaded", XYLEM_STATE_MAX);
    xylem_close(&network);
}

static void expect_warning(uintptr_t place, const char *wanted)
{
    if (places[place].world != XYLEM_PROCESS) /* where it goes to standard error */
        assert_string_equal(warning, wanted);
    warning[0] = '\0';
}

/* The reply stays, and so does the state from before. */
static void test_what_cannot_be_saved(void **state)
{
    const uintptr_t place = (uintptr_t)*state;
    xylem *network = open_restarting(place);
    const xylem_counts *counts;
    char text[32];
    assert_int_equal(create_serving(network, 0, "count"), XYLEM_OK);
    warning[0] = '\0';
    expect(network, 0, "add", 1);
    snprintf(text, sizeof text, "behind %d", XYLEM_STATE_MAX - HEAD + 1);
    expect(network, 0, text, 1);
    expect_warning(place, "the service 'count' cannot save its state: text is too long; the "
                          "state that was saved before stays");
    expect(network, 0, "add", 2);
    kill_and_restart(network, 0);
    expect(network, 0, "add", 2);
    warning[0] = '\0';
    expect(network, 0, "fail", 2);
    expect_warning(place, "the service 'count' cannot save its state: the service failed; the "
                          "state that was saved before stays");
    expect(network, 0, "add", 3);
    kill_and_restart(network, 0);
    expect(network, 0, "add", 3);
    assert_int_equal(xylem_status(network, &counts), XYLEM_OK);
    assert_int_equal(counts->states_lost, 0); /* those have not been sent */
    xylem_close(&network);
}

static void test_what_cannot_be_loaded(void **state)
{
    const uintptr_t place = (uintptr_t)*state;
    xylem *network = OPEN("count");
    expect(network, 0, "save what is bad", 0);
    assert_int_equal(xylem_remove(network, 0), XYLEM_OK);
    for (int i = 0; i < 2; i++) { /* it is not forgotten */
        int were_opened = opened, were_closed = closed, were_released = released;
        assert_int_equal(create_serving(network, 0, "count"), XYLEM_CANNOT_START);
        assert_string_equal(xylem_reason(network),
                            "the service 'count' cannot load the state that it has saved: the "
                            "service failed (the option fresh begins without it)");
        if (places[place].world == XYLEM_PROCESS)
            continue;
        assert_int_equal(opened, were_opened + 1);
        assert_int_equal(released, were_released + 1);
        assert_int_equal(closed, were_closed);
    }
    assert_int_equal(create_fresh(network, 0, "count"), XYLEM_OK);
    expect(network, 0, "add", 1);
    again(network, 0, "count");
    expect(network, 0, "add", 2);
    xylem_close(&network);
}

/* Both hooks, or neither. */
static void test_one_hook(void **state)
{
    const xylem_service services[] = {
        XYLEM_SERVICE(.name = "saves", .exec = exec_count, .save = save_count),
        XYLEM_SERVICE(.name = "loads", .exec = exec_count, .load = load_count)};
    (void)state;
    assert_int_equal(xylem_register(&services[0]), XYLEM_INVALID);
    assert_int_equal(xylem_register(&services[1]), XYLEM_INVALID);
}

/* On the way. */

static void test_cast(void **state)
{
    enum { NODES = 6 };
    xylem *network = open_shape((uintptr_t)*state, "balanced", XYLEM_REPAIR_RESTART);
    xylem_future *cast;
    for (int64_t id = 0; id < NODES; id++)
        assert_int_equal(create_serving(network, id, counting[id % 2]), XYLEM_OK);
    for (int64_t round = 1; round <= 3; round++) {
        assert_int_equal(xylem_cast(network, "all", "add", NULL, &cast), XYLEM_OK);
        assert_int_equal(xylem_future_wait(cast, -1), XYLEM_OK);
        assert_int_equal(xylem_future_value(cast), NODES);
        xylem_future_free(&cast);
        for (int64_t id = 0; id < NODES; id++)
            kill_and_restart(network, id);
        for (int64_t id = 0; id < NODES; id++)
            expect(network, id, "loaded", HEAD);
    }
    for (int64_t id = 0; id < NODES; id++)
        expect(network, id, "add", 4);
    xylem_close(&network);
}

static int create_below(xylem *network, int64_t id, int64_t parent)
{
    xylem_create_options options = XYLEM_CREATE_OPTIONS;
    options.service = counting[id % 2];
    options.parent = parent;
    return xylem_create_with(network, id, &options, NULL);
}

/* The highest count that has come back; one that has not may have been done, or not. */
static int64_t collect(xylem_future *jobs[], size_t count)
{
    int64_t highest = 0;
    const char *reply;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(xylem_future_wait(jobs[i], -1), XYLEM_OK);
        if (xylem_future_result(jobs[i], &reply, NULL) == XYLEM_OK &&
            strtoll(reply, NULL, 10) > highest)
            highest = strtoll(reply, NULL, 10);
        xylem_future_free(&jobs[i]);
    }
    return highest;
}

/* 4 and 5 move between 1 and 2 while they work, and are killed while they do. */
static void test_moves(void **state)
{
    enum { JOBS = 30, ROUNDS = 6 };
    xylem *network = open_shape((uintptr_t)*state, "tree", XYLEM_REPAIR_RESTART);
    xylem_future *jobs[JOBS];
    int64_t asked = 0;
    assert_int_equal(create_below(network, 1, XYLEM_CONTROLLER), XYLEM_OK);
    assert_int_equal(create_below(network, 2, XYLEM_CONTROLLER), XYLEM_OK);
    assert_int_equal(create_below(network, 4, 1), XYLEM_OK);
    assert_int_equal(create_below(network, 5, 4), XYLEM_OK);
    for (int64_t round = 0; round < ROUNDS; round++) {
        int64_t id = 4 + round % 2;
        for (int i = 0; i < JOBS; i++, asked += id == 5)
            jobs[i] = start(network, id, "add");
        int status = xylem_move(network, 4, 2 - round % 2);
        assert_true(status == XYLEM_OK);
        if (round % 3 == 0)
            assert_int_equal(xylem_future_wait(jobs[JOBS - 1], -1), XYLEM_OK);
        assert_int_equal(xylem_kill(network, id), XYLEM_OK);
        int64_t highest = collect(jobs, JOBS);
        await_restart(network);
        assert_int_equal(xylem_wait(network, id, true, -1), XYLEM_OK);
        const char *reply;
        assert_int_equal(xylem_exec(network, id, "get", &reply), XYLEM_OK);
        assert_true(strtoll(reply, NULL, 10) >= highest);
    }
    const char *reply;
    assert_int_equal(xylem_exec(network, 5, "get", &reply), XYLEM_OK);
    assert_true(strtoll(reply, NULL, 10) <= asked);
    xylem_close(&network);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        EVERYWHERE(test_killed_and_restarted),
        EVERYWHERE(test_removed_and_created),
        EVERYWHERE(test_whose_it_is),
        EVERYWHERE(test_fresh),
        EVERYWHERE(test_sizes),
        EVERYWHERE(test_what_cannot_be_saved),
        EVERYWHERE(test_what_cannot_be_loaded),
        cmocka_unit_test(test_one_hook),
        EVERYWHERE(test_cast),
        EVERYWHERE(test_moves),
    };
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (xylem_register(&own[i]))
            return EXIT_FAILURE;
    xylem_worker(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
