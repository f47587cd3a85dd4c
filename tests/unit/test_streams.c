/* Answers in parts: in order, with back-pressure, and whatever happens on the way. */
#include <stdbool.h>

#include "worlds.h"

enum {
    CEILING_MS = 60000,
    LARGE = XYLEM_CHUNK_MAX,
    FIT = 3
}; /* so many large chunks fit into the window */

/* Services. */

/* A chunk of `size` bytes, 16 at least, that says which one it is. */
static int send_numbered(xylem_work *work, const xylem_token *token, int number, size_t size)
{
    char *bytes = malloc(size);
    if (!bytes)
        return XYLEM_NO_MEMORY;
    memset(bytes, 'a' + number % 26, size);
    snprintf(bytes, size, "%08d", number);
    bytes[size - 1] = (char)('a' + number % 26);
    int error = token ? xylem_token_send(token, bytes, size) : xylem_work_send(work, bytes, size);
    free(bytes);
    return error;
}

static int reply_number(xylem_work *work, int number)
{
    char text[32];
    return xylem_work_reply(work, text, (size_t)snprintf(text, sizeof text, "%d", number));
}

/* "COUNT SIZE": sends so many, and replies how many were sent. A negative count is sent before an
 * error. */
static int send_many(void *state, xylem_work *work)
{
    int count = 0, size = 0, sent = 0, error = XYLEM_OK;
    (void)state;
    sscanf(xylem_work_text(work, NULL), "%d %d", &count, &size);
    while (!error && sent < abs(count))
        if (!(error = send_numbered(work, NULL, sent, (size_t)size)))
            sent++;
    reply_number(work, sent);
    return error == XYLEM_CANCELLED || count < 0 ? XYLEM_FAILED : XYLEM_OK;
}

static int send_for_ever(void *state, xylem_work *work)
{
    (void)state;
    for (int sent = 0; xylem_work_wanted(work); sent++)
        if (send_numbered(work, NULL, sent, LARGE) == XYLEM_CANCELLED)
            return XYLEM_OK;
    return XYLEM_OK;
}

/* Sends one each 10 ms, and calls back meanwhile. */
static int send_slowly(void *state, xylem_work *work)
{
    int count = 0;
    (void)state;
    sscanf(xylem_work_text(work, NULL), "%d", &count);
    for (int sent = 0; sent < count; sent++)
        if (!xylem_work_rest(work, 10) || send_numbered(work, NULL, sent, 4096))
            return XYLEM_FAILED;
    return reply_number(work, count);
}

/* A service that is quick sends as room comes. */

struct pump {
    xylem_token *token;
    int count, sent;
    int refused;
};

static void go_on(xylem_context *context, void *owner)
{
    struct pump *pump = owner;
    int error = XYLEM_OK;
    (void)context;
    while (pump->token && pump->sent < pump->count && !error)
        if (!(error = send_numbered(NULL, pump->token, pump->sent, LARGE)))
            pump->sent++;
    pump->refused += error == XYLEM_BUSY;
    if (pump->token && (pump->sent == pump->count || error == XYLEM_CANCELLED))
        xylem_token_reply(&pump->token, XYLEM_OK, pump->refused > 0 ? "refused" : "", //
                          pump->refused > 0 ? 7 : 0);
}

static int open_pump(void **state, xylem_context *context)
{
    *state = calloc(1, sizeof(struct pump));
    if (*state)
        xylem_context_room(context, go_on, *state);
    return *state ? XYLEM_OK : XYLEM_NO_MEMORY;
}

static void close_pump(void *state)
{
    struct pump *pump = state;
    xylem_token_reply(&pump->token, XYLEM_OK, "", 0);
    free(pump);
}

static int start_pump(void *state, xylem_work *work)
{
    struct pump *pump = state;
    pump->count = atoi(xylem_work_text(work, NULL));
    pump->sent = 0;
    pump->token = xylem_work_defer(work);
    go_on(xylem_work_context(work), pump);
    return pump->token || pump->count > 0 ? XYLEM_OK : XYLEM_FAILED;
}

/* Callbacks come while it waits for room; in one of them it does not wait. */

struct waiter {
    xylem_work *work;
    int calls, busy;
};

static void call(xylem_context *context, void *owner)
{
    struct waiter *waiter = owner;
    waiter->calls++;
    waiter->busy += send_numbered(waiter->work, NULL, 0, LARGE) == XYLEM_BUSY;
    (void)context;
}

static int send_and_be_called(void *state, xylem_work *work)
{
    struct waiter waiter = {.work = work};
    char text[32];
    (void)state;
    for (int sent = 0; sent < FIT; sent++)
        if (send_numbered(work, NULL, sent, LARGE))
            return XYLEM_FAILED;
    if (xylem_context_timer(xylem_work_context(work), 1, call, &waiter, NULL) ||
        send_numbered(work, NULL, FIT, LARGE))
        return XYLEM_FAILED;
    return xylem_work_reply(
        work, text, (size_t)snprintf(text, sizeof text, "%d %d", waiter.calls, waiter.busy));
}

static int send_wrong(void *state, xylem_work *work)
{
    static char long_one[LARGE + 1];
    char text[64];
    (void)state;
    int size = snprintf(text, sizeof text, "%d %d %d %d %d %d", xylem_work_send(NULL, "a", 1),
                        xylem_work_send(work, NULL, 1), xylem_work_send(work, NULL, 0),
                        xylem_work_send(work, long_one, sizeof long_one),
                        xylem_token_send(NULL, "a", 1), xylem_work_send(work, "", 0));
    xylem_context_room(NULL, NULL, NULL);
    return xylem_work_reply(work, text, (size_t)size);
}

/* Taking. */

static xylem_future *stream(xylem *network, int64_t id, const char *text)
{
    xylem_future *future;
    assert_int_equal(xylem_stream(network, id, text, -1, &future), XYLEM_OK);
    return future;
}

static void expect_chunk(xylem_future *future, int number, size_t wanted)
{
    const char *chunk;
    size_t size;
    assert_int_equal(xylem_future_chunk(future, -1, &chunk, &size), XYLEM_OK);
    assert_non_null(chunk);
    assert_int_equal(size, wanted);
    assert_int_equal(atoi(chunk), number);
    assert_int_equal(chunk[size - 1], 'a' + number % 26);
    assert_int_equal(chunk[size], '\0');
}

static void expect_no_more(xylem_future *future)
{
    const char *chunk = "";
    size_t size = 1;
    assert_int_equal(xylem_future_chunk(future, -1, &chunk, &size), XYLEM_OK);
    assert_null(chunk);
    assert_int_equal(size, 0);
}

/* Takes chunks that have come, or come within the time of the future, and that follow `first`;
 * returns how many. */
static int take_rest(xylem_future *future, int first)
{
    const char *chunk;
    int taken = 0;
    for (;; taken++) {
        assert_int_equal(xylem_future_chunk(future, -1, &chunk, NULL), XYLEM_OK);
        if (!chunk)
            return taken;
        assert_int_equal(atoi(chunk), first + taken);
    }
}

static void expect_exec(xylem *network, int64_t id, const char *text, int status,
                        const char *wanted)
{
    const char *reply;
    assert_int_equal(xylem_exec(network, id, text, &reply), status);
    assert_string_equal(status ? xylem_reason(network) : reply, wanted);
}

/* The tests. */

static void test_in_order(void **state)
{
    xylem *network = OPEN("many", "many");
    xylem_future *large = stream(network, 0, "20 65536"), *small = stream(network, 1, "3000 16");
    for (int number = 0; number < 20; number++)
        expect_chunk(large, number, LARGE);
    assert_int_equal(take_rest(small, 0), 3000);
    expect_no_more(large);
    expect_no_more(large);
    expect_end(large, XYLEM_OK, "20");
    expect_end(small, XYLEM_OK, "3000");
    xylem_close(&network);
}

static void test_without_a_stream(void **state)
{
    xylem *network = OPEN("many", "quick");
    for (int64_t id = 0; id < 2; id++) {
        const char *reply;
        size_t size;
        assert_int_equal(xylem_exec_bytes(network, id, "9 65536", 7, &reply, &size), XYLEM_OK);
        assert_int_equal(size, 9 * LARGE + 1);
        assert_int_equal(atoi(reply + 8 * LARGE), 8);
        assert_string_equal(reply + 9 * LARGE, "9");
        expect_exec(network, id, "-2 16", XYLEM_FAILED, "2");
        xylem_future *future = start(network, id, "0 0");
        expect_no_more(future);
        expect_end(future, XYLEM_OK, "0");
    }
    xylem_close(&network);
}

static void test_all_that_is_put_together(void **state)
{
    xylem *network = OPEN("many");
    expect_exec(network, 0, "600 65536", XYLEM_TOO_LONG, "");
    expect_exec(network, 0, "0 0", XYLEM_OK, "0");
    xylem_close(&network);
}

static void test_quick(void **state)
{
    xylem *network = OPEN("quick");
    xylem_future *future = stream(network, 0, "3 65536");
    assert_int_equal(xylem_future_wait(future, -1), XYLEM_OK);
    assert_int_equal(take_rest(future, 0), FIT);
    expect_end(future, XYLEM_OK, "3");
    future = stream(network, 0, "4 65536"); /* one more than there is room for */
    assert_int_equal(take_rest(future, 0), FIT);
    expect_end(future, XYLEM_OK, "3");
    xylem_close(&network);
}

static void test_room(void **state)
{
    xylem *network = OPEN("pump");
    for (int round = 0; round < 2; round++) {
        xylem_future *future = stream(network, 0, "40");
        assert_int_equal(take_rest(future, 0), 40);
        expect_end(future, XYLEM_OK, "refused");
    }
    xylem_close(&network);
}

static void test_callbacks_while_it_waits(void **state)
{
    xylem *network = OPEN("called");
    xylem_future *future = stream(network, 0, "");
    assert_int_equal(xylem_run(network, 100), XYLEM_OK);
    assert_int_equal(take_rest(future, 0), FIT + 1);
    expect_end(future, XYLEM_OK, "1 1");
    xylem_close(&network);
}

/* The service waits, until its time is over; the node and its neighbours go on. */
static void test_a_taker_that_never_takes(void **state)
{
    xylem *network = OPEN("ever", "timer", "ever");
    xylem_future *futures[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(xylem_stream(network, 2 * i, "", 2400, &futures[i]), XYLEM_OK);
    expect_exec(network, 1, "time", XYLEM_OK, "0 ms");
    for (int i = 0; i < 2; i++) {
        const char *reply;
        assert_int_equal(xylem_future_wait(futures[i], -1), XYLEM_OK);
        assert_int_equal(xylem_future_result(futures[i], &reply, NULL), XYLEM_TIMED_OUT);
        assert_int_equal(take_rest(futures[i], 0), FIT);
        xylem_future_free(&futures[i]);
        assert_int_equal(xylem_ping(network, 2 * i), XYLEM_OK);
    }
    xylem_close(&network);
}

static void test_a_service_that_never_ends(void **state)
{
    xylem *network = OPEN("ever", "timer");
    xylem_future *future;
    assert_int_equal(xylem_stream(network, 0, "", 2400, &future), XYLEM_OK);
    assert_true(take_rest(future, 0) > 2 * FIT);
    assert_int_equal(xylem_future_result(future, NULL, NULL), XYLEM_TIMED_OUT);
    xylem_future_free(&future);
    expect_exec(network, 1, "time", XYLEM_OK, "0 ms");
    xylem_close(&network);
}

static void test_cancel(void **state)
{
    xylem *network = OPEN("ever", "many");
    xylem_future *future = stream(network, 0, "");
    for (int number = 0; number < 5; number++)
        expect_chunk(future, number, LARGE);
    xylem_future_cancel(future);
    assert_int_equal(xylem_future_result(future, NULL, NULL), XYLEM_CANCELLED);
    assert_true(take_rest(future, 5) <= FIT);
    xylem_future_free(&future);
    future = stream(network, 0, ""); /* the node does the next one */
    expect_chunk(future, 0, LARGE);
    xylem_future_free(&future);
    future = stream(network, 1, "40 65536");
    assert_int_equal(take_rest(future, 0), 40);
    expect_end(future, XYLEM_OK, "40");
    assert_int_equal(xylem_remove(network, 0), XYLEM_OK);
    xylem_close(&network);
}

static void test_a_death_in_the_middle(void **state)
{
    xylem *network = OPEN("ever", "timer");
    xylem_future *future = stream(network, 0, "");
    for (int number = 0; number < 5; number++)
        expect_chunk(future, number, LARGE);
    assert_int_equal(xylem_kill(network, 0), XYLEM_OK);
    assert_true(take_rest(future, 5) <= FIT);
    assert_int_equal(xylem_future_result(future, NULL, NULL), XYLEM_UNAVAILABLE);
    xylem_future_free(&future);
    xylem_close(&network);
}

static xylem *open_tree(uintptr_t place, enum xylem_repair repair)
{
    xylem_options options = XYLEM_OPTIONS;
    xylem *network;
    options.world = places[place].world;
    options.transport = places[place].transport;
    options.timeout_ms = 20000;
    options.topology = "tree";
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

static void test_moves_in_the_middle(void **state)
{
    xylem *network = open_tree((uintptr_t)*state, XYLEM_REPAIR_NONE);
    create_below(network, 1, XYLEM_CONTROLLER, "timer");
    create_below(network, 2, XYLEM_CONTROLLER, "timer");
    create_below(network, 3, 1, "timer");
    create_below(network, 4, 3, "many");
    xylem_future *future = stream(network, 4, "2000 1000");
    for (int number = 0; number < 2000; number++) {
        expect_chunk(future, number, 1000);
        if (number % 100 == 50) /* the node itself, or one above it */
            assert_int_equal(
                xylem_move(network, number % 200 == 50 ? 4 : 3, number % 400 < 200 ? 2 : 1),
                XYLEM_OK);
    }
    expect_no_more(future);
    expect_end(future, XYLEM_OK, "2000");
    xylem_close(&network);
}

static void test_a_repair_in_the_middle(void **state)
{
    for (int restart = 0; restart < 2; restart++) {
        xylem *network =
            open_tree((uintptr_t)*state, restart ? XYLEM_REPAIR_RESTART : XYLEM_REPAIR_ADOPT);
        create_below(network, 1, XYLEM_CONTROLLER, "timer");
        create_below(network, 3, 1, "timer");
        create_below(network, 4, 3, "many");
        xylem_future *future = stream(network, 4, "60 60000");
        for (int number = 0; number < 10; number++)
            expect_chunk(future, number, 60000);
        assert_int_equal(xylem_kill(network, 3), XYLEM_OK);
        for (int number = 10; number < 40; number++)
            expect_chunk(future, number, 60000);
        assert_int_equal(xylem_kill(network, 1), XYLEM_OK);
        assert_int_equal(take_rest(future, 40), 20);
        expect_end(future, XYLEM_OK, "60");
        xylem_close(&network);
    }
}

/* With the repair restart the node itself has a new life, and the request ends. */
static void test_a_new_life(void **state)
{
    xylem *network = open_tree((uintptr_t)*state, XYLEM_REPAIR_RESTART);
    create_below(network, 1, XYLEM_CONTROLLER, "ever");
    xylem_future *future = stream(network, 1, "");
    for (int number = 0; number < 5; number++)
        expect_chunk(future, number, LARGE);
    assert_int_equal(xylem_kill(network, 1), XYLEM_OK);
    assert_true(take_rest(future, 5) <= FIT);
    assert_int_equal(xylem_future_result(future, NULL, NULL), XYLEM_UNAVAILABLE);
    xylem_future_free(&future);
    assert_int_equal(xylem_wait(network, 1, true, -1), XYLEM_OK);
    future = stream(network, 1, "");
    expect_chunk(future, 0, LARGE);
    xylem_future_free(&future);
    xylem_close(&network);
}

/* Waiting. */

static void test_timeouts(void **state)
{
    xylem *network = OPEN("slow");
    const char *chunk = "";
    xylem_future *future = stream(network, 0, "3");
    assert_int_equal(xylem_future_chunk(future, 0, &chunk, NULL), XYLEM_PENDING);
    assert_null(chunk);
    xylem_interrupt(network);
    assert_int_equal(xylem_future_chunk(future, -1, &chunk, NULL), XYLEM_INTERRUPTED);
    xylem_clear_interrupt(network);
    assert_int_equal(xylem_pause(network, 0), XYLEM_OK);
    while (xylem_future_chunk(future, 1, &chunk, NULL) == XYLEM_OK)
        assert_non_null(chunk);
    assert_int_equal(xylem_future_chunk(future, 1, &chunk, NULL), XYLEM_TIMED_OUT);
    assert_int_equal(xylem_resume(network, 0), XYLEM_OK);
    while (xylem_future_chunk(future, -1, &chunk, NULL) == XYLEM_OK && chunk)
        ;
    expect_end(future, XYLEM_OK, "3");
    xylem_close(&network);
}

struct seen {
    int chunks, calls, ends;
    bool frees;
    xylem_future *future;
};

static void see(xylem_future *future, void *owner)
{
    struct seen *seen = owner;
    const char *chunk;
    int error;
    seen->calls++;
    while (!(error = xylem_future_chunk(future, 0, &chunk, NULL)) && chunk)
        assert_int_equal(atoi(chunk), seen->chunks++);
    if (!error && seen->frees)
        xylem_future_free(&seen->future);
}

static void see_end(xylem_future *future, void *owner)
{
    struct seen *seen = owner;
    seen->ends++;
    assert_int_equal(xylem_future_result(future, NULL, NULL), XYLEM_OK);
}

static void test_callbacks_of_a_future(void **state)
{
    xylem *network = OPEN("many", "slow");
    for (int frees = 0; frees < 2; frees++) {
        struct seen seen = {.frees = frees};
        seen.future = stream(network, 0, "40 65536");
        xylem_future_each(seen.future, see, &seen);
        xylem_future_then(seen.future, see_end, &seen);
        int64_t until_ms = xylem_now(network) + CEILING_MS;
        while (seen.future && seen.ends == 0 && xylem_now(network) < until_ms)
            assert_int_equal(xylem_run(network, 1000), XYLEM_OK);
        assert_int_equal(seen.chunks, 40);
        assert_true(seen.calls > 1);
        assert_int_equal(seen.ends, !frees);
        xylem_future_free(&seen.future);
    }
    struct seen late = {0};
    late.future = stream(network, 1, "3");
    assert_int_equal(xylem_future_wait(late.future, -1), XYLEM_OK);
    xylem_future_each(late.future, see, &late);
    assert_int_equal(late.calls, 1);
    assert_int_equal(late.chunks, 3);
    xylem_future_each(late.future, NULL, NULL);
    xylem_future_free(&late.future);
    xylem_close(&network);
}

static void test_after_the_end(void **state)
{
    xylem *network = OPEN("ever", "many");
    xylem_future *open = stream(network, 0, ""), *over = stream(network, 1, "3 65536");
    expect_chunk(open, 0, LARGE);
    assert_int_equal(xylem_future_wait(over, -1), XYLEM_OK);
    xylem_close(&network);
    assert_true(take_rest(open, 1) <= FIT);
    assert_int_equal(xylem_future_result(open, NULL, NULL), XYLEM_INTERRUPTED);
    assert_int_equal(take_rest(over, 0), 3);
    xylem_future_free(&open);
    expect_end(over, XYLEM_OK, "3");
}

static void test_misuse(void **state)
{
    xylem *network = OPEN("wrong");
    xylem_future *future = stream(network, 0, "");
    const char *chunk = "";
    size_t size = 1;
    assert_int_equal(xylem_future_chunk(future, 0, NULL, &size), XYLEM_INVALID);
    assert_int_equal(xylem_future_chunk(NULL, 0, &chunk, &size), XYLEM_INVALID);
    assert_null(chunk);
    assert_int_equal(size, 0);
    xylem_future_each(NULL, see, NULL);
    expect_no_more(future);
    expect_end(future, XYLEM_OK, "10 10 0 9 10 0");
    assert_int_equal(xylem_stream(network, 0, NULL, -1, &future), XYLEM_INVALID);
    assert_int_equal(xylem_stream(network, 0, "", -1, NULL), XYLEM_INVALID);
    assert_int_equal(xylem_stream(NULL, 0, "", -1, &future), XYLEM_INVALID);
    assert_int_equal(xylem_stream(network, 7, "", -1, &future), XYLEM_OK);
    expect_no_more(future);
    expect_end(future, XYLEM_NOT_FOUND, "");
    xylem_close(&network);
}

int main(int argc, char **argv)
{
    static const xylem_service own[] = {
        XYLEM_SERVICE(.name = "many", .exec = send_many, .takes_long = true),
        XYLEM_SERVICE(.name = "quick", .exec = send_many),
        XYLEM_SERVICE(.name = "ever", .exec = send_for_ever, .takes_long = true),
        XYLEM_SERVICE(.name = "slow", .exec = send_slowly, .takes_long = true),
        XYLEM_SERVICE(.name = "called", .exec = send_and_be_called, .takes_long = true),
        XYLEM_SERVICE(.name = "wrong", .exec = send_wrong),
        XYLEM_SERVICE(.name = "pump", .open_with = open_pump, .close = close_pump,
                      .release = close_pump, .exec = start_pump),
    };
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (xylem_register(&own[i]) != XYLEM_OK)
            return EXIT_FAILURE;
    xylem_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        EVERYWHERE(test_in_order),
        EVERYWHERE(test_without_a_stream),
        EVERYWHERE(test_all_that_is_put_together),
        EVERYWHERE(test_quick),
        EVERYWHERE(test_room),
        EVERYWHERE(test_callbacks_while_it_waits),
        EVERYWHERE(test_a_taker_that_never_takes),
        EVERYWHERE(test_a_service_that_never_ends),
        EVERYWHERE(test_cancel),
        EVERYWHERE(test_a_death_in_the_middle),
        EVERYWHERE(test_moves_in_the_middle),
        EVERYWHERE(test_a_repair_in_the_middle),
        EVERYWHERE(test_a_new_life),
        EVERYWHERE(test_timeouts),
        EVERYWHERE(test_callbacks_of_a_future),
        EVERYWHERE(test_after_the_end),
        EVERYWHERE(test_misuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
