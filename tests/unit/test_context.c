/* The context of a service: what it tells of the node, in every world, and that it lasts as long as
 * the state of the service. */
#include <inttypes.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <unistd.h>

#include "worlds.h"

/* A service that replies what its context tells. */

struct told {
    xylem_context *context;
    uint64_t first; /* the first random number: drawn when it was opened */
};

static int open_told(void **state, xylem_context *context)
{
    struct told *told = malloc(sizeof *told);
    if (told)
        *told = (struct told){context, xylem_context_random(context)};
    *state = told;
    return told ? XYLEM_OK : XYLEM_NO_MEMORY;
}

static int reply_number(xylem_work *work, uint64_t number)
{
    char text[32];
    int length = snprintf(text, sizeof text, "%" PRIu64, number);
    return xylem_work_reply(work, text, (size_t)length);
}

static int exec_told(void *state, xylem_work *work)
{
    const struct told *told = state;
    const char *asked = xylem_work_text(work, NULL);
    size_t size;
    const char *arguments = xylem_context_arguments(told->context, &size);
    if (xylem_work_context(work) != told->context)
        return xylem_work_reply(work, "another context", 15);
    if (strcmp(asked, "id") == 0)
        return reply_number(work, (uint64_t)xylem_context_id(told->context));
    if (strcmp(asked, "life") == 0)
        return reply_number(work, xylem_context_life(told->context));
    if (strcmp(asked, "arguments") == 0)
        return xylem_work_reply(work, arguments, size + 1); /* with the NUL */
    if (strcmp(asked, "first") == 0)
        return reply_number(work, told->first);
    if (strcmp(asked, "random") == 0)
        return reply_number(work, xylem_context_random(told->context));
    const char *user = xylem_context_user(told->context);
    return xylem_work_reply(work, user ? user : "", user ? strlen(user) : 0);
}

/* A service that writes to the log, with the level that is the first digit of the text. */

static int exec_note(void *state, xylem_work *work)
{
    const char *text = xylem_work_text(work, NULL);
    (void)state;
    xylem_context_log(xylem_work_context(work), (enum xylem_log_level)(text[0] - '0'), text + 1);
    return XYLEM_OK;
}

static int open_note(void **state, xylem_context *context)
{
    *state = context;
    return XYLEM_OK;
}

/* The context is still there, with its arguments. */
static void close_note(void *state)
{
    const xylem_context *context = state;
    xylem_context_log(context, XYLEM_LOG_WARNING, xylem_context_arguments(context, NULL));
}

/* Services with and without a function that gets a context. */

static int refuse_to_open(void **state)
{
    (void)state;
    return XYLEM_FAILED;
}

static int open_without(void **state)
{
    *state = (void *)(uintptr_t) "opened without";
    return XYLEM_OK;
}

static int exec_without(void *state, xylem_work *work)
{
    return xylem_work_reply(work, state, strlen(state));
}

/* Opened with arguments only. */
static int open_strictly(void **state, xylem_context *context)
{
    size_t size;
    xylem_context_arguments(context, &size);
    *state = NULL;
    return size > 0 ? XYLEM_OK : XYLEM_FAILED;
}

static char user[] = "the user's";

/* A service that does not return before it may: in threads it outlasts its network. */

static sem_t has_entered, may_return, is_released;

static int exec_hang(void *state, xylem_work *work)
{
    xylem_context *context = xylem_work_context(work);
    (void)state;
    xylem_context_log(context, XYLEM_LOG_WARNING, "before");
    sem_post(&has_entered);
    sem_wait(&may_return);
    xylem_context_log(context, XYLEM_LOG_WARNING, "after");
    return xylem_context_random(context) ? XYLEM_OK : XYLEM_FAILED;
}

static void release_hang(void *state)
{
    const xylem_context *context = state;
    if (strcmp(xylem_context_arguments(context, NULL), "kept") == 0)
        sem_post(&is_released);
}

static const xylem_service own[] = {
    XYLEM_SERVICE(.name = "told", .exec = exec_told, .close = free, .release = free,
                  .open_with = open_told, .user = user),
    XYLEM_SERVICE(.name = "long-told", .exec = exec_told, .close = free, .release = free,
                  .takes_long = true, .open_with = open_told),
    XYLEM_SERVICE(.name = "note", .exec = exec_note, .close = close_note, .open_with = open_note),
    XYLEM_SERVICE(.name = "long-note", .exec = exec_note, .takes_long = true),
    XYLEM_SERVICE(.name = "both", .open = refuse_to_open, .exec = exec_note,
                  .open_with = open_note),
    XYLEM_SERVICE(.name = "without", .open = open_without, .exec = exec_without),
    XYLEM_SERVICE(.name = "strict", .exec = exec_note, .open_with = open_strictly),
    XYLEM_SERVICE(.name = "hang", .exec = exec_hang, .release = release_hang,
                  .open_with = open_note),
    XYLEM_SERVICE(.name = "long-hang", .exec = exec_hang, .release = release_hang,
                  .takes_long = true, .open_with = open_note)};

static const char *const both_told[] = {"told", "long-told"};

/* Networks and nodes. */

static xylem_options options_of(uintptr_t place)
{
    xylem_options options = XYLEM_OPTIONS;
    options.world = places[place].world;
    options.transport = places[place].transport;
    options.timeout_ms = 20000;
    return options;
}

static xylem *open_as(const xylem_options *options)
{
    xylem *network;
    assert_int_equal(xylem_open(&network, options), XYLEM_OK);
    return network;
}

static int create_given(xylem *network, int64_t id, const char *service, const void *arguments,
                        size_t size)
{
    xylem_create_options options = XYLEM_CREATE_OPTIONS;
    options.service = service;
    options.arguments = arguments;
    options.arguments_size = size;
    return xylem_create_with(network, id, &options, NULL);
}

static void expect(xylem *network, int64_t id, const char *text, const void *wanted, size_t size)
{
    const char *reply;
    size_t length;
    assert_int_equal(xylem_exec_bytes(network, id, text, strlen(text), &reply, &length), XYLEM_OK);
    assert_int_equal(length, size);
    assert_memory_equal(reply, wanted, size);
}

static uint64_t number_of(xylem *network, int64_t id, const char *text)
{
    const char *reply;
    assert_int_equal(xylem_exec(network, id, text, &reply), XYLEM_OK);
    return strtoull(reply, NULL, 10);
}

static uint64_t life_of(xylem *network, int64_t id)
{
    const xylem_node *node;
    assert_int_equal(xylem_info(network, id, &node), XYLEM_OK);
    return node->life;
}

static void test_what_it_tells(void **state)
{
    xylem *network = open_network((uintptr_t)*state);
    for (int64_t i = 0; i < 2; i++) {
        int64_t id = INT64_MAX - i;
        assert_int_equal(create_given(network, id, both_told[i], "a\0b", 3), XYLEM_OK);
        expect(network, id, "arguments", "a\0b\0", 4);
        assert_true(number_of(network, id, "id") == (uint64_t)id);
        assert_true(number_of(network, id, "life") == life_of(network, id));
    }
    expect(network, INT64_MAX, "user", "the user's", 10);
    expect(network, INT64_MAX - 1, "user", "", 0);
    xylem_close(&network);
}

/* In place of the function without a context, which others still have. */
static void test_which_function_opens(void **state)
{
    xylem *network = OPEN("both", "without");
    const char *reply;
    assert_int_equal(xylem_exec(network, 1, "", &reply), XYLEM_OK);
    assert_string_equal(reply, "opened without");
    assert_int_equal(create_serving(network, 2, "strict"), XYLEM_CANNOT_START);
    assert_int_equal(create_given(network, 2, "strict", "x", 1), XYLEM_OK);
    xylem_close(&network);
}

static void test_sizes_of_arguments(void **state)
{
    static char longest[XYLEM_ARGUMENTS_MAX + 1];
    xylem *network = open_network((uintptr_t)*state);
    for (size_t i = 0; i < XYLEM_ARGUMENTS_MAX; i++)
        longest[i] = (char)(i * 7 / 3);
    assert_int_equal(create_given(network, 1, "told", longest, XYLEM_ARGUMENTS_MAX), XYLEM_OK);
    expect(network, 1, "arguments", longest, XYLEM_ARGUMENTS_MAX + 1);
    assert_int_equal(create_given(network, 2, "told", longest, XYLEM_ARGUMENTS_MAX + 1),
                     XYLEM_TOO_LONG);
    assert_string_equal(xylem_reason(network),
                        "the arguments of the node are longer than 65536 bytes");
    assert_int_equal(create_given(network, 2, "told", NULL, 1), XYLEM_INVALID);
    assert_int_equal(create_given(network, 2, "told", "", 0), XYLEM_OK);
    expect(network, 2, "arguments", "", 1);
    assert_int_equal(create_given(network, 3, "told", NULL, 0), XYLEM_OK);
    expect(network, 3, "arguments", "", 1);
    assert_int_equal(create_given(network, 4, "told", longest, XYLEM_ARGUMENTS_MAX - 1), XYLEM_OK);
    longest[XYLEM_ARGUMENTS_MAX - 1] = '\0';
    expect(network, 4, "arguments", longest, XYLEM_ARGUMENTS_MAX);
    xylem_close(&network);
}

/* They are copied during the call. */
static void test_arguments_of_many(void **state)
{
    enum { NODES = 20 };
    xylem_options shape = options_of((uintptr_t)*state);
    shape.topology = "balanced"; /* none waits for another one to be there */
    xylem *network = open_as(&shape);
    xylem_create_options options = XYLEM_CREATE_OPTIONS;
    xylem_future *futures[NODES];
    static char arguments[30000];
    options.service = "told";
    options.arguments = arguments;
    options.arguments_size = sizeof arguments;
    for (int i = 0; i < NODES; i++) {
        memset(arguments, 'a' + i, sizeof arguments - 1);
        assert_int_equal(xylem_start_create(network, i, &options, &futures[i]), XYLEM_OK);
    }
    for (int i = 0; i < NODES; i++)
        expect_end(futures[i], XYLEM_OK, "");
    for (int i = 0; i < NODES; i++) {
        memset(arguments, 'a' + i, sizeof arguments - 1);
        const char *reply;
        size_t size;
        assert_int_equal(xylem_exec_bytes(network, i, "arguments", 9, &reply, &size), XYLEM_OK);
        assert_int_equal(size, sizeof arguments + 1);
        assert_memory_equal(reply, arguments, sizeof arguments);
    }
    xylem_close(&network);
}

/* A new life. */

static void await_restart(xylem *network)
{
    for (const xylem_event *event;;) {
        while ((event = xylem_next_event(network)))
            if (event->kind == XYLEM_NODE_RESTARTED)
                return;
        assert_int_equal(xylem_run(network, INT32_MAX), XYLEM_OK);
    }
}

static void test_restart(void **state)
{
    xylem_options options = options_of((uintptr_t)*state);
    options.repair = XYLEM_REPAIR_RESTART;
    xylem *network = open_as(&options);
    uint64_t lives[3], numbers[3];
    assert_int_equal(create_given(network, 5, "told", "kept", 4), XYLEM_OK);
    for (int i = 0; i < 3; i++) {
        expect(network, 5, "arguments", "kept", 5);
        lives[i] = number_of(network, 5, "life");
        numbers[i] = number_of(network, 5, "first");
        assert_true(lives[i] == life_of(network, 5));
        assert_int_equal(xylem_kill(network, 5), XYLEM_OK);
        await_restart(network);
    }
    assert_true(lives[0] < lives[1] && lives[1] < lives[2]);
    assert_true(numbers[0] != numbers[1] && numbers[1] != numbers[2] && numbers[0] != numbers[2]);
    xylem_close(&network);
}

/* Random numbers. */

enum { NODES = 4, DRAWS = 4, NUMBERS = NODES * DRAWS };

static void draw(uintptr_t place, uint64_t numbers[NUMBERS])
{
    xylem *network = open_network(place);
    size_t count = 0;
    for (int64_t id = 0; id < NODES; id++) {
        assert_int_equal(create_serving(network, id, both_told[id % 2]), XYLEM_OK);
        numbers[count++] = number_of(network, id, "first");
        while (count % DRAWS != 0)
            numbers[count++] = number_of(network, id, "random");
    }
    xylem_close(&network);
}

static void test_random(void **state)
{
    const uintptr_t place = (uintptr_t)*state;
    uint64_t numbers[2 * NUMBERS], ones = 0, zeros = 0;
    draw(place, numbers);
    draw(place, numbers + NUMBERS);
    bool again = memcmp(numbers, numbers + NUMBERS, NUMBERS * sizeof *numbers) == 0;
    assert_int_equal(again, places[place].world == XYLEM_SIMULATED);
    size_t count = again ? NUMBERS : 2 * NUMBERS;
    for (size_t i = 0; i < count; i++) {
        ones |= numbers[i];
        zeros |= ~numbers[i];
        for (size_t j = 0; j < i; j++)
            assert_true(numbers[i] != numbers[j]);
    }
    assert_true(ones == UINT64_MAX && zeros == UINT64_MAX); /* chance of failure 2^-10 in total */
}

/* The log. */

static struct {
    int lines;
    enum xylem_log_level level;
    int64_t id;
    char text[1024];
} taken;

static void take_line(void *owner, enum xylem_log_level level, int64_t id, const char *text)
{
    assert_ptr_equal(owner, &taken);
    if (id < 0) /* of the controlling node */
        return;
    taken.lines++;
    taken.level = level;
    taken.id = id;
    snprintf(taken.text, sizeof taken.text, "%s", text);
}

static xylem *open_logging(uintptr_t place, xylem_log log)
{
    xylem_options options = options_of(place);
    options.log_level = XYLEM_LOG_INFO;
    options.log = log;
    options.log_owner = &taken;
    return open_as(&options);
}

static const char noted[] = "2one\ntwo";

/* Worker processes write to standard error in any case. */
static void test_log_of_the_program(void **state)
{
    const uintptr_t place = (uintptr_t)*state;
    xylem *network = open_logging(place, take_line);
    assert_int_equal(create_given(network, 7, "note", "the end", 7), XYLEM_OK);
    assert_int_equal(create_serving(network, 8, "long-note"), XYLEM_OK);
    for (int64_t id = 7; id <= 8; id++) {
        taken.lines = 0;
        assert_int_equal(xylem_exec(network, id, noted, NULL), XYLEM_OK);
        assert_int_equal(taken.lines, 1);
        assert_int_equal(taken.level, XYLEM_LOG_INFO);
        assert_true(taken.id == id);
        assert_string_equal(taken.text, "one two");
        assert_int_equal(xylem_exec(network, id, "3not important enough", NULL), XYLEM_OK);
        assert_int_equal(xylem_exec(network, id, "9no level", NULL), XYLEM_OK);
        assert_int_equal(taken.lines, 1);
    }
    assert_int_equal(xylem_remove(network, 7), XYLEM_OK);
    assert_string_equal(taken.text, "the end");
    xylem_close(&network);
}

/* What has come to standard error since it was exchanged for a file. */
static const char *read_back(int file)
{
    static char text[4096];
    ssize_t size = pread(file, text, sizeof text - 1, 0);
    assert_true(size >= 0);
    text[size] = '\0';
    return text;
}

static void test_log_of_standard_error(void **state)
{
    int before = dup(STDERR_FILENO), file = memfd_create("log", 0);
    assert_true(before >= 0 && file >= 0 && dup2(file, STDERR_FILENO) >= 0);
    xylem *network = open_logging((uintptr_t)*state, NULL);
    assert_int_equal(create_given(network, 7, "note", "the end", 7), XYLEM_OK);
    assert_int_equal(xylem_exec(network, 7, noted, NULL), XYLEM_OK);
    assert_int_equal(xylem_exec(network, 7, "3not important enough", NULL), XYLEM_OK);
    assert_int_equal(create_serving(network, 8, "long-note"), XYLEM_OK);
    assert_int_equal(xylem_exec(network, 8, "0wrong", NULL), XYLEM_OK);
    assert_int_equal(xylem_remove(network, 7), XYLEM_OK);
    xylem_close(&network);
    dup2(before, STDERR_FILENO);
    close(before);
    const char *lines = read_back(file);
    close(file);
    assert_non_null(strstr(lines, "xylem: node 7: info: one two\n"));
    assert_non_null(strstr(lines, "xylem: node 8: error: wrong\n"));
    assert_non_null(strstr(lines, "xylem: node 7: warning: the end\n"));
    assert_null(strstr(lines, "important"));
}

/* The context of what was abandoned lasts until it is released. After xylem_close nothing goes to
 * the program's log. */
static void outlast(const char *service)
{
    xylem *network = open_logging(1, take_line);
    assert_int_equal(create_given(network, 7, service, "kept", 4), XYLEM_OK);
    xylem_future *future = start(network, 7, "");
    while (sem_trywait(&has_entered) != 0)
        assert_int_equal(xylem_run(network, 1), XYLEM_OK);
    assert_string_equal(taken.text, "before");
    xylem_close(&network);
    xylem_future_free(&future);
    int lines = taken.lines;
    sem_post(&may_return);
    sem_wait(&is_released);
    assert_int_equal(taken.lines, lines);
}

static void test_outlasts_the_network(void **state)
{
    (void)state;
    outlast("hang");
    outlast("long-hang");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        EVERYWHERE(test_what_it_tells),
        EVERYWHERE(test_which_function_opens),
        EVERYWHERE(test_sizes_of_arguments),
        EVERYWHERE(test_arguments_of_many),
        EVERYWHERE(test_restart),
        EVERYWHERE(test_random),
        {"test_log_of_the_program simulated", test_log_of_the_program, NULL, NULL, (void *)0},
        {"test_log_of_the_program thread", test_log_of_the_program, NULL, NULL, (void *)1},
        EVERYWHERE(test_log_of_standard_error),
        cmocka_unit_test(test_outlasts_the_network),
    };
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (xylem_register(&own[i]))
            return EXIT_FAILURE;
    xylem_worker(argc, argv);
    sem_init(&has_entered, 0, 0);
    sem_init(&may_return, 0, 0);
    sem_init(&is_released, 0, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
