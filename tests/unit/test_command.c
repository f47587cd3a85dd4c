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
#include "cli/completion.h"
#include "cli/fault.h"

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

static void expect_bad(const char *text, const char *fault)
{
    struct command command = parse(text);
    if (command.kind != COMMAND_BAD || strcmp(text_string(&command.text), fault) != 0)
        fail_msg("'%s': got kind %d, '%s' instead of '%s'", text, command.kind,
                 text_string(&command.text), fault);
    command_clear(&command);
}

static void expect_kind(const char *text, enum command_kind kind)
{
    struct command command = parse(text);
    if (command.kind != kind)
        fail_msg("'%s': got kind %d instead of %d: %s", text, command.kind, kind,
                 text_string(&command.text));
    command_clear(&command);
}

static void expect_id(const char *text, enum command_kind kind, int64_t id)
{
    struct command command = parse(text);
    assert_int_equal(command.kind, kind);
    assert_true(command.id == id);
    command_clear(&command);
}

static void expect_ms(const char *text, enum command_kind kind, int64_t ms)
{
    struct command command = parse(text);
    assert_int_equal(command.kind, kind);
    assert_true(command.ms == ms);
    command_clear(&command);
}

static void expect_exec(const char *text, const char *words)
{
    struct command command = parse(text);
    assert_int_equal(command.kind, COMMAND_EXEC);
    assert_true(command.id == 12);
    assert_string_equal(text_string(&command.text), words);
    command_clear(&command);
}

static void expect_wait(const char *text, bool available, int64_t ms)
{
    struct command command = parse(text);
    assert_int_equal(command.kind, COMMAND_WAIT);
    assert_true(command.id == 5);
    assert_int_equal(command.available, available);
    assert_true(command.ms == ms);
    command_clear(&command);
}

static void expect_file(const char *text, const char *name)
{
    struct command command = parse(text);
    assert_int_equal(command.kind, COMMAND_EXEC);
    assert_true(command.id == 12);
    assert_int_equal(command.from_file, name != NULL);
    if (name)
        assert_string_equal(text_string(&command.text), name);
    command_clear(&command);
}

static void expect_topic(const char *text, enum command_kind topic)
{
    struct command command = parse(text);
    assert_int_equal(command.kind, COMMAND_HELP);
    assert_int_equal(command.topic, topic);
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

struct named {
    const char *name;
    enum command_kind kind;
};

static const struct named with_id[] = {
    {"create", COMMAND_CREATE}, {"remove", COMMAND_REMOVE}, {"ping", COMMAND_PING},
    {"kill", COMMAND_KILL},     {"pause", COMMAND_PAUSE},   {"resume", COMMAND_RESUME},
};

static const struct named with_ms[] = {{"heartbeat", COMMAND_HEARTBEAT}, {"sleep", COMMAND_SLEEP}};

static const struct named alone[] = {
    {"all", COMMAND_ALL}, {"tree", COMMAND_TREE}, {"exit", COMMAND_EXIT}};

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
        const char *name = with_id[i].name;
        expect_id(print(text, "%s 0", name), with_id[i].kind, 0);
        expect_id(print(text, "%s 12", name), with_id[i].kind, 12);
        expect_id(print(text, "%s 9223372036854775807", name), with_id[i].kind, INT64_MAX);
        print(usage, "bad command: usage: %s ID", name);
        expect_bad(name, usage);
        expect_bad(print(text, "%s 1 2", name), usage);
        expect_bad(print(text, "%s x y", name), usage);
        expect_bad(print(text, "%s 1 2 3 4 5 6", name), usage);
        expect_bad(print(text, "%s abc", name), "bad id: 'abc'");
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
                                        "1,0",
                                        "\\",
                                        "١",
                                        "1\xC2\xA0",
                                        "1#2",
                                        "99999999999999999999999999",
                                        "18446744073709551617"};
    char text[256], fault[256];
    for (size_t i = 0; i < LENGTH(words); i++) {
        print(fault, "bad id: '%s'", words[i]);
        expect_bad(print(text, "create %s", words[i]), fault);
        expect_bad(print(text, "exec %s start", words[i]), fault);
        expect_bad(print(text, "wait %s up", words[i]), fault);
    }
}

static void test_ids_may_begin_with_zeros(void **state)
{
    (void)state;
    expect_id("create 007", COMMAND_CREATE, 7);
    expect_id("create 00000000000000000000000000000012", COMMAND_CREATE, 12);
}

static void test_commands_with_a_time(void **state)
{
    (void)state;
    static const char *const words[] = {"-1", "+5", "1.5", "abc", "2147483648", "1s"};
    char text[256], other[256];
    for (size_t i = 0; i < LENGTH(with_ms); i++) {
        const char *name = with_ms[i].name;
        expect_ms(print(text, "%s 0", name), with_ms[i].kind, 0);
        expect_ms(print(text, "%s 250", name), with_ms[i].kind, 250);
        expect_ms(print(text, "%s 2147483647", name), with_ms[i].kind, INT32_MAX);
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
        expect_kind(alone[i].name, alone[i].kind);
        print(usage, "bad command: usage: %s", alone[i].name);
        expect_bad(print(text, "%s now", alone[i].name), usage);
        expect_bad(print(text, "%s 1 2 3 4 5", alone[i].name), usage);
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
    assert_int_equal(command.kind, COMMAND_WAIT);
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
    expect_kind("jobs", COMMAND_JOBS);
}

static void expect_job(const char *text, bool background, bool from_file, const char *wanted)
{
    struct command command = parse(text);
    assert_int_equal(command.kind, COMMAND_EXEC);
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

static void expect_service(const char *text, const char *service)
{
    struct command command = parse(text);
    assert_int_equal(command.kind, COMMAND_CREATE);
    assert_true(command.id == 12);
    assert_string_equal(text_string(&command.text), service);
    command_clear(&command);
}

static void test_create_with_service(void **state)
{
    static const char usage[] = "bad command: usage: create ID";
    (void)state;
    expect_service("create 12", "");
    expect_service("create 12 --service sum", "sum");
    expect_service("create 12 '--service' \"a b\"", "a b");
    expect_bad("create 12 --service", usage);
    expect_bad("create 12 --service ''", usage);
    expect_bad("create 12 --servic sum", usage);
    expect_bad("create 12 --service sum sum", usage);
    expect_bad("create x --service sum", "bad id: 'x'");
}

static void test_unknown_commands(void **state)
{
    (void)state;
    static const char *const lines[] = {"frob",      "frob 12", "Create 1", "creat 1",
                                        "created 1", "12",      "é",        "help! create"};
    for (size_t i = 0; i < LENGTH(lines); i++)
        expect_bad(lines[i], "bad command");
}

static void test_help(void **state)
{
    (void)state;
    char line[256];
    expect_topic("help", COMMAND_BAD);
    for (enum command_kind kind = COMMAND_BAD + 1; kind < COMMAND_KINDS; kind++)
        expect_topic(print(line, "help %s", command_name(kind)), kind);
    expect_bad("help frob", "bad command");
    expect_bad("help create remove", "bad command: usage: help [COMMAND]");
}

static void test_every_kind_is_described(void **state)
{
    (void)state;
    for (enum command_kind kind = COMMAND_BAD + 1; kind < COMMAND_KINDS; kind++) {
        const char *name = command_name(kind);
        assert_memory_equal(command_usage(kind), name, strlen(name));
        assert_int_not_equal(command_purpose(kind)[0], '\0');
    }
}

/* What can be said of a bad command. */

static void expect_fault(const char *text, int fault, const char *name, int64_t id)
{
    struct command command = parse(text);
    assert_int_equal(command.kind, COMMAND_BAD);
    assert_int_equal(command.fault, fault);
    assert_true(command.id == id);
    if (name)
        assert_string_equal(command.name, name);
    else
        assert_null(command.name);
    command_clear(&command);
}

static void test_faults(void **state)
{
    (void)state;
    expect_fault("frob 12", FAULT_BAD_COMMAND, NULL, -1);
    expect_fault("create", FAULT_BAD_COMMAND, "create", -1);
    expect_fault("create 12 '", FAULT_BAD_COMMAND, "create", -1);
    expect_fault("create x", FAULT_BAD_ID, "create", -1);
    expect_fault("sleep x", FAULT_BAD_NUMBER, "sleep", -1);
    expect_fault("wait 12 up x", FAULT_BAD_NUMBER, "wait", 12);
    expect_fault("help frob", FAULT_BAD_COMMAND, "help", -1);
    struct command unreadable = command_unreadable();
    assert_int_equal(unreadable.kind, COMMAND_BAD);
    assert_int_equal(unreadable.fault, FAULT_BAD_COMMAND);
    assert_string_equal(text_string(&unreadable.text), "bad command");
    assert_null(unreadable.name);
    command_clear(&unreadable);
}

static void test_commands_have_a_name_and_an_id(void **state)
{
    (void)state;
    struct command command = parse("ping 12");
    assert_string_equal(command.name, "ping");
    assert_true(command.id == 12);
    command_clear(&command);
    command = parse("heartbeat 12");
    assert_string_equal(command.name, "heartbeat");
    assert_true(command.id == -1);
    command_clear(&command);
}

/* Words, comments and separators. */

static void test_blanks(void **state)
{
    (void)state;
    expect_id("\t create \v\f 12 \r", COMMAND_CREATE, 12);
    static const char *const empty[] = {"",       " ",          "\r", " \t\v\f\r",    ";",
                                        " ; ;; ", "# create 1", "#",  "  #;create 1", ";#;all"};
    for (size_t i = 0; i < LENGTH(empty); i++)
        assert_int_equal(count_commands(empty[i]), 0);
}

static void test_comments(void **state)
{
    (void)state;
    expect_id("create 12 # the first one", COMMAND_CREATE, 12);
    expect_id("create 12 #the first one; create 13", COMMAND_CREATE, 12);
    expect_bad("create 12#", "bad id: '12#'");
    expect_bad("create#", "bad command");
    expect_bad("create # 12", "bad command: usage: create ID");
}

static void test_separators(void **state)
{
    (void)state;
    struct span line = span_of("create 1;frob ;;  all;exec 12 a;b# c;tree # d; exit");
    static const enum command_kind kinds[] = {COMMAND_CREATE, COMMAND_BAD, COMMAND_ALL,
                                              COMMAND_EXEC,   COMMAND_BAD, COMMAND_TREE};
    struct command command;
    for (size_t i = 0; i < LENGTH(kinds); i++) {
        assert_true(command_next(&line, &command));
        assert_int_equal(command.kind, kinds[i]);
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
    expect_id("create '12'", COMMAND_CREATE, 12);
    expect_id("\"create\" 12", COMMAND_CREATE, 12);
    expect_id("cr'ea'te 1\"2\"", COMMAND_CREATE, 12);
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
    expect_bad("'create 12'", "bad command");
    expect_bad("'create '12", "bad command");
    expect_bad("''", "bad command");
    expect_bad("'' create 12", "bad command");
    expect_bad("all ''", "bad command: usage: all");
    expect_bad("create 12 ''", "bad command: usage: create ID");
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
    char text[512], fault[512];
    snprintf(text, sizeof text, "create %s", word);
    snprintf(fault, sizeof fault, "bad id: '%s'", shown);
    expect_bad(text, fault);
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
    expect_completion("exec 1 'a;'; cr", "eate ");
    expect_completion("exec 1 \"a; cr", "");
    expect_completion("exec 1 a;# cr", "");
    expect_completion("'cr", "");
    expect_completion("'cr'", "");
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
        cmocka_unit_test(test_unknown_commands),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_every_kind_is_described),
        cmocka_unit_test(test_faults),
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
