/* What is begun and not waited for, and futures of several others, in every world. */
#include "worlds.h"

static xylem *open_of(void **state, const char *topology)
{
    xylem_options options = XYLEM_OPTIONS;
    xylem *network;
    options.world = places[(uintptr_t)*state].world;
    options.transport = places[(uintptr_t)*state].transport;
    options.timeout_ms = 20000;
    options.topology = topology;
    options.service = "sleep";
    assert_int_equal(xylem_open(&network, &options), XYLEM_OK);
    return network;
}

static xylem_future *create(xylem *network, int64_t id)
{
    xylem_future *future;
    assert_int_equal(xylem_start_create(network, id, NULL, &future), XYLEM_OK);
    return future;
}

static xylem_future *ping(xylem *network, int64_t id)
{
    xylem_future *future;
    assert_int_equal(xylem_start_ping(network, id, &future), XYLEM_OK);
    return future;
}

/* A job that lasts until it is given up. */
static xylem_future *endless(xylem *network, int64_t id)
{
    return start(network, id, "3600000");
}

static xylem_future *all_of(xylem_future *const *parts, size_t count)
{
    xylem_future *all;
    assert_int_equal(xylem_future_all(parts, count, &all), XYLEM_OK);
    return all;
}

static xylem_future *any_of(xylem_future *const *parts, size_t count)
{
    xylem_future *any;
    assert_int_equal(xylem_future_any(parts, count, &any), XYLEM_OK);
    return any;
}

static int status_of(const xylem_future *future)
{
    return xylem_future_result(future, NULL, NULL);
}

static void free_all(xylem_future **futures, size_t count)
{
    for (size_t i = 0; i < count; i++)
        xylem_future_free(&futures[i]);
}

/* Beginning. */

enum { MANY = 12 };

/* In the order of the calls, side by side. */
static void test_life_of_nodes(void **state)
{
    xylem *network = open_of(state, "tree");
    xylem_future *parts[MANY], *future;
    const xylem_node *node;
    for (int64_t id = 0; id < MANY; id++)
        parts[id] = create(network, id);
    xylem_future *all = all_of(parts, MANY);
    assert_int_equal(status_of(all), XYLEM_PENDING);
    assert_int_equal(xylem_future_wait(all, -1), XYLEM_OK);
    assert_int_equal(status_of(all), XYLEM_OK);
    assert_int_equal(xylem_future_value(all), MANY);
    xylem_future_free(&all);
    for (int64_t id = 0; id < MANY; id++) {
        assert_int_equal(xylem_info(network, id, &node), XYLEM_OK);
        assert_true(xylem_future_value(parts[id]) == node->pid);
    }
    free_all(parts, MANY);
    assert_int_equal(xylem_start_move(network, 1, 0, &future), XYLEM_OK);
    expect_end(future, XYLEM_OK, "");
    assert_int_equal(xylem_info(network, 1, &node), XYLEM_OK);
    assert_true(node->parent == 0);
    expect_end(ping(network, 1), XYLEM_OK, "");
    assert_int_equal(xylem_start_remove(network, 0, &future), XYLEM_OK);
    expect_end(future, XYLEM_OK, "");
    expect_end(ping(network, 1), XYLEM_NOT_FOUND, "");
    xylem_close(&network);
}

/* The options of a create, and what is refused and what fails. */
static void test_errors(void **state)
{
    xylem *network = open_of(state, "bst");
    xylem_create_options options = XYLEM_CREATE_OPTIONS;
    xylem_future *future = (xylem_future *)state;
    options.service = "sum";
    assert_int_equal(xylem_start_create(network, 1, &options, &future), XYLEM_OK);
    expect_end(future, XYLEM_OK, "");
    expect_end(start(network, 1, "2 20 22"), XYLEM_OK, "42");
    expect_end(create(network, 1), XYLEM_EXISTS, "");
    options.service = "none";
    assert_int_equal(xylem_start_create(network, 2, &options, &future), XYLEM_OK);
    assert_int_equal(xylem_future_wait(future, -1), XYLEM_OK);
    assert_int_equal(status_of(future), XYLEM_CANNOT_START);
    xylem_future_free(&future);
    assert_int_equal(xylem_start_create(network, -1, NULL, &future), XYLEM_INVALID);
    assert_int_equal(xylem_start_create(network, 2, NULL, NULL), XYLEM_INVALID);
    assert_string_equal(xylem_reason(network), "the future is NULL");
    assert_int_equal(xylem_start_move(network, 1, -2, &future), XYLEM_INVALID);
    assert_null(future);
    assert_int_equal(xylem_start_move(network, 1, -1, &future), XYLEM_OK);
    expect_end(future, XYLEM_INVALID, "the topology bst chooses the parents itself");
    assert_int_equal(xylem_start_remove(network, 2, &future), XYLEM_OK);
    expect_end(future, XYLEM_NOT_FOUND, "");
    assert_int_equal(xylem_start_remove(NULL, 2, &future), XYLEM_INVALID);
    xylem_close(&network);
}

/* A node that hangs is counted among those that were killed. */
static void test_value_of_a_removal(void **state)
{
    xylem *network = open_of(state, "bst");
    xylem_future *future;
    assert_int_equal(xylem_create(network, 1, NULL), XYLEM_OK);
    assert_int_equal(xylem_pause(network, 1), XYLEM_OK);
    assert_int_equal(xylem_start_remove(network, 1, &future), XYLEM_OK);
    assert_int_equal(xylem_future_value(future), 0);
    assert_int_equal(xylem_future_wait(future, -1), XYLEM_OK);
    assert_int_equal(xylem_future_value(future), 1);
    xylem_future_free(&future);
    xylem_close(&network);
}

/* What is given up goes on. */
static void test_cancelled_create(void **state)
{
    xylem *network = open_of(state, "bst");
    xylem_future *future = create(network, 1);
    xylem_future_cancel(future);
    assert_int_equal(status_of(future), XYLEM_CANCELLED);
    xylem_future_free(&future);
    future = create(network, 2); /* the parent may not be there yet */
    xylem_future_free(&future);
    assert_int_equal(xylem_wait(network, 1, true, -1), XYLEM_OK);
    xylem_close(&network);
}

/* All, any. */

static void count_call(xylem_future *future, void *owner)
{
    assert_ptr_equal(xylem_future_user(future), owner);
    ++*(int *)owner;
}

static void call_back(xylem_future *future, int *calls)
{
    assert_null(xylem_future_user(future));
    xylem_future_set_user(future, calls);
    xylem_future_then(future, count_call, calls);
}

static void test_all(void **state)
{
    xylem *network = OPEN("sleep", "sum", "sum");
    xylem_future *parts[] = {endless(network, 0), start(network, 1, "x"), start(network, 2, "1 7"),
                             ping(network, 3)};
    xylem_future *all = all_of(parts, 4);
    int calls = 0;
    call_back(all, &calls);
    for (int i = 1; i < 4; i++)
        assert_int_equal(xylem_future_wait(parts[i], -1), XYLEM_OK);
    assert_int_equal(status_of(all), XYLEM_PENDING);
    assert_int_equal(xylem_future_wait(all, 0), XYLEM_TIMED_OUT);
    assert_int_equal(calls, 0);
    xylem_future_cancel(parts[0]);
    assert_int_equal(calls, 1);
    assert_int_equal(status_of(all), XYLEM_CANCELLED); /* that of the first with an error */
    assert_int_equal(xylem_future_value(all), 1);
    expect_end(all, XYLEM_CANCELLED, "");
    free_all(parts, 4);
    xylem_close(&network);
}

static void test_any(void **state)
{
    xylem *network = OPEN("sleep", "sum");
    xylem_future *parts[] = {endless(network, 0), start(network, 1, "x"), endless(network, 0)};
    xylem_future *any = any_of(parts, 3);
    int calls = 0;
    call_back(any, &calls);
    assert_int_equal(xylem_future_wait(any, -1), XYLEM_OK);
    assert_int_equal(calls, 1);
    assert_int_equal(status_of(any), XYLEM_BAD_SUBCOMMAND);
    assert_int_equal(xylem_future_value(any), 1);
    xylem_future *later = any_of(parts, 3); /* it is finished already */
    assert_int_equal(xylem_future_value(later), 1);
    expect_end(later, XYLEM_BAD_SUBCOMMAND, "");
    assert_int_equal(status_of(parts[0]), XYLEM_PENDING);
    free_all(parts, 3);
    assert_int_equal(calls, 1);
    expect_end(any, XYLEM_BAD_SUBCOMMAND, "");
    xylem_close(&network);
}

static void test_none(void **state)
{
    xylem *network = OPEN("sleep");
    xylem_future *parts[] = {endless(network, 0), NULL}, *future;
    expect_end(all_of(NULL, 0), XYLEM_OK, "");
    assert_int_equal(xylem_future_any(NULL, 0, &future), XYLEM_INVALID);
    assert_null(future);
    assert_int_equal(xylem_future_all(parts, 2, &future), XYLEM_INVALID);
    assert_int_equal(xylem_future_all(NULL, 1, &future), XYLEM_INVALID);
    assert_int_equal(xylem_future_all(parts, 1, NULL), XYLEM_INVALID);
    assert_string_equal(xylem_reason(NULL), "a future is NULL");
    assert_int_equal(xylem_future_value(NULL), 0);
    assert_null(xylem_future_user(NULL));
    xylem_future_set_user(NULL, state);
    xylem_future_free(&parts[0]);
    xylem_close(&network);
}

/* Futures of futures; one that is part of two, and one that is there twice. */
static void test_nested(void **state)
{
    xylem *network = OPEN("sleep");
    xylem_future *one = endless(network, 0), *other = endless(network, 0);
    xylem_future *twice[] = {one, one}, *both[] = {one, other};
    xylem_future *wholes[] = {all_of(twice, 2), all_of(both, 2)};
    xylem_future *first = any_of(wholes, 2), *last = all_of(wholes, 2);
    xylem_future_cancel(one);
    assert_int_equal(status_of(wholes[0]), XYLEM_CANCELLED);
    assert_int_equal(status_of(first), XYLEM_CANCELLED);
    assert_int_equal(status_of(wholes[1]), XYLEM_PENDING);
    assert_int_equal(status_of(last), XYLEM_PENDING);
    xylem_future_free(&other);
    expect_end(last, XYLEM_CANCELLED, "");
    free_all(wholes, 2);
    xylem_future_free(&one);
    expect_end(first, XYLEM_CANCELLED, "");
    xylem_close(&network);
}

/* One within the other: not without an end. */
static void test_too_deep(void **state)
{
    enum { MOST = 100 };
    xylem *network = OPEN("sleep");
    xylem_future *wholes[MOST + 2] = {endless(network, 0)};
    for (int i = 1; i <= MOST; i++)
        wholes[i] = all_of(&wholes[i - 1], 1);
    assert_int_equal(xylem_future_all(&wholes[MOST], 1, &wholes[MOST + 1]), XYLEM_INVALID);
    assert_string_equal(xylem_reason(NULL), "the futures stand for others, more than 100 deep");
    xylem_future_cancel(wholes[MOST]);
    for (int i = 0; i <= MOST; i++)
        assert_int_equal(status_of(wholes[i]), XYLEM_CANCELLED);
    expect_end(all_of(&wholes[MOST], 1), XYLEM_CANCELLED, "");
    free_all(wholes, MOST + 1);
    xylem_close(&network);
}

/* What failed before explains nothing of what begins now. */
static void test_reason(void **state)
{
    xylem *network = open_of(state, "bst");
    assert_int_equal(xylem_move(network, 1, -1), XYLEM_INVALID);
    assert_string_equal(xylem_reason(network), "the topology bst chooses the parents itself");
    xylem_future *future = ping(network, 1);
    assert_string_equal(xylem_reason(network), "");
    expect_end(future, XYLEM_NOT_FOUND, "");
    xylem_close(&network);
}

/* To cancel a whole is to cancel its parts; to free it is not. */
static void test_given_up(void **state)
{
    xylem *network = OPEN("sleep");
    xylem_future *parts[] = {endless(network, 0), endless(network, 0)};
    xylem_future *freed = all_of(parts, 2), *outer = all_of(&freed, 1);
    xylem_future_free(&freed);
    assert_int_equal(status_of(outer), XYLEM_CANCELLED); /* nothing would finish it */
    xylem_future_free(&outer);
    assert_int_equal(status_of(parts[0]), XYLEM_PENDING);
    xylem_future *any = any_of(parts, 2);
    xylem_future_cancel(any);
    for (int i = 0; i < 2; i++)
        assert_int_equal(status_of(parts[i]), XYLEM_CANCELLED);
    assert_int_equal(status_of(any), XYLEM_CANCELLED);
    free_all(parts, 2);
    expect_end(any, XYLEM_CANCELLED, "");
    xylem_close(&network);
}

/* The network ends before they do. */
static void test_closed(void **state)
{
    xylem *network = OPEN("sleep"), *other = OPEN("sleep");
    xylem_future *parts[] = {endless(network, 0), endless(other, 0)}, *both;
    xylem_future *whole = all_of(parts, 1);
    int calls = 0;
    call_back(whole, &calls);
    assert_int_equal(xylem_future_all(parts, 2, &both), XYLEM_INVALID);
    assert_string_equal(xylem_reason(NULL), "the futures are of more than one network");
    xylem_close(&network);
    assert_int_equal(calls, 1);
    assert_int_equal(status_of(whole), XYLEM_INTERRUPTED);
    both = all_of(parts, 2); /* the one of the network that is closed is finished */
    assert_int_equal(status_of(both), XYLEM_PENDING);
    xylem_close(&other);
    expect_end(both, XYLEM_INTERRUPTED, "");
    expect_end(all_of(&whole, 1), XYLEM_INTERRUPTED, "");
    free_all(parts, 2);
    expect_end(whole, XYLEM_INTERRUPTED, "");
}

int main(int argc, char **argv)
{
    xylem_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        EVERYWHERE(test_life_of_nodes),
        EVERYWHERE(test_errors),
        EVERYWHERE(test_value_of_a_removal),
        EVERYWHERE(test_cancelled_create),
        EVERYWHERE(test_all),
        EVERYWHERE(test_any),
        EVERYWHERE(test_none),
        EVERYWHERE(test_nested),
        EVERYWHERE(test_too_deep),
        EVERYWHERE(test_reason),
        EVERYWHERE(test_given_up),
        EVERYWHERE(test_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
