/* What a command asks the network, and what it replies to each answer: the network of this test
 * answers what the test has chosen. */
#include "unit.h"

#include "cli/action.h"
#include "cli/session.h"

static int answer; /* of the network */
static const char *answer_reason = "";
static xylem_create_options wanted; /* by the latest create or move */

int __wrap_xylem_create_with(xylem *network, int64_t id, const xylem_create_options *options,
                             int64_t *pid);
int __wrap_xylem_exec_bytes(xylem *network, int64_t id, const void *text, size_t size,
                            const char **reply, size_t *reply_size);
int __wrap_xylem_info(xylem *network, int64_t id, const xylem_node **node);
int __wrap_xylem_move(xylem *network, int64_t id, int64_t parent);
int __wrap_xylem_ping(xylem *network, int64_t id);
int __wrap_xylem_ping_all(xylem *network, const int64_t **ids, size_t *count);
const char *__wrap_xylem_reason(const xylem *network);
int __wrap_xylem_status(xylem *network, const xylem_counts **counts);

int __wrap_xylem_create_with(xylem *network, int64_t id, const xylem_create_options *options,
                             int64_t *pid)
{
    (void)network;
    assert_int_equal(id, 5);
    assert_int_equal(options->size, sizeof *options);
    wanted.parent = options->parent;
    wanted.service = options->service ? "named" : NULL;
    wanted.fresh = options->fresh;
    wanted.arguments_size = options->arguments_size;
    assert_int_equal(options->arguments != NULL, options->arguments_size > 0);
    if (options->arguments)
        assert_memory_equal(options->arguments, "a b", options->arguments_size);
    if (options->service)
        assert_string_equal(options->service, "sum");
    *pid = 4711;
    return answer;
}

int __wrap_xylem_exec_bytes(xylem *network, int64_t id, const void *text, size_t size,
                            const char **reply, size_t *reply_size)
{
    (void)network;
    (void)reply_size;
    assert_int_equal(id, 5);
    assert_true(size == 4 && memcmp(text, "text", size) == 0);
    *reply = "answer";
    return answer;
}

int __wrap_xylem_info(xylem *network, int64_t id, const xylem_node **node)
{
    static const xylem_node five = {sizeof five, 5, 6, -1, 4711, 1, true, 2, "sum", 3, 40, 7};
    (void)network;
    assert_int_equal(id, 5);
    *node = &five;
    return answer;
}

int __wrap_xylem_move(xylem *network, int64_t id, int64_t parent)
{
    (void)network;
    assert_int_equal(id, 5);
    wanted.parent = parent;
    return answer;
}

int __wrap_xylem_ping(xylem *network, int64_t id)
{
    (void)network;
    assert_int_equal(id, 5);
    return answer;
}

int __wrap_xylem_ping_all(xylem *network, const int64_t **ids, size_t *count)
{
    static const int64_t unreached[] = {7, 10};
    (void)network;
    *ids = unreached;
    *count = 2;
    return answer;
}

const char *__wrap_xylem_reason(const xylem *network)
{
    (void)network;
    return answer_reason;
}

int __wrap_xylem_status(xylem *network, const xylem_counts **counts)
{
    static const xylem_counts some = {sizeof some, 4, 3, 2, 1, 5, 6, 7, 8, 9, 10};
    (void)network;
    *counts = &some;
    return answer;
}

/* Runs a line when the network answers that. */
static struct reply run(const char *line, int error, const char *reason)
{
    struct span rest = {line, line + strlen(line)};
    struct session session = {.network = NULL};
    struct command command;
    answer = error;
    answer_reason = reason;
    assert_true(command_next(&rest, &command));
    struct reply reply = reply_to(&command);
    action_run(&session, &command, &reply);
    command_clear(&command);
    return reply;
}

static void expect_error(const struct reply *reply, int error, const char *text, const char *detail)
{
    assert_int_equal(reply->kind, REPLY_ERROR);
    assert_int_equal(reply->error, error);
    assert_string_equal(reply->text, text);
    if (detail)
        assert_string_equal(reply->detail, detail);
    else
        assert_null(reply->detail);
}

/* These errors say something about the node; all others are errors of the command. */
static void test_ping(void **state)
{
    (void)state;
    for (int error = 0; error < COMMAND_BAD_COMMAND; error++) {
        struct reply reply = run("ping 5", error, "");
        if (error == XYLEM_OK || error == XYLEM_UNAVAILABLE || error == XYLEM_NOT_FOUND) {
            assert_int_equal(reply.kind, REPLY_REACHED);
            assert_int_equal(reply.reached, error == XYLEM_OK);
        } else {
            expect_error(&reply, error, xylem_strerror(error), NULL);
        }
        reply_clear(&reply);
    }
}

/* The reason of an error stands behind it; that of a service that failed stands alone. */
static void test_reasons(void **state)
{
    (void)state;
    for (int error = 1; error < COMMAND_BAD_COMMAND; error++) {
        const char *text = xylem_strerror(error);
        struct reply reply = run("exec 5 text", error, "");
        expect_error(&reply, error, text, NULL);
        reply = run("exec 5 text", error, "why");
        if (error == XYLEM_FAILED)
            expect_error(&reply, error, "why", NULL);
        else
            expect_error(&reply, error, text, "why");
        reply_clear(&reply);
    }
}

static void expect_create(const char *line, int64_t parent, bool service)
{
    struct reply reply = run(line, XYLEM_OK, "");
    assert_int_equal(reply.kind, REPLY_CREATED);
    assert_true(reply.pid == 4711);
    assert_true(wanted.parent == parent);
    assert_int_equal(wanted.service != NULL, service);
}

static void test_create(void **state)
{
    (void)state;
    expect_create("create 5", XYLEM_ANY, false);
    expect_create("create 5 -1", XYLEM_CONTROLLER, false);
    expect_create("create 5 12", 12, false);
    expect_create("create 5 --service sum", XYLEM_ANY, true);
    expect_create("create 5 0 --service sum", 0, true);
    assert_true(!wanted.fresh && wanted.arguments_size == 0);
    expect_create("create 5 --arguments 'a b'", XYLEM_ANY, false);
    assert_true(!wanted.fresh && wanted.arguments_size == 3);
    expect_create("create 5 --arguments '' --fresh", XYLEM_ANY, false);
    assert_true(wanted.fresh && wanted.arguments_size == 0);
    struct reply reply = run("create 5 12", XYLEM_PARENT_NOT_FOUND, "");
    expect_error(&reply, XYLEM_PARENT_NOT_FOUND, "Parent not found", NULL);
    reply = run("create 5 12", XYLEM_PARENT_HAS_CHILD, "");
    expect_error(&reply, XYLEM_PARENT_HAS_CHILD, "Parent has a child", NULL);
}

static void test_move(void **state)
{
    (void)state;
    static const int errors[] = {XYLEM_NOT_FOUND,       XYLEM_PARENT_NOT_FOUND,
                                 XYLEM_PARENT_IS_BELOW, XYLEM_PARENT_UNAVAILABLE,
                                 XYLEM_UNAVAILABLE,     XYLEM_TIMED_OUT};
    struct reply reply = run("move 5 12", XYLEM_OK, "");
    assert_int_equal(reply.kind, REPLY_DONE);
    assert_true(wanted.parent == 12);
    reply = run("move 5 -1", XYLEM_OK, "");
    assert_int_equal(reply.kind, REPLY_DONE);
    assert_true(wanted.parent == XYLEM_CONTROLLER);
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        reply = run("move 5 12", errors[i], "");
        expect_error(&reply, errors[i], xylem_strerror(errors[i]), NULL);
    }
    reply = run("move 5 12", XYLEM_INVALID, "why");
    expect_error(&reply, XYLEM_INVALID, "invalid argument", "why");
}

static void test_ping_all(void **state)
{
    (void)state;
    struct reply reply = run("pingall", XYLEM_OK, "");
    assert_int_equal(reply.kind, REPLY_UNREACHED);
    assert_true(reply.count == 2 && reply.ids[0] == 7 && reply.ids[1] == 10);
    reply = run("pingall", XYLEM_BUSY, "");
    expect_error(&reply, XYLEM_BUSY, "too many requests in flight", NULL);
}

static void expect_fact(const struct reply *reply, size_t which, const char *name,
                        enum fact_kind kind, int64_t number)
{
    assert_true(which < reply->count);
    assert_string_equal(reply->facts[which].name, name);
    assert_int_equal(reply->facts[which].kind, kind);
    assert_true(reply->facts[which].number == number);
}

static void test_info(void **state)
{
    (void)state;
    struct reply reply = run("info 5", XYLEM_OK, "");
    assert_int_equal(reply.kind, REPLY_FACTS);
    assert_int_equal(reply.count, 10);
    expect_fact(&reply, 0, "parent", FACT_ID, -1);
    expect_fact(&reply, 1, "children", FACT_NUMBER, 2);
    expect_fact(&reply, 2, "depth", FACT_NUMBER, 1);
    expect_fact(&reply, 3, "available", FACT_BOOL, true);
    expect_fact(&reply, 4, "pid", FACT_ID, 4711);
    expect_fact(&reply, 5, "life", FACT_NUMBER, 6);
    expect_fact(&reply, 6, "service", FACT_TEXT, 0);
    assert_string_equal(reply.facts[6].text, "sum");
    expect_fact(&reply, 7, "requests", FACT_NUMBER, 3);
    expect_fact(&reply, 8, "heard_ms", FACT_MS, 40);
    expect_fact(&reply, 9, "restarts", FACT_NUMBER, 7);
    reply = run("info 5", XYLEM_NOT_FOUND, "");
    expect_error(&reply, XYLEM_NOT_FOUND, "Not found", NULL);
}

static void test_status(void **state)
{
    (void)state;
    struct reply reply = run("status", XYLEM_OK, "");
    assert_int_equal(reply.kind, REPLY_FACTS);
    assert_int_equal(reply.count, 9);
    expect_fact(&reply, 0, "nodes", FACT_NUMBER, 4);
    expect_fact(&reply, 1, "depth", FACT_NUMBER, 3);
    expect_fact(&reply, 2, "unavailable", FACT_NUMBER, 2);
    expect_fact(&reply, 3, "requests", FACT_NUMBER, 1);
    expect_fact(&reply, 4, "false_silences", FACT_NUMBER, 5);
    expect_fact(&reply, 5, "moves", FACT_NUMBER, 6);
    expect_fact(&reply, 6, "repairs", FACT_NUMBER, 7);
    expect_fact(&reply, 7, "restarts", FACT_NUMBER, 8);
    expect_fact(&reply, 8, "without_parent_ms", FACT_MS, 9);
}

/* A bad command is not run. */
static void test_bad_commands(void **state)
{
    (void)state;
    struct reply reply = run("ping x", XYLEM_OK, "");
    assert_int_equal(reply.kind, REPLY_ERROR);
    assert_int_equal(reply.error, COMMAND_BAD_ID);
    assert_string_equal(reply.command, "ping");
    reply = run("frob", XYLEM_OK, "");
    assert_int_equal(reply.error, COMMAND_BAD_COMMAND);
    assert_null(reply.command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ping),     cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_create),   cmocka_unit_test(test_move),
        cmocka_unit_test(test_ping_all), cmocka_unit_test(test_info),
        cmocka_unit_test(test_status),   cmocka_unit_test(test_bad_commands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
