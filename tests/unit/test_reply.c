/* Replies: the same one as text and as JSON, in pieces, and without memory. */
#include "unit.h"

#include <fcntl.h>
#include <unistd.h>

#include "cli/format.h"

enum { MANY = 40000, SHOWN_MAX = 256 * 1024 };

/* What is written goes into a file. */
static struct output open_output(bool coloured)
{
    FILE *file = tmpfile();
    int fd = dup(fileno(file));
    fclose(file);
    assert_true(fd >= 0);
    return (struct output){.fd = fd, .stop_fd = -1, .coloured = coloured};
}

static void expect_written(struct output *output, const char *expected)
{
    static char bytes[SHOWN_MAX];
    assert_true(output_commit(output));
    ssize_t length = pread(output->fd, bytes, sizeof bytes - 1, 0);
    assert_true(length >= 0);
    bytes[length] = '\0';
    assert_string_equal(bytes, expected);
    assert_int_equal(output->error, 0);
    close(output->fd);
    output_clear(output);
}

static void expect_shown(const struct format *format, bool coloured, const struct reply *reply,
                         const char *expected)
{
    struct output output = open_output(coloured);
    format->reply(reply, &output);
    expect_written(&output, expected);
}

static void expect_both(const struct reply *reply, const char *text, const char *json)
{
    expect_shown(&format_text, false, reply, text);
    expect_shown(&format_json, true, reply, json);
}

static void test_successes(void **state)
{
    (void)state;
    expect_both(&(struct reply){.kind = REPLY_DONE, .command = "exit", .id = -1}, "OK\n",
                "{\"command\":\"exit\",\"ok\":true}\n");
    expect_both(&(struct reply){.kind = REPLY_CREATED, .command = "create", .id = 0, .pid = 4711},
                "OK: 4711\n", "{\"command\":\"create\",\"id\":0,\"ok\":true,\"pid\":4711}\n");
    expect_both(&(struct reply){.kind = REPLY_REACHED, .command = "ping", .id = 5, .reached = true},
                "OK: 1\n", "{\"command\":\"ping\",\"id\":5,\"ok\":true,\"reached\":true}\n");
    expect_both(&(struct reply){.kind = REPLY_REACHED, .command = "ping", .id = 5}, "OK: -1\n",
                "{\"command\":\"ping\",\"id\":5,\"ok\":true,\"reached\":false}\n");
    expect_both(
        &(struct reply){.kind = REPLY_HELP, .command = "help", .id = -1, .topic = COMMAND_PAUSE},
        "pause ID                    make a node freeze\n",
        "{\"command\":\"help\",\"ok\":true,\"commands\":[{\"usage\":\"pause ID\","
        "\"purpose\":\"make a node freeze\"}]}\n");
}

static void test_answers(void **state)
{
    (void)state;
    struct reply reply = {.kind = REPLY_ANSWER, .command = "exec", .id = 5, .answer = "6 ms"};
    expect_both(&reply, "OK: 6 ms\n",
                "{\"command\":\"exec\",\"id\":5,\"ok\":true,\"reply\":\"6 ms\"}\n");
    reply.answer = "a\n\033\xFF\"";
    expect_both(&reply, "OK: a???\"\n",
                "{\"command\":\"exec\",\"id\":5,\"ok\":true,"
                "\"reply\":\"a\\n\\u001b\xEF\xBF\xBD\\\"\"}\n");
}

static void test_errors(void **state)
{
    (void)state;
    struct reply reply = {.command = "create", .id = 12};
    reply_fail(&reply, XYLEM_EXISTS, "Already exists", NULL);
    expect_both(&reply, "Error: Already exists\n",
                "{\"command\":\"create\",\"id\":12,\"ok\":false,"
                "\"error\":{\"code\":\"exists\",\"text\":\"Already exists\"}}\n");
    reply_fail(&reply, XYLEM_CANNOT_START, "cannot start node", "no\nroom");
    expect_both(
        &reply, "Error: cannot start node: no?room\n",
        "{\"command\":\"create\",\"id\":12,\"ok\":false,"
        "\"error\":{\"code\":\"cannot_start\",\"text\":\"cannot start node: no\\nroom\"}}\n");
    reply = (struct reply){.id = -1};
    reply_fail(&reply, FAULT_BAD_COMMAND, "bad command", NULL);
    expect_both(&reply, "Error: bad command\n",
                "{\"command\":null,\"ok\":false,"
                "\"error\":{\"code\":\"bad_command\",\"text\":\"bad command\"}}\n");
    expect_shown(&format_text, true, &reply, "\033[31mError: bad command\033[0m\n");
}

static void test_every_error_has_a_code(void **state)
{
    (void)state;
    static const char *const codes[] = {
        [XYLEM_NOT_FOUND] = "not_found",     [XYLEM_PARENT_UNAVAILABLE] = "parent_unavailable",
        [XYLEM_TIMED_OUT] = "timed_out",     [XYLEM_NO_MEMORY] = "no_memory",
        [FAULT_BAD_COMMAND] = "bad_command", [FAULT_BAD_ID] = "bad_id",
        [FAULT_BAD_NUMBER] = "bad_number",   [FAULT_CANNOT_READ] = "cannot_read"};
    for (int fault = 1; fault < FAULT_COUNT; fault++) {
        struct text code = TEXT_EMPTY;
        fault_add_code(&code, fault);
        assert_true(code.length > 0);
        if (codes[fault])
            assert_string_equal(text_string(&code), codes[fault]);
        text_clear(&code);
    }
}

static const xylem_node three[] = {
    {2, 9, 102, 1, false}, {9, -1, 101, 0, true}, {12, 9, 103, 1, true}};

static void test_nodes(void **state)
{
    (void)state;
    struct reply reply = {
        .kind = REPLY_LIST, .command = "all", .id = -1, .nodes = three, .count = 3};
    expect_both(&reply, "2 9 12\n", "{\"command\":\"all\",\"ok\":true,\"nodes\":[2,9,12]}\n");
    reply.kind = REPLY_TREE;
    reply.command = "tree";
    expect_both(&reply, "9 available\n├── 2 unavailable\n└── 12 available\n",
                "{\"command\":\"tree\",\"ok\":true,\"nodes\":["
                "{\"id\":2,\"parent\":9,\"pid\":102,\"depth\":1,\"available\":false},"
                "{\"id\":9,\"parent\":null,\"pid\":101,\"depth\":0,\"available\":true},"
                "{\"id\":12,\"parent\":9,\"pid\":103,\"depth\":1,\"available\":true}]}\n");
}

/* Much is written in pieces, none of which is kept. */
static void test_many_nodes(void **state)
{
    (void)state;
    static xylem_node nodes[MANY];
    struct text text = TEXT_EMPTY, json = TEXT_EMPTY;
    text_add_string(&json, "{\"command\":\"all\",\"ok\":true,\"nodes\":[");
    for (int i = 0; i < MANY; i++) {
        nodes[i].id = i;
        text_format(&text, "%s%d", i > 0 ? " " : "", i);
        text_format(&json, "%s%d", i > 0 ? "," : "", i);
    }
    text_add_string(&text, "\n");
    text_add_string(&json, "]}\n");
    struct reply reply = {
        .kind = REPLY_LIST, .command = "all", .id = -1, .nodes = nodes, .count = MANY};
    expect_both(&reply, text_string(&text), text_string(&json));
    struct output output = open_output(false);
    format_text.reply(&reply, &output);
    assert_true(output.spilled && output.pending.length < 100 * 1024);
    expect_written(&output, text_string(&text));
    text_clear(&text);
    text_clear(&json);
}

static void test_notices(void **state)
{
    (void)state;
    struct output output = open_output(true);
    format_text.notice(&(xylem_event){XYLEM_NODE_UNAVAILABLE, 66}, &output);
    expect_written(&output, "\033[33mHeartbeat: node 66 is unavailable now\033[0m\n");
    output = open_output(true);
    format_json.notice(&(xylem_event){XYLEM_NODE_UNAVAILABLE, 66}, &output);
    format_json.notice(&(xylem_event){XYLEM_NODE_AVAILABLE, 0}, &output);
    expect_written(&output, "{\"notice\":\"unavailable\",\"id\":66}\n"
                            "{\"notice\":\"available\",\"id\":0}\n");
}

static void test_no_memory(void **state)
{
    (void)state;
    struct output output = open_output(false);
    text_add_string(&output.pending, "half of");
    output.pending.failed = true;
    assert_false(output_commit(&output));
    format_text.reply(&(struct reply){.kind = REPLY_DONE}, &output);
    expect_written(&output, "OK\n");
}

static void test_no_memory_for_the_rest(void **state)
{
    (void)state;
    struct output output = open_output(false);
    while (!output.spilled) {
        text_add_string(&output.pending, "much ");
        assert_true(output_spill(&output));
    }
    output.pending.failed = true;
    assert_false(output_spill(&output));
    assert_true(output_commit(&output));
    assert_int_not_equal(output.error, 0);
    close(output.fd);
    output_clear(&output);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_successes),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_every_error_has_a_code),
        cmocka_unit_test(test_nodes),
        cmocka_unit_test(test_many_nodes),
        cmocka_unit_test(test_notices),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_no_memory_for_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
