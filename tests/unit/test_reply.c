/* Replies: the same one as text and as JSON, in pieces, and without memory. */
#include "unit.h"

#include <fcntl.h>
#include <unistd.h>

#include "cli/command_table.h"
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
    const char *name = "pause";
    const struct command_type *pause = command_type_find((struct span){name, name + 5});
    expect_both(&(struct reply){.kind = REPLY_DONE, .command = "exit", .id = -1}, "OK\n",
                "{\"command\":\"exit\",\"ok\":true}\n");
    expect_both(&(struct reply){.kind = REPLY_CREATED, .command = "create", .id = 0, .pid = 4711},
                "OK: 4711\n", "{\"command\":\"create\",\"id\":0,\"ok\":true,\"pid\":4711}\n");
    expect_both(&(struct reply){.kind = REPLY_REACHED, .command = "ping", .id = 5, .reached = true},
                "OK: 1\n", "{\"command\":\"ping\",\"id\":5,\"ok\":true,\"reached\":true}\n");
    expect_both(&(struct reply){.kind = REPLY_REACHED, .command = "ping", .id = 5}, "OK: -1\n",
                "{\"command\":\"ping\",\"id\":5,\"ok\":true,\"reached\":false}\n");
    expect_both(
        &(struct reply){.kind = REPLY_HELP, .command = "help", .id = -1, .topic = pause},
        "pause ID                    stop a node until it is resumed, like a hang\n\n"
        "Stops a node, like a hang (in a worker process: SIGSTOP). It answers nothing\nuntil "
        "it is resumed. In place of ID there may be a set: ids and ranges ID-ID\nwith commas "
        "between them, ID/ for a node and all below it, or all. The reply\nnames the nodes that "
        "have failed.\n\n"
        "Replies:\n"
        "  OK                        the node has been stopped\n"
        "  OK: N nodes               of a set\n"
        "  Error: Not found          there is no such node\n\n"
        "Example:\n"
        "  > create 50\n  OK: 4711\n  > pause 50\n  OK\n  > resume 50\n  OK\n  > ping 50\n  OK: "
        "1\n",
        "{\"command\":\"help\",\"ok\":true,\"commands\":[{\"usage\":\"pause ID\","
        "\"purpose\":\"stop a node until it is resumed, like a hang\",\"details\":\"Stops a node, "
        "like a hang (in a worker process: SIGSTOP). It answers nothing until it is resumed. In "
        "place of ID there may be a set: ids and ranges ID-ID with commas between them, ID/ for a "
        "node and all below it, or all. The reply names the nodes that have failed.\","
        "\"replies\":[{\"reply\":\"OK\",\"meaning\":\"the node has been stopped\"},{\"reply\":"
        "\"OK: N nodes\",\"meaning\":\"of a set\"},{\"reply\":"
        "\"Error: Not found\",\"meaning\":\"there is no such node\"}],\"example\":\"> create "
        "50\\nOK: 4711\\n> pause 50\\nOK\\n> resume "
        "50\\nOK\\n> ping 50\\nOK: 1\\n\"}]}\n");
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

static struct reply set_reply(const char *command, size_t count, bool answers)
{
    static const int64_t ids[] = {1, 2, 3, 5, 6, 9};
    struct reply reply = {.kind = REPLY_SET, .command = command, .id = -1};
    assert_true(outcomes_begin(&reply.outcomes, ids, count));
    reply.outcomes.answers = answers;
    return reply;
}

static void expect_set(struct reply *reply, const char *text, const char *json)
{
    assert_true(outcomes_group(&reply->outcomes));
    expect_both(reply, text, json);
    reply_clear(reply);
}

/* Answers that a service has combined are those of so many nodes. */
static void test_combined_answers(void **state)
{
    (void)state;
    struct reply reply = set_reply("exec", 3, true);
    outcome_set(&reply.outcomes.all[1], XYLEM_UNAVAILABLE, "");
    for (size_t i = 0; i < 3; i += 2) {
        outcome_set(&reply.outcomes.all[i], XYLEM_OK, "12");
        reply.outcomes.all[i].combined = true;
    }
    expect_set(&reply, "Error: 2: Node is not available; OK: 2 nodes: 12\n",
               "{\"command\":\"exec\",\"ok\":false,\"results\":[{\"ids\":[2],\"ok\":false,"
               "\"error\":{\"code\":\"unavailable\",\"text\":\"Node is not available\"}},"
               "{\"ids\":[1,3],\"ok\":true,\"combined\":true,\"reply\":\"12\"}]}\n");
}

static void test_sets(void **state)
{
    (void)state;
    struct reply reply = set_reply("create", 6, false);
    assert_false(reply_is_error(&reply));
    expect_set(&reply, "OK: 6 nodes\n",
               "{\"command\":\"create\",\"ok\":true,\"results\":[{\"ids\":[1,2,3,5,6,9],"
               "\"ok\":true}]}\n");
    reply = set_reply("create", 1, false);
    expect_set(&reply, "OK: 1 node\n",
               "{\"command\":\"create\",\"ok\":true,\"results\":[{\"ids\":[1],\"ok\":true}]}\n");
    reply = set_reply("exec", 6, true);
    outcome_set(&reply.outcomes.all[0], XYLEM_OK, "a\nb");
    outcome_set(&reply.outcomes.all[3], XYLEM_OK, "a\nb");
    expect_set(&reply, "OK: 1,5: a?b; 2-3,6,9\n",
               "{\"command\":\"exec\",\"ok\":true,\"results\":[{\"ids\":[1,5],\"ok\":true,"
               "\"combined\":false,\"reply\":\"a\\nb\"},{\"ids\":[2,3,6,9],\"ok\":true,"
               "\"combined\":false,\"reply\":\"\"}]}\n");
    reply = set_reply("exec", 3, true);
    outcome_set(&reply.outcomes.all[0], XYLEM_OK, "x");
    outcome_set(&reply.outcomes.all[1], XYLEM_FAILED, "no such file");
    outcome_set(&reply.outcomes.all[2], XYLEM_BAD_SUBCOMMAND, "'y'");
    assert_true(reply_is_error(&reply));
    expect_set(
        &reply, "Error: 2: no such file; 3: bad subcommand: 'y'; OK: 1: x\n",
        "{\"command\":\"exec\",\"ok\":false,\"results\":[{\"ids\":[2],\"ok\":false,"
        "\"error\":{\"code\":\"failed\",\"text\":\"no such file\"}},{\"ids\":[3],\"ok\":false,"
        "\"error\":{\"code\":\"bad_subcommand\",\"text\":\"bad subcommand: 'y'\"}},"
        "{\"ids\":[1],\"ok\":true,\"combined\":false,\"reply\":\"x\"}]}\n");
    reply = set_reply("remove", 2, false);
    outcome_set(&reply.outcomes.all[0], XYLEM_NOT_FOUND, "");
    outcome_set(&reply.outcomes.all[1], XYLEM_NOT_FOUND, "");
    expect_set(&reply, "Error: 1-2: Not found\n",
               "{\"command\":\"remove\",\"ok\":false,\"results\":[{\"ids\":[1,2],\"ok\":false,"
               "\"error\":{\"code\":\"not_found\",\"text\":\"Not found\"}}]}\n");
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
    reply_fail(&reply, COMMAND_BAD_COMMAND, "bad command", NULL);
    expect_both(&reply, "Error: bad command\n",
                "{\"command\":null,\"ok\":false,"
                "\"error\":{\"code\":\"bad_command\",\"text\":\"bad command\"}}\n");
    expect_shown(&format_text, true, &reply, "\033[31mError: bad command\033[0m\n");
    reply.file = "a\nfile";
    reply.line = 12;
    expect_both(&reply, "Error: a?file:12: bad command\n",
                "{\"command\":null,\"ok\":false,\"error\":{\"code\":\"bad_command\","
                "\"text\":\"bad command\",\"file\":\"a\\nfile\",\"line\":12}}\n");
}

static void test_every_error_has_a_code(void **state)
{
    (void)state;
    static const char *const codes[] = {[XYLEM_NOT_FOUND] = "not_found",
                                        [XYLEM_PARENT_UNAVAILABLE] = "parent_unavailable",
                                        [XYLEM_PARENT_NOT_FOUND] = "parent_not_found",
                                        [XYLEM_PARENT_HAS_CHILD] = "parent_has_child",
                                        [XYLEM_PARENT_IS_BELOW] = "parent_is_below",
                                        [XYLEM_ANSWER_LOST] = "answer_lost",
                                        [XYLEM_TIMED_OUT] = "timed_out",
                                        [XYLEM_NO_MEMORY] = "no_memory",
                                        [COMMAND_BAD_COMMAND] = "bad_command",
                                        [COMMAND_BAD_ID] = "bad_id",
                                        [COMMAND_BAD_NUMBER] = "bad_number",
                                        [COMMAND_CANNOT_READ] = "cannot_read"};
    for (int error = 1; error < COMMAND_ERROR_COUNT; error++) {
        struct text code = TEXT_EMPTY;
        command_error_add_code(&code, error);
        assert_true(code.length > 0);
        if (codes[error])
            assert_string_equal(text_string(&code), codes[error]);
        text_clear(&code);
    }
}

static const xylem_node *const three[] = {
    &(xylem_node){.id = 2, .parent = 9, .pid = 102, .depth = 1},
    &(xylem_node){.id = 9, .parent = -1, .pid = 101, .available = true},
    &(xylem_node){.id = 12, .parent = 9, .pid = 103, .depth = 1, .available = true}};

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

static const xylem_node *const six[] = {
    &(xylem_node){.id = 1, .parent = -1, .pid = 101, .available = true},
    &(xylem_node){.id = 2, .parent = 9, .pid = 102, .depth = 1},
    &(xylem_node){.id = 3, .parent = 9, .pid = 103, .depth = 1},
    &(xylem_node){.id = 4, .parent = 9, .pid = 104, .depth = 1},
    &(xylem_node){.id = 5, .parent = 3, .pid = 105, .depth = 2},
    &(xylem_node){.id = 9, .parent = -1, .pid = 106}};

static void test_several_trees(void **state)
{
    (void)state;
    struct reply reply = {.kind = REPLY_TREE, .command = "tree", .nodes = six, .count = 6};
    expect_shown(&format_text, false, &reply,
                 "1 available\n"
                 "9 unavailable\n"
                 "├── 2 unavailable\n"
                 "├── 3 unavailable\n"
                 "│   └── 5 unavailable\n"
                 "└── 4 unavailable\n");
}

static void test_unreached(void **state)
{
    (void)state;
    static const int64_t ids[] = {7, 10, INT64_MAX};
    struct reply reply = {.kind = REPLY_UNREACHED, .command = "pingall", .id = -1};
    expect_both(&reply, "OK: -1\n", "{\"command\":\"pingall\",\"ok\":true,\"unavailable\":[]}\n");
    reply.ids = ids;
    reply.count = 1;
    expect_both(&reply, "OK: 7\n", "{\"command\":\"pingall\",\"ok\":true,\"unavailable\":[7]}\n");
    reply.count = 3;
    expect_both(&reply, "OK: 7;10;9223372036854775807\n",
                "{\"command\":\"pingall\",\"ok\":true,"
                "\"unavailable\":[7,10,9223372036854775807]}\n");
}

static void test_facts(void **state)
{
    (void)state;
    struct reply reply = {.kind = REPLY_FACTS, .command = "info", .id = 5};
    reply_add_fact(&reply, "above", FACT_ID, -1);
    reply_add_fact(&reply, "below", FACT_ID, 12);
    reply_add_fact(&reply, "is_so", FACT_BOOL, true);
    reply_add_fact(&reply, "is_not", FACT_BOOL, false);
    reply_add_text_fact(&reply, "text", "a\n\"b");
    reply_add_fact(&reply, "longest_ms", FACT_MS, 7);
    expect_both(&reply,
                "id:      5\n"
                "above:   -1\n"
                "below:   12\n"
                "is so:   yes\n"
                "is not:  no\n"
                "text:    a?\"b\n"
                "longest: 7 ms\n",
                "{\"command\":\"info\",\"id\":5,\"ok\":true,\"above\":null,\"below\":12,"
                "\"is_so\":true,\"is_not\":false,\"text\":\"a\\n\\\"b\",\"longest_ms\":7}\n");
    reply = (struct reply){.kind = REPLY_FACTS, .command = "status", .id = -1};
    reply_add_fact(&reply, "nodes", FACT_NUMBER, 0);
    expect_both(&reply, "nodes: 0\n", "{\"command\":\"status\",\"ok\":true,\"nodes\":0}\n");
}

/* Much is written in pieces, none of which is kept. */
static void test_many_nodes(void **state)
{
    (void)state;
    static xylem_node nodes[MANY];
    static const xylem_node *list[MANY];
    struct text text = TEXT_EMPTY, json = TEXT_EMPTY;
    text_add_string(&json, "{\"command\":\"all\",\"ok\":true,\"nodes\":[");
    for (int i = 0; i < MANY; i++) {
        nodes[i].id = i;
        list[i] = &nodes[i];
        text_format(&text, "%s%d", i > 0 ? " " : "", i);
        text_format(&json, "%s%d", i > 0 ? "," : "", i);
    }
    text_add_string(&text, "\n");
    text_add_string(&json, "]}\n");
    struct reply reply = {
        .kind = REPLY_LIST, .command = "all", .id = -1, .nodes = list, .count = MANY};
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
    format_text.notice(&(xylem_event){.kind = XYLEM_NODE_UNAVAILABLE, .id = 66}, NULL, &output);
    expect_written(&output, "\033[33mHeartbeat: node 66 is unavailable now\033[0m\n");
    output = open_output(true);
    static const xylem_event events[] = {
        {.kind = XYLEM_NODE_UNAVAILABLE, .id = 6, .life = 2, .cause = XYLEM_SILENT, .origin = 6},
        {.id = 6, .life = 2, .cause = XYLEM_EXITED, .number = 3, .origin = 6},
        {.id = 6, .life = 2, .cause = XYLEM_SIGNALLED, .number = 9, .origin = 6},
        {.id = 7, .life = 3, .cause = XYLEM_ANCESTOR, .origin = 6},
        {.id = 8, .life = 4, .cause = XYLEM_NO_AGENT, .origin = 6},
        {.kind = XYLEM_NODE_AVAILABLE, .life = 1, .origin = -1}};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        format_json.notice(&events[i], NULL, &output);
#define NOTICE(id, life, cause)                                                                    \
    "{\"notice\":\"unavailable\",\"id\":" id ",\"life\":" life ",\"cause\":" cause                 \
    ",\"origin\":6}\n"
    expect_written(
        &output, NOTICE("6", "2", "\"silent\"") NOTICE("6", "2", "\"exited\",\"status\":3")
                     NOTICE("6", "2", "\"signalled\",\"signal\":9") NOTICE("7", "3", "\"ancestor\"")
                         NOTICE("8", "4",
                                "\"no_agent\"") "{\"notice\":\"available\",\"id\":0,\"life\":1}\n");
#undef NOTICE
}

/* A notice of a repair, in a network with so many restarts in such a window. */
static void expect_repair(const xylem_event *event, int64_t window_ms, const char *text,
                          const char *json)
{
    xylem_options options = XYLEM_OPTIONS;
    struct output output = open_output(false);
    options.restart_window_ms = window_ms;
    format_text.notice(event, &options, &output);
    expect_written(&output, text);
    output = open_output(false);
    format_json.notice(event, &options, &output);
    expect_written(&output, json);
}

static void test_repairs(void **state)
{
    (void)state;
    xylem_event event = {
        .kind = XYLEM_NODE_ADOPTED, .id = 66, .life = 3, .origin = -1, .parent = 12};
    expect_repair(&event, 60000, "Repair: node 66 is below 12 now\n",
                  "{\"notice\":\"adopted\",\"id\":66,\"life\":3,\"parent\":12}\n");
    event.parent = -1;
    expect_repair(&event, 60000, "Repair: node 66 is below the controlling node now\n",
                  "{\"notice\":\"adopted\",\"id\":66,\"life\":3,\"parent\":null}\n");
    event = (xylem_event){.kind = XYLEM_NODE_RESTARTED, .id = 66, .life = 4, .number = 2};
    expect_repair(&event, 60000, "Repair: node 66 was started again (2 of 5 within 60 s)\n",
                  "{\"notice\":\"restarted\",\"id\":66,\"life\":4,\"restarts\":2,"
                  "\"restarts_max\":5,\"restart_window_ms\":60000}\n");
    event = (xylem_event){.kind = XYLEM_NODE_RETIRED, .id = 66, .life = 4, .number = 5};
    expect_repair(
        &event, 1500,
        "Repair: node 66 was started again too often (5 within 1500 ms) and stays ended\n",
        "{\"notice\":\"retired\",\"id\":66,\"life\":4,\"restarts\":5,"
        "\"restarts_max\":5,\"restart_window_ms\":1500}\n");
}

static void test_published(void **state)
{
    (void)state;
    xylem_event event = {.kind = XYLEM_PUBLISHED,
                         .id = 3,
                         .life = 7,
                         .topic = "load",
                         .bytes = "50 %",
                         .bytes_size = 4};
    expect_repair(&event, 60000, "Published: node 3: load: 50 %\n",
                  "{\"notice\":\"published\",\"id\":3,\"life\":7,\"topic\":\"load\","
                  "\"text\":\"50 %\"}\n");
    event.topic = "a\033b";
    event.bytes = "one\ntwo\0three\0";
    event.bytes_size = 14;
    expect_repair(&event, 60000, "Published: node 3: a?b: one?two?three?\n",
                  "{\"notice\":\"published\",\"id\":3,\"life\":7,\"topic\":\"a\\u001bb\","
                  "\"text\":\"one\\ntwo\\u0000three\\u0000\"}\n");
    event.bytes = "";
    event.bytes_size = 0;
    event.topic = "end";
    expect_repair(&event, 60000, "Published: node 3: end: \n",
                  "{\"notice\":\"published\",\"id\":3,\"life\":7,\"topic\":\"end\","
                  "\"text\":\"\"}\n");
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
        cmocka_unit_test(test_successes),  cmocka_unit_test(test_answers),
        cmocka_unit_test(test_sets),       cmocka_unit_test(test_combined_answers),
        cmocka_unit_test(test_errors),     cmocka_unit_test(test_every_error_has_a_code),
        cmocka_unit_test(test_nodes),      cmocka_unit_test(test_several_trees),
        cmocka_unit_test(test_unreached),  cmocka_unit_test(test_facts),
        cmocka_unit_test(test_many_nodes), cmocka_unit_test(test_notices),
        cmocka_unit_test(test_repairs),    cmocka_unit_test(test_published),
        cmocka_unit_test(test_no_memory),  cmocka_unit_test(test_no_memory_for_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
