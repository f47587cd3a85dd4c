/* What services publish: events at the program, in order, and no more than it takes. */
#include <stdbool.h>

#include "worlds.h"

enum { LARGE = XYLEM_CHUNK_MAX, CEILING_MS = 60000 };

/* Services. */

static int reply_number(xylem_work *work, int number)
{
    char text[32];
    return xylem_work_reply(work, text, (size_t)snprintf(text, sizeof text, "%d", number));
}

/* An event of `size` bytes, 16 at least, that says which one it is. */
static int publish_numbered(xylem_context *context, int number, size_t size)
{
    char *bytes = malloc(size);
    if (!bytes)
        return XYLEM_NO_MEMORY;
    memset(bytes, 'a' + number % 26, size);
    snprintf(bytes, size, "%08d", number);
    int error = xylem_context_publish(context, "number", bytes, size);
    free(bytes);
    return error;
}

struct publisher {
    xylem_context *context;
    int next, count;
    size_t size;
    xylem_token *token;
};

/* As long as there is room; then it goes on when there is again. */
static void go_on(xylem_context *context, void *owner)
{
    struct publisher *publisher = owner;
    while (publisher->next < publisher->count &&
           !publish_numbered(context, publisher->next, publisher->size))
        publisher->next++;
    if (publisher->next == publisher->count && publisher->token)
        xylem_token_reply(&publisher->token, XYLEM_OK, "all", 3);
}

static int open_publisher(void **state, xylem_context *context)
{
    struct publisher *publisher = calloc(1, sizeof *publisher);
    *state = publisher;
    if (!publisher)
        return XYLEM_NO_MEMORY;
    publisher->context = context;
    xylem_context_room(context, go_on, publisher);
    return xylem_context_publish(context, "opened", NULL, 0);
}

static void close_publisher(void *state)
{
    struct publisher *publisher = state;
    int error = xylem_context_publish(publisher->context, "closed", "", 0);
    if (error != XYLEM_CANCELLED)
        abort();
    xylem_token_reply(&publisher->token, XYLEM_OK, "", 0);
    free(publisher);
}

/* "once COUNT SIZE": as many as there is room for; it replies how many. "all COUNT SIZE": all of
 * them; it replies later. "time": one each 5 ms, by a timer; it replies at once. */
static void on_timer(xylem_context *context, void *owner)
{
    struct publisher *publisher = owner;
    if (!publish_numbered(context, publisher->next, publisher->size))
        publisher->next++;
    if (publisher->next < publisher->count)
        xylem_context_timer(context, 5, on_timer, publisher, NULL);
}

static int do_publish(void *state, xylem_work *work)
{
    struct publisher *publisher = state;
    char word[8] = "";
    publisher->next = publisher->count = 0;
    sscanf(xylem_work_text(work, NULL), "%7s %d %zu", word, &publisher->count, &publisher->size);
    if (strcmp(word, "all") == 0)
        publisher->token = xylem_work_defer(work);
    if (strcmp(word, "time") == 0)
        return xylem_context_timer(publisher->context, 5, on_timer, publisher, NULL);
    go_on(publisher->context, publisher);
    int sent = publisher->next;
    if (strcmp(word, "once") == 0)
        publisher->count = 0;
    return publisher->token ? XYLEM_OK : reply_number(work, sent);
}

static int do_wrong(void *state, xylem_work *work)
{
    static char topic[XYLEM_TOPIC_MAX + 2], bytes[LARGE + 1];
    xylem_context *context = xylem_work_context(work);
    char text[80];
    (void)state;
    memset(topic, 't', XYLEM_TOPIC_MAX + 1);
    int size = snprintf(
        text, sizeof text, "%d %d %d %d %d %d", xylem_context_publish(NULL, "a", "b", 1),
        xylem_context_publish(context, NULL, "b", 1), xylem_context_publish(context, "", "b", 1),
        xylem_context_publish(context, topic, "b", 1), xylem_context_publish(context, "a", NULL, 1),
        xylem_context_publish(context, "a", bytes, sizeof bytes));
    topic[XYLEM_TOPIC_MAX] = '\0';
    if (xylem_context_publish(context, topic, bytes, LARGE) ||
        xylem_context_publish(context, "empty", NULL, 0))
        return XYLEM_FAILED;
    return xylem_work_reply(work, text, (size_t)size);
}

/* The program. */

static const xylem_event *await_event(xylem *network, enum xylem_event_kind kind)
{
    const xylem_event *event;
    int64_t until_ms = xylem_now(network) + CEILING_MS;
    for (;;) {
        while ((event = xylem_next_event(network)))
            if (event->kind == kind)
                return event;
        assert_true(xylem_now(network) < until_ms);
        assert_int_equal(xylem_run(network, 100), XYLEM_OK);
    }
}

static void expect_opened(xylem *network, int64_t id)
{
    const xylem_event *event = await_event(network, XYLEM_PUBLISHED);
    assert_int_equal(event->size, sizeof *event);
    assert_true(event->id == id && event->life > 0);
    assert_string_equal(event->topic, "opened");
    assert_string_equal(event->bytes, "");
    assert_int_equal(event->bytes_size, 0);
    assert_int_equal(event->cause, XYLEM_NO_CAUSE);
    assert_true(event->origin == -1 && event->parent == -1);
}

static void expect_number(xylem *network, int64_t id, int number, size_t size)
{
    const xylem_event *event = await_event(network, XYLEM_PUBLISHED);
    assert_true(event->id == id);
    assert_string_equal(event->topic, "number");
    assert_int_equal(event->bytes_size, size);
    assert_int_equal(atoi(event->bytes), number);
    assert_int_equal(event->bytes[size - 1], 'a' + number % 26);
    assert_int_equal(event->bytes[size], '\0');
}

static void expect_numbers(xylem *network, int64_t id, int from, int to, size_t size)
{
    for (int number = from; number < to; number++)
        expect_number(network, id, number, size);
}

static void expect_exec(xylem *network, int64_t id, const char *text, const char *wanted)
{
    const char *reply;
    assert_int_equal(xylem_exec(network, id, text, &reply), XYLEM_OK);
    assert_string_equal(reply, wanted);
}

static xylem *open_publishing(void **state)
{
    xylem *network = OPEN("publisher");
    expect_opened(network, 0);
    return network;
}

/* The tests. */

static void test_in_order(void **state)
{
    xylem *network = open_publishing(state);
    expect_exec(network, 0, "once 5 20", "5");
    expect_numbers(network, 0, 0, 5, 20);
    xylem_future *future = start(network, 0, "all 40 65536");
    expect_numbers(network, 0, 0, 40, LARGE);
    expect_end(future, XYLEM_OK, "all");
    future = start(network, 0, "all 2000 100");
    expect_numbers(network, 0, 0, 2000, 100);
    expect_end(future, XYLEM_OK, "all");
    assert_null(xylem_next_event(network));
    xylem_close(&network);
}

/* Without work, by a timer. */
static void test_without_work(void **state)
{
    xylem *network = open_publishing(state);
    expect_exec(network, 0, "time 20 50", "");
    expect_numbers(network, 0, 0, 20, 50);
    xylem_close(&network);
}

static void test_takes_long(void **state)
{
    xylem *network = OPEN("long");
    expect_opened(network, 0);
    expect_exec(network, 0, "once 5 20", "5");
    expect_numbers(network, 0, 0, 5, 20);
    expect_exec(network, 0, "time 20 60000", "");
    expect_numbers(network, 0, 0, 20, 60000);
    xylem_close(&network);
}

/* The window is full, nothing grows, and no other event is lost. */
static void test_a_program_that_never_takes(void **state)
{
    char one[32];
    xylem *network = OPEN("publisher", "publisher", "timer");
    const int fit = XYLEM_PUBLISH_WINDOW / (16 + 7 + 256);
    snprintf(one, sizeof one, "%d", fit);
    expect_opened(network, 0);
    expect_opened(network, 1);
    for (int round = 0; round < 3; round++) {
        const char *reply;
        assert_int_equal(xylem_exec(network, 0, "once 100000 16", &reply), XYLEM_OK);
        if (round > 0)
            assert_string_equal(reply, "0");
        else
            assert_in_range(atoi(reply), fit - 1, fit); /* that it has opened may be untold */
        assert_int_equal(xylem_ping(network, 0), XYLEM_OK);
    }
    expect_exec(network, 1, "once 3 16", "3");
    assert_int_equal(xylem_kill(network, 2), XYLEM_OK);
    int of_first = 0, of_second = 0, unavailable = 0;
    const xylem_event *event;
    assert_int_equal(xylem_run(network, 0), XYLEM_OK);
    while ((event = xylem_next_event(network))) {
        unavailable += event->kind == XYLEM_NODE_UNAVAILABLE;
        if (event->kind != XYLEM_PUBLISHED)
            continue;
        assert_int_equal(atoi(event->bytes), event->id == 0 ? of_first : of_second);
        of_first += event->id == 0;
        of_second += event->id == 1;
    }
    assert_in_range(of_first, fit - 1, fit);
    assert_int_equal(of_second, 3);
    assert_int_equal(unavailable, 1);
    expect_exec(network, 1, "once 3 16", "3");
    xylem_close(&network);
}

/* What was published before a death comes before word of that, and what was published after it
 * comes after it. */
static void test_the_order_of_events(void **state)
{
    xylem *network = OPEN("publisher", "timer");
    expect_opened(network, 0);
    assert_int_equal(xylem_kill(network, 1), XYLEM_OK);
    assert_int_equal(xylem_run(network, 0), XYLEM_OK);
    expect_exec(network, 0, "once 1 16", "1");
    assert_int_equal(xylem_next_event(network)->kind, XYLEM_NODE_UNAVAILABLE);
    expect_number(network, 0, 0, 16);
    expect_exec(network, 0, "once 2 16", "2");
    assert_int_equal(xylem_kill(network, 0), XYLEM_OK);
    assert_int_equal(xylem_run(network, 0), XYLEM_OK);
    expect_number(network, 0, 0, 16);
    expect_number(network, 0, 1, 16);
    const xylem_event *event = xylem_next_event(network);
    assert_non_null(event);
    assert_int_equal(event->kind, XYLEM_NODE_UNAVAILABLE);
    assert_null(event->topic);
    assert_null(event->bytes);
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

static void test_moves_meanwhile(void **state)
{
    xylem *network = open_tree((uintptr_t)*state, XYLEM_REPAIR_NONE);
    create_below(network, 1, XYLEM_CONTROLLER, "timer");
    create_below(network, 2, XYLEM_CONTROLLER, "timer");
    create_below(network, 3, 1, "timer");
    create_below(network, 4, 3, "publisher");
    expect_opened(network, 4);
    xylem_future *future = start(network, 4, "all 1000 1000");
    for (int number = 0; number < 1000; number++) {
        expect_number(network, 4, number, 1000);
        if (number % 100 == 50)
            assert_int_equal(
                xylem_move(network, number % 200 == 50 ? 4 : 3, number % 400 < 200 ? 2 : 1),
                XYLEM_OK);
    }
    expect_end(future, XYLEM_OK, "all");
    xylem_close(&network);
}

static void test_repair_meanwhile(void **state)
{
    xylem *network = open_tree((uintptr_t)*state, XYLEM_REPAIR_ADOPT);
    create_below(network, 1, XYLEM_CONTROLLER, "timer");
    create_below(network, 3, 1, "timer");
    create_below(network, 4, 3, "publisher");
    expect_opened(network, 4);
    xylem_future *future = start(network, 4, "all 60 30000");
    expect_numbers(network, 4, 0, 10, 30000);
    assert_int_equal(xylem_kill(network, 3), XYLEM_OK);
    expect_numbers(network, 4, 10, 40, 30000);
    assert_int_equal(xylem_kill(network, 1), XYLEM_OK);
    expect_numbers(network, 4, 40, 60, 30000);
    expect_end(future, XYLEM_OK, "all");
    xylem_close(&network);
}

/* A new life begins anew. */
static void test_a_new_life(void **state)
{
    xylem *network = open_tree((uintptr_t)*state, XYLEM_REPAIR_RESTART);
    create_below(network, 1, XYLEM_CONTROLLER, "publisher");
    expect_opened(network, 1);
    uint64_t life = 0;
    for (int round = 0; round < 3; round++) {
        expect_exec(network, 1, "once 2 16", "2");
        expect_number(network, 1, 0, 16);
        const xylem_event *event = await_event(network, XYLEM_PUBLISHED);
        assert_true(event->life > life);
        life = event->life;
        assert_int_equal(xylem_kill(network, 1), XYLEM_OK);
        expect_opened(network, 1);
        assert_int_equal(xylem_wait(network, 1, true, -1), XYLEM_OK);
    }
    xylem_close(&network);
}

static void test_misuse(void **state)
{
    xylem *network = OPEN("wrong");
    expect_exec(network, 0, "", "10 10 10 10 10 9");
    const xylem_event *event = await_event(network, XYLEM_PUBLISHED);
    assert_int_equal(strlen(event->topic), XYLEM_TOPIC_MAX);
    assert_int_equal(event->bytes_size, LARGE);
    event = await_event(network, XYLEM_PUBLISHED);
    assert_string_equal(event->topic, "empty");
    assert_int_equal(event->bytes_size, 0);
    xylem_close(&network);
}

int main(int argc, char **argv)
{
    static const xylem_service own[] = {
        XYLEM_SERVICE(.name = "publisher", .open_with = open_publisher, .close = close_publisher,
                      .release = close_publisher, .exec = do_publish),
        XYLEM_SERVICE(.name = "long", .open_with = open_publisher, .close = close_publisher,
                      .release = close_publisher, .exec = do_publish, .takes_long = true),
        XYLEM_SERVICE(.name = "wrong", .exec = do_wrong),
    };
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (xylem_register(&own[i]) != XYLEM_OK)
            return EXIT_FAILURE;
    xylem_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        EVERYWHERE(test_in_order),
        EVERYWHERE(test_without_work),
        EVERYWHERE(test_takes_long),
        EVERYWHERE(test_a_program_that_never_takes),
        EVERYWHERE(test_the_order_of_events),
        EVERYWHERE(test_moves_meanwhile),
        EVERYWHERE(test_repair_meanwhile),
        EVERYWHERE(test_a_new_life),
        EVERYWHERE(test_misuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
