/* The grammar: what each line is read as. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/command.h"
#include "cli/command_error.h"
#include "cli/command_table.h"
#include "cli/completion.h"
#include "xylem.h"

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

static struct span span_of(const char *text)
{
    return (struct span){text, text + strlen(text)};
}

/* The single command of a line. */
static struct command parse(const char *text)
{
    struct span line = span_of(text);
    struct command command, further;
    if (!command_next(&line, &command))
        fail_msg("no command in '%s'", text);
    if (command_next(&line, &further))
        fail_msg("more than one command in '%s'", text);
    return command;
}

static void expect_bad(const char *text, const char *error)
{
    struct command command = parse(text);
    if (!command.bad || strcmp(text_string(&command.text), error) != 0)
        fail_msg("'%s': got '%s' instead of '%s'", text, text_string(&command.text), error);
    command_clear(&command);
}

/* That it is a good command of this name. */
static void expect_name(const struct command *command, const char *name)
{
    if (command->bad)
        fail_msg("%s: %s", name, text_string(&command->text));
    assert_non_null(command->type);
    assert_string_equal(command->type->name, name);
}

static void expect_type(const char *text, const char *name)
{
    struct command command = parse(text);
    expect_name(&command, name);
    command_clear(&command);
}

static void expect_id(const char *text, const char *name, int64_t id)
{
    struct command command = parse(text);
    expect_name(&command, name);
    assert_true(command.id == id);
    command_clear(&command);
}

static void expect_ms(const char *text, const char *name, int64_t ms)
{
    struct command command = parse(text);
    expect_name(&command, name);
    assert_true(command.ms == ms);
    command_clear(&command);
}

static void expect_exec(const char *text, const char *words)
{
    struct command command = parse(text);
    expect_name(&command, "exec");
    assert_true(command.id == 12);
    assert_string_equal(text_string(&command.text), words);
    command_clear(&command);
}

static void expect_wait(const char *text, bool available, int64_t ms)
{
    struct command command = parse(text);
    expect_name(&command, "wait");
    assert_true(command.id == 5);
    assert_int_equal(command.available, available);
    assert_true(command.ms == ms);
    command_clear(&command);
}

static void expect_file(const char *text, const char *name)
{
    struct command command = parse(text);
    expect_name(&command, "exec");
    assert_true(command.id == 12);
    assert_int_equal(command.from_file, name != NULL);
    if (name)
        assert_string_equal(text_string(&command.text), name);
    command_clear(&command);
}

static void expect_topic(const char *text, const struct command_type *topic)
{
    struct command command = parse(text);
    expect_name(&command, "help");
    assert_ptr_equal(command.topic, topic);
    command_clear(&command);
}

static size_t count_commands(const char *text)
{
    struct span line = span_of(text);
    struct command command;
    size_t count = 0;
    for (; count < 100 && command_next(&line, &command); count++)
        command_clear(&command);
    return count;
}

/* Every command. */

static const char *const with_id[] = {"create", "remove", "ping",  "info",
                                      "kill",   "pause",  "resume"};
static const char *const with_ms[] = {"heartbeat", "sleep"};
static const char *const alone[] = {"all", "tree", "pingall", "status", "exit"};

static const struct command_type *find_type(const char *name)
{
    return command_type_find(span_of(name));
}

__attribute__((format(printf, 2, 3))) static const char *print(char text[256], const char *format,
                                                               ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, 256, format, arguments);
    va_end(arguments);
    return text;
}

static void test_commands_with_an_id(void **state)
{
    (void)state;
    char text[256], usage[256];
    for (size_t i = 0; i < LENGTH(with_id); i++) {
        const char *name = with_id[i];
        expect_id(print(text, "%s 0", name), name, 0);
        expect_id(print(text, "%s 12", name), name, 12);
        expect_id(print(text, "%s 9223372036854775807", name), name, INT64_MAX);
        print(usage, "bad command: usage: %s", find_type(name)->usage);
        expect_bad(name, usage);
        expect_bad(print(text, "%s 1 2 3 4 5 6", name), usage);
        expect_bad(print(text, "%s abc", name), "bad id: 'abc'");
        if (strcmp(name, "create") == 0) /* the second word is the parent */
            continue;
        expect_bad(print(text, "%s 1 2", name), usage);
        expect_bad(print(text, "%s x y", name), usage);
    }
}

static void test_bad_ids(void **state)
{
    (void)state;
    static const char *const words[] = {"-1",
                                        "+1",
                                        "1.0",
                                        "0x10",
                                        "1e3",
                                        "12a",
                                        "a12",
                                        "9223372036854775808",
                                        "-0",
                                        "1,",
                                        "\\",
                                        "١",
                                        "1\xC2\xA0",
                                        "1#2",
                                        "99999999999999999999999999",
                                        "18446744073709551617"};
    char text[256], error[256];
    for (size_t i = 0; i < LENGTH(words); i++) {
        print(error, "bad id: '%s'", words[i]);
        expect_bad(print(text, "create %s", words[i]), error);
        expect_bad(print(text, "exec %s start", words[i]), error);
        expect_bad(print(text, "wait %s up", words[i]), error);
    }
}

static void test_ids_may_begin_with_zeros(void **state)
{
    (void)state;
    expect_id("create 007", "create", 7);
    expect_id("create 00000000000000000000000000000012", "create", 12);
}

static void test_commands_with_a_time(void **state)
{
    (void)state;
    static const char *const words[] = {"-1", "+5", "1.5", "abc", "2147483648", "1s"};
    char text[256], other[256];
    for (size_t i = 0; i < LENGTH(with_ms); i++) {
        const char *name = with_ms[i];
        expect_ms(print(text, "%s 0", name), name, 0);
        expect_ms(print(text, "%s 250", name), name, 250);
        expect_ms(print(text, "%s 2147483647", name), name, INT32_MAX);
        print(other, "bad command: usage: %s MS", name);
        expect_bad(name, other);
        expect_bad(print(text, "%s 1 2", name), other);
        for (size_t j = 0; j < LENGTH(words); j++)
            expect_bad(print(text, "%s %s", name, words[j]),
                       print(other, "bad number: '%s'", words[j]));
    }
}

static void test_commands_without_arguments(void **state)
{
    (void)state;
    char text[256], usage[256];
    for (size_t i = 0; i < LENGTH(alone); i++) {
        expect_type(alone[i], alone[i]);
        print(usage, "bad command: usage: %s", alone[i]);
        expect_bad(print(text, "%s now", alone[i]), usage);
        expect_bad(print(text, "%s 1 2 3 4 5", alone[i]), usage);
    }
}

static void test_exec(void **state)
{
    (void)state;
    static const char usage[] = "bad command: usage: exec ID TEXT|@FILE [&]";
    expect_exec("exec 12 start", "start");
    expect_exec("exec 12 frob", "frob");
    expect_exec("exec 12  set\t a   b \r", "set a b");
    expect_exec("exec 12 one two three four five six", "one two three four five six");
    expect_exec("exec 12 a#b # c", "a#b");
    expect_bad("exec", usage);
    expect_bad("exec 12", usage);
    expect_bad("exec abc", usage);
    expect_bad("exec 12 # start", usage);
    expect_bad("exec abc start", "bad id: 'abc'");
    expect_bad("exec start 12", "bad id: 'start'");
}

static void test_exec_of_a_file(void **state)
{
    (void)state;
    expect_file("exec 12 @x", "x");
    expect_file("exec 12 @/a/b.sh;", "/a/b.sh");
    expect_file("exec 12 @'a b'\"c\"", "a bc");
    expect_file("exec 12 @", "");
    expect_file("exec 12 @@x", "@x");
    expect_file("exec 12 @x # y", "x");
    expect_file("exec 12 '@x'", NULL);
    expect_file("exec 12 \"@x\"", NULL);
    expect_file("exec 12 ''@x", NULL);
    expect_file("exec 12 \\@x", NULL);
    expect_file("exec 12 x@y", NULL);
    expect_file("exec 12 @x y", NULL);
    expect_file("exec 12 y @x", NULL);
    expect_file("exec 12 @x ''", NULL);
    expect_exec("exec 12 '@x'", "@x");
    expect_exec("exec 12 @x y", "@x y");
}

#define WAIT_USAGE "bad command: usage: wait ID up|down [MS], wait JOB|all [MS]"

static void test_wait(void **state)
{
    (void)state;
    static const char usage[] = WAIT_USAGE;
    expect_wait("wait 5 up", true, -1);
    expect_wait("wait 5 down", false, -1);
    expect_wait("wait 5 up 0", true, 0);
    expect_wait("wait 5 down 300", false, 300);
    expect_bad("wait", usage);
    expect_bad("wait 5 up 1 2", usage);
    expect_bad("wait 5 sideways", usage);
    expect_bad("wait 5 UP", usage);
    expect_bad("wait x sideways y", usage);
    expect_bad("wait x up", "bad id: 'x'");
    expect_bad("wait x up y", "bad id: 'x'");
    expect_bad("wait 5 up y", "bad number: 'y'");
    expect_bad("wait 5 down -1", "bad number: '-1'");
}

static void expect_wait_for_jobs(const char *text, int64_t job, int64_t ms)
{
    struct command command = parse(text);
    expect_name(&command, "wait");
    assert_true(command.for_jobs && command.job == job && command.ms == ms && command.id == -1);
    command_clear(&command);
}

static void test_wait_for_jobs(void **state)
{
    (void)state;
    expect_wait_for_jobs("wait 5", 5, -1);
    expect_wait_for_jobs("wait 5 300", 5, 300);
    expect_wait_for_jobs("wait all", 0, -1);
    expect_wait_for_jobs("wait all 0", 0, 0);
    expect_bad("wait 0", "bad number: '0'");
    expect_bad("wait up", "bad number: 'up'");
    expect_bad("wait up 1", "bad number: 'up'");
    expect_bad("wait 5 1.5", "bad number: '1.5'");
    expect_bad("wait 5 -1", "bad number: '-1'");
    expect_bad("wait 5 99999999999", "bad number: '99999999999'");
    expect_bad("wait all x", "bad number: 'x'");
    expect_bad("wait all up", "bad number: 'up'");
    expect_bad("wait all 1 2", WAIT_USAGE);
    expect_bad("wait all up 2", WAIT_USAGE);
    expect_bad("wait 5 6 7", WAIT_USAGE);
    expect_bad("cancel", "bad command: usage: cancel JOB");
    expect_bad("cancel all", "bad number: 'all'");
    expect_type("jobs", "jobs");
}

static void expect_job(const char *text, bool background, bool from_file, const char *wanted)
{
    struct command command = parse(text);
    expect_name(&command, "exec");
    assert_true(command.background == background && command.from_file == from_file);
    assert_string_equal(text_string(&command.text), wanted);
    command_clear(&command);
}

static void test_background(void **state)
{
    static const char usage[] = "bad command: usage: exec ID TEXT|@FILE [&]";
    (void)state;
    expect_job("exec 12 a b &", true, false, "a b");
    expect_job("exec 12 a b & ; # c", true, false, "a b");
    expect_job("exec 12 a '&'", false, false, "a &");
    expect_job("exec 12 & a", false, false, "& a");
    expect_job("exec 12 a&", false, false, "a&");
    expect_job("exec 12 @f &", true, true, "f");
    expect_job("exec 12 '@f' &", true, false, "@f");
    expect_job("exec 12 & &", true, false, "&");
    expect_bad("exec 12 &", usage);
    expect_bad("exec &", usage);
    expect_bad("ping 12 &", "bad command: usage: ping ID");
}

static void expect_create(const char *text, int64_t parent, const char *service)
{
    struct command command = parse(text);
    expect_name(&command, "create");
    assert_true(command.id == 12 && command.parent == parent);
    assert_string_equal(text_string(&command.text), service);
    command_clear(&command);
}

#define CREATE_USAGE                                                                               \
    "bad command: usage: create ID [PARENT] [--service NAME] [--arguments TEXT] [--fresh]"

static void test_create_with_service(void **state)
{
    (void)state;
    expect_create("create 12", XYLEM_ANY, "");
    expect_create("create 12 --service sum", XYLEM_ANY, "sum");
    expect_create("create 12 '--service' \"a b\"", XYLEM_ANY, "a b");
    expect_bad("create 12 --service", CREATE_USAGE);
    expect_bad("create 12 --service ''", CREATE_USAGE);
    expect_bad("create 12 --servic sum", CREATE_USAGE);
    expect_bad("create 12 --service sum sum", CREATE_USAGE);
    expect_bad("create x --service sum", "bad id: 'x'");
}

static void test_create_with_parent(void **state)
{
    (void)state;
    expect_create("create 12 0", 0, "");
    expect_create("create 12 9223372036854775807", INT64_MAX, "");
    expect_create("create 12 -1", XYLEM_CONTROLLER, "");
    expect_create("create 12 7 --service sum", 7, "sum");
    expect_create("create 12 -1 --service sum", XYLEM_CONTROLLER, "sum");
    expect_bad("create 12 -2", "bad id: '-2'");
    expect_bad("create 12 -", "bad id: '-'");
    expect_bad("create 12 -01", "bad id: '-01'");
    expect_bad("create 12 7x", "bad id: '7x'");
    expect_bad("create x 7", "bad id: 'x'");
    expect_bad("create 12 7 8", CREATE_USAGE);
    expect_bad("create 12 7 --service", CREATE_USAGE);
    expect_bad("create 12 7 --service ''", CREATE_USAGE);
    expect_bad("create 12 7 --service sum 8", CREATE_USAGE);
    expect_bad("create 12 --service sum 7", CREATE_USAGE);
    expect_bad("create 12 7 8 sum", CREATE_USAGE);
}

static void expect_given(const char *text, const char *service, const char *arguments, bool fresh)
{
    struct command command = parse(text);
    expect_name(&command, "create");
    assert_true(command.id == 12 && command.fresh == fresh);
    assert_string_equal(text_string(&command.text), service);
    assert_string_equal(text_string(&command.arguments), arguments);
    command_clear(&command);
}

static void test_create_with_arguments(void **state)
{
    (void)state;
    expect_given("create 12", "", "", false);
    expect_given("create 12 --arguments a", "", "a", false);
    expect_given("create 12 --arguments ' a \"b\" ; # '", "", " a \"b\" ; # ", false);
    expect_given("create 12 --arguments \"a \\\" b\"", "", "a \" b", false);
    expect_given("create 12 --arguments ''", "", "", false);
    expect_given("create 12 --arguments --fresh", "", "--fresh", false);
    expect_given("create 12 --arguments --service --service sum", "sum", "--service", false);
    expect_given("create 12 --fresh", "", "", true);
    expect_given("create 12 -1 --fresh --arguments '1 2' --service sum", "sum", "1 2", true);
    expect_given("create 12 7 --service sum --arguments '1 2' --fresh", "sum", "1 2", true);
    expect_bad("create 12 --arguments", CREATE_USAGE);
    expect_bad("create 12 --arguments a b", CREATE_USAGE);
    expect_bad("create 12 --arguments a --arguments b", CREATE_USAGE);
    expect_bad("create 12 --arguments '' --arguments ''", CREATE_USAGE);
    expect_bad("create 12 --service a --service b", CREATE_USAGE);
    expect_bad("create 12 --fresh --fresh", CREATE_USAGE);
    expect_bad("create 12 --fresh yes", CREATE_USAGE);
    expect_bad("create 12 --fresh 7", CREATE_USAGE);
    expect_bad("create 12 7 --service a --arguments b --fresh c", CREATE_USAGE);
    expect_bad("create --fresh", "bad id: '--fresh'");
    expect_bad("create x --arguments a --service sum", "bad id: 'x'");
    expect_bad("create 12 x --arguments a --service sum", "bad id: 'x'");
}

static void expect_move(const char *text, int64_t parent)
{
    struct command command = parse(text);
    expect_name(&command, "move");
    assert_true(command.id == 12 && command.parent == parent);
    command_clear(&command);
}

static void test_move(void **state)
{
    (void)state;
    expect_move("move 12 0", 0);
    expect_move("move 12 9223372036854775807", INT64_MAX);
    expect_move("move 12 12", 12);
    expect_move("move 12 -1", XYLEM_CONTROLLER);
    expect_bad("move 12 -2", "bad id: '-2'");
    expect_bad("move 12 all", "bad id: 'all'");
    expect_bad("move -1 12", "bad id: '-1'");
    expect_bad("move x y", "bad id: 'x'");
    expect_bad("move", "bad command: usage: move ID PARENT");
    expect_bad("move 12", "bad command: usage: move ID PARENT");
    expect_bad("move 12 5 5", "bad command: usage: move ID PARENT");
}

/* Another spelling is the same command in every respect. */
static void test_aliases(void **state)
{
    (void)state;
    expect_ms("heartbit 250", "heartbeat", 250);
    expect_bad("heartbit", "bad command: usage: heartbeat MS");
    expect_bad("heartbit x", "bad number: 'x'");
}

static void expect_meant(const char *word, const char *meant)
{
    char line[256], text[256];
    int length = snprintf(text, sizeof text, "bad command: '%s'", word);
    if (meant)
        snprintf(text + length, sizeof text - (size_t)length, " (did you mean '%s'?)", meant);
    expect_bad(word, text);
    expect_bad(print(line, "%s 12", word), text);
    expect_bad(print(line, "help %s", word), text);
}

static void test_unknown_commands(void **state)
{
    (void)state;
    static const char *const words[][2] = {{"creat", "create"},
                                           {"CREATE", "create"},
                                           {"crate", "create"},
                                           {"created", "create"},
                                           {"cretae", "create"},
                                           {"pnig", "ping"},
                                           {"pin", "ping"},
                                           {"pingg", "ping"},
                                           {"xit", "exit"},
                                           {"heartbt", "heartbeat"},
                                           {"heatbit", "heartbeat"},
                                           {"pingal", "pingall"},
                                           {"statu", "status"},
                                           {"hearbaet", "heartbeat"},
                                           {"help!", "help"},
                                           {"jbos", "jobs"},
                                           {"resum", "resume"},
                                           {"Al", "all"},
                                           {"quit", "exit"},
                                           {"Quit", "exit"},
                                           {"bye", "exit"},
                                           {"ls", "all"},
                                           {"list", "all"},
                                           {"rm", "remove"},
                                           {"mv", "move"},
                                           {"mvoe", "move"},
                                           {"delete", "remove"},
                                           {"?", "help"},
                                           {"frob", NULL},
                                           {"foo", NULL},
                                           {"-c", NULL},
                                           {"é", NULL},
                                           {"12a", NULL},
                                           {"x", NULL},
                                           {"a", NULL},
                                           {"create-a-node-at-once", NULL},
                                           {"1.5", NULL},
                                           {"-1", NULL},
                                           {"heartbeatheartbeat", NULL}};
    for (size_t i = 0; i < LENGTH(words); i++)
        expect_meant(words[i][0], words[i][1]);
}

/* There is no command in such a line, not even one that is unknown. */
static void test_numbers_are_no_commands(void **state)
{
    (void)state;
    expect_bad("12", "bad command");
    expect_bad("50 create", "bad command");
    expect_bad("00000000000000000000000000000000000000", "bad command");
    expect_bad("'12'", "bad command");
    expect_bad("'1 2'", "bad command: '1 2'");
    expect_bad("''", "bad command: ''");
    expect_bad("'' create 12", "bad command: ''");
    expect_bad("help 12", "bad command: '12'");
}

static void test_help(void **state)
{
    (void)state;
    char line[256];
    expect_topic("help", NULL);
    for (const struct command_type *type = command_types; type->name; type++)
        expect_topic(print(line, "help %s", type->name), type);
    expect_topic("help heartbit", find_type("heartbeat"));
    expect_bad("help create remove", "bad command: usage: help [COMMAND]");
}

/* A row of the table is complete, and does not contradict another one. */
static void test_table(void **state)
{
    (void)state;
    for (const struct command_type *type = command_types; type->name; type++) {
        size_t length = strlen(type->name);
        assert_ptr_equal(find_type(type->name), type);
        assert_non_null(type->run);
        assert_int_equal(type->parse == NULL, type->most == 1);
        assert_memory_equal(type->usage, type->name, length);
        assert_true(*type->purpose && *type->details);
        assert_non_null(strstr(type->example, type->name));
        assert_memory_equal(type->example, "> ", 2);
        assert_int_equal(type->example[strlen(type->example) - 1], '\n');
        assert_null(type->replies[REPLIES_MAX].reply);
    }
}

/* Every example is made of commands that are understood, except where its reply says otherwise. */
static void test_examples(void **state)
{
    (void)state;
    for (const struct command_type *type = command_types; type->name; type++)
        for (const char *line = type->example; *line; line += strcspn(line, "\n") + 1) {
            struct span rest = {line + 2, line + strcspn(line, "\n")};
            struct command command;
            if (strncmp(line, "> ", 2) != 0)
                continue;
            assert_true(command_next(&rest, &command));
            assert_int_equal(command.bad, strncmp(rest.end + 1, "Error: bad command", 18) == 0);
            command_clear(&command);
        }
}

/* What can be said of a bad command. */

static void expect_error(const char *text, int error, const char *name, int64_t id)
{
    struct command command = parse(text);
    assert_true(command.bad);
    assert_int_equal(command.error, error);
    assert_true(command.id == id);
    assert_ptr_equal(command.type, name ? find_type(name) : NULL);
    command_clear(&command);
}

static void test_errors(void **state)
{
    (void)state;
    expect_error("frob 12", COMMAND_BAD_COMMAND, NULL, -1);
    expect_error("create", COMMAND_BAD_COMMAND, "create", -1);
    expect_error("create 12 '", COMMAND_BAD_COMMAND, "create", -1);
    expect_error("create x", COMMAND_BAD_ID, "create", -1);
    expect_error("sleep x", COMMAND_BAD_NUMBER, "sleep", -1);
    expect_error("wait 12 up x", COMMAND_BAD_NUMBER, "wait", 12);
    expect_error("help frob", COMMAND_BAD_COMMAND, "help", -1);
    struct command unreadable = command_unreadable();
    assert_true(unreadable.bad);
    assert_int_equal(unreadable.error, COMMAND_BAD_COMMAND);
    assert_string_equal(text_string(&unreadable.text), "bad command");
    assert_null(unreadable.type);
    command_clear(&unreadable);
}

static void test_commands_have_a_name_and_an_id(void **state)
{
    (void)state;
    struct command command = parse("ping 12");
    expect_name(&command, "ping");
    assert_true(command.id == 12);
    command_clear(&command);
    command = parse("heartbeat 12");
    expect_name(&command, "heartbeat");
    assert_true(command.id == -1);
    command_clear(&command);
}

/* Words, comments and separators. */

static void test_blanks(void **state)
{
    (void)state;
    expect_id("\t create \v\f 12 \r", "create", 12);
    static const char *const empty[] = {"",       " ",          "\r", " \t\v\f\r",    ";",
                                        " ; ;; ", "# create 1", "#",  "  #;create 1", ";#;all"};
    for (size_t i = 0; i < LENGTH(empty); i++)
        assert_int_equal(count_commands(empty[i]), 0);
}

static void test_comments(void **state)
{
    (void)state;
    expect_id("create 12 # the first one", "create", 12);
    expect_id("create 12 #the first one; create 13", "create", 12);
    expect_bad("create 12#", "bad id: '12#'");
    expect_bad("create#", "bad command: 'create#' (did you mean 'create'?)");
    expect_bad(
        "create # 12",
        "bad command: usage: create ID [PARENT] [--service NAME] [--arguments TEXT] [--fresh]");
}

static void test_separators(void **state)
{
    (void)state;
    struct span line = span_of("create 1;frob ;;  all;exec 12 a;b# c;tree # d; exit");
    static const char *const names[] = {"create", NULL, "all", "exec", NULL, "tree"};
    struct command command;
    for (size_t i = 0; i < LENGTH(names); i++) {
        assert_true(command_next(&line, &command));
        assert_ptr_equal(command.type, names[i] ? find_type(names[i]) : NULL);
        command_clear(&command);
    }
    assert_false(command_next(&line, &command));
}

static void test_nothing_is_read_behind_the_end(void **state)
{
    (void)state;
    const char text[] = "create 123";
    struct span line = {text, text + 9};
    struct command command;
    assert_true(command_next(&line, &command));
    assert_true(command.id == 12);
    command_clear(&command);
}

/* Quotes. */

static void test_quotes(void **state)
{
    (void)state;
    expect_id("create '12'", "create", 12);
    expect_id("\"create\" 12", "create", 12);
    expect_id("cr'ea'te 1\"2\"", "create", 12);
    expect_wait("wait 5 'up' \"300\"", true, 300);
    expect_exec("exec 12 \"a ; b # c\"", "\"a ; b # c\"");
    expect_exec("exec 12 'a ; b # c'", "\"a ; b # c\"");
    expect_exec("exec 12 'a  b' \"\tc\"", "\"a  b\" \"\tc\"");
    expect_exec("exec 12 ''", "\"\"");
    expect_exec("exec 12 '' \"\" x", "\"\" \"\" x");
    expect_exec("exec 12 'say \"x\" \\' \"y\"", "\"say \\\"x\\\" \\\\\" y");
    expect_exec("exec 12 '\"'", "\"\\\"\"");
    expect_exec("exec 12 '#' ';'", "# ;");
    expect_exec("exec 12 ''#x", "#x");
    expect_bad("create ''", "bad id: ''");
    expect_bad("create '1 2'", "bad id: '1 2'");
    expect_bad("create ' 12'", "bad id: ' 12'");
    expect_bad("'all 12'", "bad command: 'all 12'");
    expect_bad("'all '12", "bad command: 'all 12'");
    expect_bad("all ''", "bad command: usage: all");
    expect_bad("create 12 ''", "bad id: ''");
}

static void test_unclosed_quotes(void **state)
{
    (void)state;
    static const char *const lines[] = {"'",
                                        "\"",
                                        "create '12",
                                        "create 1'2;all",
                                        "exec 12 don't; all",
                                        "frob \"x",
                                        "all \"; all",
                                        "all '# x",
                                        "exec 12 \"a\\\"; all",
                                        "exec 12 'a\" ; all",
                                        "exec 12 'a'; \"all"};
    for (size_t i = 0; i + 1 < LENGTH(lines); i++)
        expect_bad(lines[i], "bad command: unclosed quote");
    assert_int_equal(count_commands(lines[LENGTH(lines) - 1]), 2);
    expect_exec("exec 12 x # it's a comment", "x");
}

/* How a bad word is shown. */

static void repeat(char *text, const char *piece, size_t count)
{
    for (*text = '\0'; count > 0; count--)
        strcat(text, piece);
}

static void expect_shown(const char *word, const char *shown)
{
    char text[512], error[512];
    snprintf(text, sizeof text, "create %s", word);
    snprintf(error, sizeof error, "bad id: '%s'", shown);
    expect_bad(text, error);
}

static void test_long_words_are_shortened(void **state)
{
    (void)state;
    char word[256], shown[256];
    repeat(word, "a", 64);
    expect_shown(word, word);
    strcpy(shown, word);
    expect_shown(strcat(word, "a"), strcat(shown, "..."));
}

static void test_characters_are_not_cut(void **state)
{
    (void)state;
    char word[256], shown[256];
    repeat(word, "é", 32);
    expect_shown(word, word);
    repeat(word, "€", 22);
    repeat(shown, "€", 21);
    expect_shown(word, strcat(shown, "..."));
}

static void test_control_characters_are_not_shown(void **state)
{
    (void)state;
    expect_shown("\033[31m", "\\x1b[31m");
    expect_shown("a\001\177", "a\\x01\\x7f");
    expect_shown("\xC2\x9B"
                 "2J",
                 "\\xc2\\x9b2J");
    expect_shown("\xC2\xA0", "\xC2\xA0");
}

/* Completion. */

static void expect_completion(const char *line, const char *rest)
{
    struct text text = TEXT_EMPTY;
    completion_add(line, strlen(line), &text);
    assert_string_equal(text_string(&text), rest);
    text_clear(&text);
}

static void test_completion(void **state)
{
    (void)state;
    expect_completion("cr", "eate ");
    expect_completion("  cr", "eate ");
    expect_completion("all;ki", "ll ");
    expect_completion("r", "e");
    expect_completion("ex", "");
    expect_completion("exi", "t ");
    expect_completion("create", " ");
    expect_completion("", "");
    expect_completion("x", "");
    expect_completion("create cr", "");
    expect_completion("p", "");
    expect_completion("pi", "ng");
    expect_completion("pinga", "ll ");
    expect_completion("heartb", "eat ");
    expect_completion("exec 1 'a;'; cr", "eate ");
    expect_completion("exec 1 \"a; cr", "");
    expect_completion("exec 1 a;# cr", "");
    expect_completion("'cr", "");
    expect_completion("'cr'", "");
}

static void test_completion_of_arguments(void **state)
{
    (void)state;
    expect_completion("create 12 --s", "ervice ");
    expect_completion("create 12 7  -", "-");
    expect_completion("create 12 --service sum --a", "rguments ");
    expect_completion("create 12 --f", "resh ");
    expect_completion("create 12 ", "");
    expect_completion("create 12 # --s", "");
    expect_completion("create 12 '--s", "");
    expect_completion("help 'x cr", "");
    expect_completion("wait 5 u", "p ");
    expect_completion("all; wait a", "ll ");
    expect_completion("wait 5 x", "");
    expect_completion("help cr", "eate ");
    expect_completion("help ping", "");
    expect_completion("help pinga", "ll ");
    expect_completion("ping u", "");
    expect_completion("frob u", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands_with_an_id),
        cmocka_unit_test(test_bad_ids),
        cmocka_unit_test(test_ids_may_begin_with_zeros),
        cmocka_unit_test(test_commands_with_a_time),
        cmocka_unit_test(test_commands_without_arguments),
        cmocka_unit_test(test_exec),
        cmocka_unit_test(test_exec_of_a_file),
        cmocka_unit_test(test_wait),
        cmocka_unit_test(test_wait_for_jobs),
        cmocka_unit_test(test_background),
        cmocka_unit_test(test_create_with_service),
        cmocka_unit_test(test_create_with_parent),
        cmocka_unit_test(test_create_with_arguments),
        cmocka_unit_test(test_move),
        cmocka_unit_test(test_aliases),
        cmocka_unit_test(test_unknown_commands),
        cmocka_unit_test(test_numbers_are_no_commands),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_commands_have_a_name_and_an_id),
        cmocka_unit_test(test_blanks),
        cmocka_unit_test(test_comments),
        cmocka_unit_test(test_separators),
        cmocka_unit_test(test_nothing_is_read_behind_the_end),
        cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_unclosed_quotes),
        cmocka_unit_test(test_long_words_are_shortened),
        cmocka_unit_test(test_characters_are_not_cut),
        cmocka_unit_test(test_control_characters_are_not_shown),
        cmocka_unit_test(test_completion),
        cmocka_unit_test(test_completion_of_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
