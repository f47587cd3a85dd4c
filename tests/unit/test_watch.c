/* The parent and the children of a node, as its service sees them, in every world; and that it is
 * called back when they change. */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "worlds.h"

enum { CEILING_MS = 20000, TURN_MS = 20, IDS_MAX = 8, TEXT_SIZE = 200 };

/* A service that replies "PARENT: CHILD CHILD", or after "opened" what it saw when it was opened,
 * or after "called" what it saw when it was called back last. After "mute" it is not called any
 * more.
 */

struct watcher {
    xylem_context *context;
    char opened[TEXT_SIZE], called[TEXT_SIZE];
};

static void describe(const xylem_context *context, char text[TEXT_SIZE])
{
    int64_t ids[IDS_MAX];
    size_t count = xylem_context_children(context, ids, IDS_MAX);
    int length = snprintf(text, TEXT_SIZE, "%" PRId64 ":", xylem_context_parent(context));
    for (size_t i = 0; i < count && i < IDS_MAX; i++)
        length += snprintf(text + length, TEXT_SIZE - (size_t)length, " %" PRId64, ids[i]);
}

static void on_change(xylem_context *context, void *owner)
{
    struct watcher *watcher = owner;
    if (context == watcher->context)
        describe(context, watcher->called);
}

static int open_watcher(void **state, xylem_context *context)
{
    struct watcher *watcher = calloc(1, sizeof *watcher);
    *state = watcher;
    if (!watcher)
        return XYLEM_NO_MEMORY;
    watcher->context = context;
    describe(context, watcher->opened);
    return xylem_context_watch(context, on_change, watcher);
}

/* In a thread of the service. */
static void *look(void *argument)
{
    struct watcher *watcher = argument;
    char text[TEXT_SIZE];
    for (int i = 0; i < 200; i++)
        describe(watcher->context, text);
    return NULL;
}

static int exec_watcher(void *state, xylem_work *work)
{
    struct watcher *watcher = state;
    const char *asked = xylem_work_text(work, NULL);
    char now[TEXT_SIZE];
    pthread_t thread;
    describe(watcher->context, now);
    if (strcmp(asked, "thread") == 0 && !pthread_create(&thread, NULL, look, watcher))
        pthread_join(thread, NULL);
    if (strcmp(asked, "mute") == 0)
        xylem_context_watch(watcher->context, NULL, NULL);
    if (strcmp(asked, "rest") == 0)
        while (!strchr(watcher->called, ' ')) /* until it has seen a child */
            if (!xylem_work_rest(work, TURN_MS))
                return XYLEM_FAILED;
    const char *text = strcmp(asked, "opened") == 0 ? watcher->opened
                       : strcmp(asked, "called") == 0 || strcmp(asked, "rest") == 0
                           ? watcher->called
                           : now;
    return xylem_work_reply(work, text, strlen(text));
}

static const xylem_service own[] = {
    XYLEM_SERVICE(.name = "watcher", .exec = exec_watcher, .close = free, .release = free,
                  .open_with = open_watcher),
    XYLEM_SERVICE(.name = "long-watcher", .exec = exec_watcher, .close = free, .release = free,
                  .takes_long = true, .open_with = open_watcher)};

static const char *const both[] = {"watcher", "long-watcher"};

/* Networks. */

static xylem *open_as(uintptr_t place, const char *topology, enum xylem_repair repair)
{
    xylem_options options = XYLEM_OPTIONS;
    xylem *network;
    options.world = places[place].world;
    options.transport = places[place].transport;
    options.timeout_ms = CEILING_MS;
    options.topology = topology;
    options.repair = repair;
    assert_int_equal(xylem_open(&network, &options), XYLEM_OK);
    return network;
}

static void create(xylem *network, int64_t id, int64_t parent, const char *service)
{
    xylem_create_options options = XYLEM_CREATE_OPTIONS;
    options.service = service;
    options.parent = parent;
    assert_int_equal(xylem_create_with(network, id, &options, NULL), XYLEM_OK);
}

static void expect(xylem *network, int64_t id, const char *text, const char *wanted)
{
    const char *reply;
    assert_int_equal(xylem_exec(network, id, text, &reply), XYLEM_OK);
    assert_string_equal(reply, wanted);
}

/* Soon: a callback may wait for the work in hand, and what the controlling node says to a node
 * waits for no answer. */
static void await(xylem *network, int64_t id, const char *wanted)
{
    const char *reply = "";
    int error = XYLEM_OK;
    for (int64_t until_ms = xylem_now(network) + CEILING_MS; xylem_now(network) < until_ms;
         xylem_run(network, TURN_MS)) {
        error = xylem_exec(network, id, "called", &reply);
        if (!error && strcmp(reply, wanted) == 0)
            return;
    }
    assert_int_equal(error, XYLEM_OK);
    assert_string_equal(reply, wanted);
}

/* At once, and soon by a callback. */
static void expect_both(xylem *network, int64_t id, const char *wanted)
{
    expect(network, id, "now", wanted);
    await(network, id, wanted);
}

static void test_create_move_and_remove(void **state)
{
    for (size_t i = 0; i < 2; i++) {
        xylem *network = open_as((uintptr_t)*state, "tree", XYLEM_REPAIR_NONE);
        create(network, 5, XYLEM_CONTROLLER, both[i]);
        expect(network, 5, "opened", "-2:");
        expect_both(network, 5, "-1:");
        create(network, 9, 5, both[i]);
        create(network, 0, 5, both[i]);
        create(network, 7, 9, both[i]);
        expect_both(network, 5, "-1: 0 9");
        expect_both(network, 9, "5: 7");
        expect_both(network, 0, "5:");
        expect(network, 9, "thread", "5: 7");
        assert_int_equal(xylem_move(network, 7, 0), XYLEM_OK);
        expect_both(network, 7, "0:");
        expect_both(network, 0, "5: 7");
        await(network, 9, "5:");
        assert_int_equal(xylem_move(network, 0, XYLEM_CONTROLLER), XYLEM_OK);
        expect_both(network, 0, "-1: 7");
        await(network, 5, "-1: 9");
        assert_int_equal(xylem_remove(network, 9), XYLEM_OK);
        await(network, 5, "-1:");
        xylem_close(&network);
    }
}

static void test_more_than_there_is_room_for(void **state)
{
    xylem *network = open_as((uintptr_t)*state, "tree", XYLEM_REPAIR_NONE);
    create(network, 100, XYLEM_CONTROLLER, "watcher");
    for (int64_t id = 20; id > 10; id--)
        create(network, id, 100, "timer");
    expect_both(network, 100, "-1: 11 12 13 14 15 16 17 18");
    xylem_close(&network);
}

static void test_deaths(void **state)
{
    for (size_t i = 0; i < 2; i++) {
        xylem *network = open_as((uintptr_t)*state, "tree", XYLEM_REPAIR_NONE);
        create(network, 1, XYLEM_CONTROLLER, both[i]);
        create(network, 2, 1, both[i]);
        expect_both(network, 1, "-1: 2");
        assert_int_equal(xylem_kill(network, 2), XYLEM_OK);
        await(network, 1, "-1:");
        xylem_close(&network);
    }
}

static void test_adoption(void **state)
{
    for (size_t i = 0; i < 2; i++) {
        xylem *network = open_as((uintptr_t)*state, "tree", XYLEM_REPAIR_ADOPT);
        create(network, 1, XYLEM_CONTROLLER, both[i]);
        create(network, 2, 1, both[i]);
        create(network, 3, 2, both[i]);
        create(network, 4, 2, both[i]);
        expect_both(network, 2, "1: 3 4");
        assert_int_equal(xylem_kill(network, 2), XYLEM_OK);
        await(network, 3, "1:");
        await(network, 4, "1:");
        await(network, 1, "-1: 3 4");
        xylem_close(&network);
    }
}

static void test_restart(void **state)
{
    for (size_t i = 0; i < 2; i++) {
        xylem *network = open_as((uintptr_t)*state, "tree", XYLEM_REPAIR_RESTART);
        create(network, 1, XYLEM_CONTROLLER, both[i]);
        create(network, 2, 1, both[i]);
        create(network, 3, 2, both[i]);
        assert_int_equal(xylem_kill(network, 2), XYLEM_OK);
        await(network, 2, "1: 3");
        await(network, 1, "-1: 2");
        await(network, 3, "2:");
        expect(network, 2, "opened", "-2:");
        xylem_close(&network);
    }
}

static void test_no_callback(void **state)
{
    xylem *network = open_as((uintptr_t)*state, "tree", XYLEM_REPAIR_NONE);
    create(network, 1, XYLEM_CONTROLLER, "watcher");
    await(network, 1, "-1:");
    expect(network, 1, "mute", "-1:");
    create(network, 2, 1, "timer");
    expect(network, 1, "now", "-1: 2");
    expect(network, 1, "called", "-1:");
    assert_int_equal(xylem_context_watch(NULL, on_change, NULL), XYLEM_INVALID);
    xylem_close(&network);
}

/* A service that takes long is called back while it rests. */
static void test_during_a_rest(void **state)
{
    xylem *network = open_as((uintptr_t)*state, "tree", XYLEM_REPAIR_NONE);
    create(network, 1, XYLEM_CONTROLLER, "long-watcher");
    expect_both(network, 1, "-1:");
    xylem_future *rests = start(network, 1, "rest");
    create(network, 2, 1, "timer");
    expect_end(rests, XYLEM_OK, "-1: 2");
    xylem_close(&network);
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        assert_int_equal(xylem_register(&own[i]), XYLEM_OK);
    xylem_worker(argc, argv);
    const struct CMUnitTest tests[] = {EVERYWHERE(test_create_move_and_remove),
                                       EVERYWHERE(test_more_than_there_is_room_for),
                                       EVERYWHERE(test_deaths),
                                       EVERYWHERE(test_adoption),
                                       EVERYWHERE(test_restart),
                                       EVERYWHERE(test_no_callback),
                                       EVERYWHERE(test_during_a_rest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
