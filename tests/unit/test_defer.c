/* Requests that a service answers later: in any order, by any thread, never, and after the end. */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <time.h>

#include "worlds.h"

enum { TOKENS_MAX = 1024, KEPT_MAX = 2000, MIB = 1024 * 1024 };

/* A service that keeps tokens in its state, and does with them what it is told. */

struct later {
    xylem_context *context;
    xylem_token *kept[KEPT_MAX];
    size_t count;
    int64_t number; /* of the latest request that was kept */
};

/* A token that the test itself ends, which runs in the process of the node. */
static xylem_token *_Atomic shown;
static atomic_int states;     /* that there are */
static atomic_int ended_late; /* tokens that were ended by `close` or `release`, and not wanted */

static int open_later(void **state, xylem_context *context)
{
    struct later *later = calloc(1, sizeof *later);
    *state = later;
    if (!later)
        return XYLEM_NO_MEMORY;
    later->context = context;
    atomic_fetch_add(&states, 1);
    return XYLEM_OK;
}

static void end_later(void *state)
{
    struct later *later = state;
    for (size_t i = 0; i < later->count; i++) {
        bool wanted = xylem_token_wanted(later->kept[i]);
        int error = xylem_token_reply(&later->kept[i], XYLEM_OK, "late", 4);
        atomic_fetch_add(&ended_late, !wanted && error == XYLEM_CANCELLED && !later->kept[i]);
    }
    free(later);
    atomic_fetch_sub(&states, 1);
}

static int reply_text(xylem_work *work, const char *text)
{
    return xylem_work_reply(work, text, strlen(text));
}

static int keep(struct later *later, xylem_work *work)
{
    xylem_token *token = xylem_work_defer(work);
    if (!token || later->count == KEPT_MAX) {
        reply_text(work, "too many");
        return XYLEM_FAILED;
    }
    reply_text(work, "dropped"); /* it is not used */
    later->kept[later->count++] = token;
    return XYLEM_OK;
}

/* The latest first; how many of them were wanted. */
static int give(struct later *later, xylem_work *work)
{
    char text[64];
    int given = 0, count = (int)later->count;
    while (later->count > 0) {
        size_t last = --later->count;
        int size = snprintf(text, sizeof text, "answer %d", (int)last);
        given += xylem_token_reply(&later->kept[last], XYLEM_OK, text, (size_t)size) == XYLEM_OK;
    }
    snprintf(text, sizeof text, "%d of %d", given, count);
    return reply_text(work, text);
}

static int count_wanted(const struct later *later, xylem_work *work)
{
    char text[64];
    int wanted = 0;
    for (size_t i = 0; i < later->count; i++)
        wanted += xylem_token_wanted(later->kept[i]);
    snprintf(text, sizeof text, "%d of %d", wanted, (int)later->count);
    return reply_text(work, text);
}

/* Answers before `exec` has returned. */
static int answer_at_once(xylem_work *work)
{
    xylem_token *token = xylem_work_defer(work);
    if (xylem_work_defer(work)) /* a second one */
        return XYLEM_FAILED;
    reply_text(work, "dropped");
    return xylem_token_reply(&token, XYLEM_OK, "at once", 7);
}

static int fail_with(struct later *later, xylem_work *work)
{
    later->kept[later->count++] = xylem_work_defer(work);
    reply_text(work, "an error of its own");
    return XYLEM_BAD_SUBCOMMAND;
}

/* In the simulated world another thread may look, and not answer. */
static void *answer_from_thread(void *token)
{
    xylem_token *own = token;
    while (!xylem_token_wanted(own))
        sched_yield();
    int error = xylem_token_reply(&own, XYLEM_OK, "from a thread", 13);
    return error ? own : NULL;
}

static int answer_by_thread(xylem_work *work, bool simulated)
{
    pthread_t thread;
    void *left = NULL;
    xylem_token *token = xylem_work_defer(work);
    if (!token || pthread_create(&thread, NULL, answer_from_thread, token))
        return XYLEM_FAILED;
    if (!simulated) {
        pthread_detach(thread);
        return XYLEM_OK;
    }
    pthread_join(thread, &left);
    return left ? xylem_token_reply(&token, XYLEM_OK, "refused", 7) : XYLEM_FAILED;
}

static void on_timer(xylem_context *context, void *owner)
{
    xylem_token *token = owner;
    char text[64];
    int size = snprintf(text, sizeof text, "node %d", (int)xylem_context_id(context));
    xylem_token_reply(&token, XYLEM_BAD_SUBCOMMAND, text, (size_t)size);
}

static int answer_by_timer(struct later *later, xylem_work *work, int ms)
{
    xylem_token *token = xylem_work_defer(work);
    return token ? xylem_context_timer(later->context, ms, on_timer, token, NULL) : XYLEM_FAILED;
}

static int show(xylem_work *work)
{
    atomic_store(&shown, xylem_work_defer(work));
    return XYLEM_OK;
}

/* Does not return before it may. */
static sem_t may_return;

static int hang(xylem_work *work)
{
    show(work);
    sem_wait(&may_return);
    return XYLEM_OK;
}

static int exec_later(void *state, xylem_work *work)
{
    struct later *later = state;
    const char *text = xylem_work_text(work, NULL);
    int ms;
    if (strcmp(text, "keep") == 0)
        return keep(later, work);
    if (strcmp(text, "give") == 0)
        return give(later, work);
    if (strcmp(text, "wanted") == 0)
        return count_wanted(later, work);
    if (strcmp(text, "at once") == 0)
        return answer_at_once(work);
    if (strcmp(text, "fail") == 0)
        return fail_with(later, work);
    if (strcmp(text, "show") == 0)
        return show(work);
    if (strcmp(text, "hang") == 0)
        return hang(work);
    if (strcmp(text, "thread") == 0 || strcmp(text, "simulated") == 0)
        return answer_by_thread(work, *text == 's');
    if (sscanf(text, "timer %d", &ms) == 1)
        return answer_by_timer(later, work, ms);
    if (sscanf(text, "rest %d", &ms) == 1)
        return xylem_work_rest(work, ms) ? XYLEM_OK : XYLEM_FAILED;
    return XYLEM_BAD_SUBCOMMAND;
}

static const xylem_service own[] = {
    XYLEM_SERVICE(.name = "later", .exec = exec_later, .close = end_later, .release = end_later,
                  .open_with = open_later),
    XYLEM_SERVICE(.name = "long-later", .exec = exec_later, .close = end_later,
                  .release = end_later, .takes_long = true, .open_with = open_later)};

static void expect(xylem *network, int64_t id, const char *text, const char *wanted)
{
    const char *reply;
    assert_int_equal(xylem_exec(network, id, text, &reply), XYLEM_OK);
    assert_string_equal(reply, wanted);
}

/* What is not answered fails, and does not hold up the test. */
static xylem_future *begin(xylem *network, int64_t id, const char *text)
{
    xylem_future *future;
    assert_int_equal(xylem_start(network, id, text, 20000, &future), XYLEM_OK);
    return future;
}

static bool is_here(void **state)
{
    return places[(uintptr_t)*state].world != XYLEM_PROCESS;
}

/* The node goes on meanwhile, and answers in the order of the answers. */
static void test_answers_later(void **state)
{
    enum { REQUESTS = 3 };
    xylem *network = OPEN("later", "long-later");
    xylem_future *futures[REQUESTS], *any;
    for (int64_t id = 0; id < 2; id++) {
        for (int i = 0; i < REQUESTS; i++)
            futures[i] = begin(network, id, "keep");
        expect(network, id, "wanted", "3 of 3");
        for (int i = 0; i < REQUESTS; i++)
            assert_int_equal(xylem_future_result(futures[i], NULL, NULL), XYLEM_PENDING);
        assert_int_equal(xylem_future_any(futures, REQUESTS, &any), XYLEM_OK);
        expect(network, id, "give", "3 of 3");
        assert_int_equal(xylem_future_wait(any, -1), XYLEM_OK);
        assert_int_equal(xylem_future_value(any), REQUESTS - 1); /* the first that was answered */
        xylem_future_free(&any);
        expect_end(futures[2], XYLEM_OK, "answer 2");
        expect_end(futures[0], XYLEM_OK, "answer 0");
        expect_end(futures[1], XYLEM_OK, "answer 1");
        expect(network, id, "wanted", "0 of 0");
    }
    xylem_close(&network);
}

static void test_answers_before_it_returns(void **state)
{
    xylem *network = OPEN("later", "long-later");
    for (int64_t id = 0; id < 2; id++) {
        expect(network, id, "at once", "at once");
        expect_end(begin(network, id, "fail"), XYLEM_BAD_SUBCOMMAND, "an error of its own");
        expect(network, id, "wanted", "0 of 1");
        expect(network, id, "give", "0 of 1");
    }
    xylem_close(&network);
}

static void test_answers_from_threads(void **state)
{
    enum { REQUESTS = 50 };
    xylem *network = OPEN("later", "long-later");
    bool simulated = places[(uintptr_t)*state].world == XYLEM_SIMULATED;
    xylem_future *futures[2 * REQUESTS];
    for (int i = 0; i < 2 * REQUESTS; i++)
        futures[i] = begin(network, i % 2, simulated ? "simulated" : "thread");
    for (int i = 0; i < 2 * REQUESTS; i++)
        expect_end(futures[i], XYLEM_OK, simulated ? "refused" : "from a thread");
    xylem_close(&network);
}

static void test_answers_by_a_timer(void **state)
{
    xylem *network = OPEN("later", "long-later");
    for (int64_t id = 0; id < 2; id++) {
        xylem_future *future = begin(network, id, "timer 5");
        expect_end(future, XYLEM_BAD_SUBCOMMAND, id == 0 ? "node 0" : "node 1");
    }
    xylem_close(&network);
}

/* The callback comes while the next piece of work rests, and its answer before that is done. */
static void test_answers_while_work_rests(void **state)
{
    xylem *network = OPEN("long-later");
    xylem_future *first = begin(network, 0, "timer 5"), *second = begin(network, 0, "rest 1000000");
    expect_end(first, XYLEM_BAD_SUBCOMMAND, "node 0");
    assert_int_equal(xylem_future_result(second, NULL, NULL), XYLEM_PENDING);
    xylem_future_free(&second);
    expect(network, 0, "wanted", "0 of 0");
    xylem_close(&network);
}

static void test_is_never_answered(void **state)
{
    xylem *network = OPEN("later", "long-later");
    for (int64_t id = 0; id < 2; id++) {
        xylem_future *future;
        assert_int_equal(xylem_start(network, id, "keep", 400, &future), XYLEM_OK);
        expect(network, id, "wanted", "1 of 1");
        expect_end(future, XYLEM_TIMED_OUT, "");
        expect(network, id, "wanted", "0 of 1");
        expect(network, id, "give", "0 of 1");
    }
    xylem_close(&network);
}

static void test_is_cancelled(void **state)
{
    xylem *network = OPEN("later", "long-later");
    for (int64_t id = 0; id < 2; id++) {
        xylem_future *first = begin(network, id, "keep"), *second = begin(network, id, "keep");
        expect(network, id, "wanted", "2 of 2");
        xylem_future_free(&first);
        expect(network, id, "wanted", "1 of 2");
        expect(network, id, "give", "1 of 2");
        expect_end(second, XYLEM_OK, "answer 1");
    }
    xylem_close(&network);
}

/* No more than there may be; then there is room again. */
static void test_many_at_once(void **state)
{
    xylem *network = OPEN("later", "long-later");
    static xylem_future *futures[TOKENS_MAX + 1];
    for (int64_t id = 0; id < 2; id++)
        for (int round = 0; round < 2; round++) {
            char text[32];
            for (int i = 0; i <= TOKENS_MAX; i++)
                futures[i] = begin(network, id, "keep");
            expect(network, id, "wanted", "1024 of 1024");
            expect_end(futures[TOKENS_MAX], XYLEM_FAILED, "too many");
            expect(network, id, "give", "1024 of 1024");
            for (int i = 0; i < TOKENS_MAX; i++) {
                snprintf(text, sizeof text, "answer %d", i);
                expect_end(futures[i], XYLEM_OK, text);
            }
        }
    xylem_close(&network);
}

/* In a cast each node answers when it does; one that does not ends with the time of the cast. */
static void test_in_a_cast(void **state)
{
    xylem *network = OPEN("later", "long-later", "later", "long-later");
    const xylem_outcome *const *outcomes;
    xylem_cast_options options = XYLEM_CAST_OPTIONS;
    xylem_future *future;
    size_t count;
    assert_int_equal(xylem_cast(network, "all", "timer 5", NULL, &future), XYLEM_OK);
    assert_int_equal(xylem_future_wait(future, -1), XYLEM_OK);
    assert_int_equal(xylem_future_outcomes(future, &outcomes, &count), XYLEM_OK);
    assert_int_equal(count, 4);
    for (int i = 0; i < 4; i++) {
        char text[] = {'n', 'o', 'd', 'e', ' ', (char)('0' + i), '\0'};
        assert_int_equal(outcomes[i]->error, XYLEM_BAD_SUBCOMMAND);
        assert_string_equal(outcomes[i]->text, text);
    }
    xylem_future_free(&future);
    options.timeout_ms = 400;
    assert_int_equal(xylem_cast(network, "0-3", "keep", &options, &future), XYLEM_OK);
    assert_int_equal(xylem_future_wait(future, -1), XYLEM_OK);
    assert_int_equal(xylem_future_result(future, NULL, NULL), XYLEM_TIMED_OUT);
    xylem_future_free(&future);
    for (int64_t id = 0; id < 4; id++)
        expect(network, id, "give", "0 of 1");
    xylem_close(&network);
}

/* Whatever ends the node, its requests fail, and its service frees its tokens. */
static void end_with_a_token(void **state, const char *service, int way)
{
    xylem *network = OPEN(service);
    xylem_future *future = begin(network, 0, "keep");
    atomic_store(&ended_late, 0);
    expect(network, 0, "wanted", "1 of 1");
    if (way == 0)
        assert_int_equal(xylem_kill(network, 0), XYLEM_OK);
    if (way < 2)
        assert_int_equal(xylem_remove(network, 0), XYLEM_OK);
    if (way < 2)
        expect_end(future, XYLEM_UNAVAILABLE, "");
    xylem_close(&network);
    if (way == 2) {
        assert_true(xylem_future_result(future, NULL, NULL) != XYLEM_PENDING);
        xylem_future_free(&future);
    }
    assert_int_equal(atomic_load(&ended_late), is_here(state));
}

static void test_the_end_of_the_node(void **state)
{
    for (int round = 0; round < 6; round++)
        end_with_a_token(state, own[round % 2].name, round / 2);
}

/* A token that is the test's own. */
static xylem_future *take_token_of(xylem *network, int64_t id, const char *text,
                                   xylem_token **token)
{
    xylem_future *future = begin(network, id, text);
    while (!(*token = atomic_exchange(&shown, NULL)))
        assert_int_equal(xylem_run(network, 1), XYLEM_OK);
    return future;
}

static xylem_future *take_token(xylem *network, int64_t id, xylem_token **token)
{
    return take_token_of(network, id, "show", token);
}

static void test_answers_after_the_end(void **state)
{
    for (int way = 0; way < 6; way++) {
        xylem *network = OPEN("later", "long-later");
        xylem_token *token;
        xylem_future *future = take_token(network, way % 2, &token);
        assert_true(xylem_token_wanted(token));
        if (way / 2 == 0)
            assert_int_equal(xylem_kill(network, way % 2), XYLEM_OK);
        else if (way / 2 == 1)
            assert_int_equal(xylem_remove(network, way % 2), XYLEM_OK);
        else
            xylem_close(&network);
        assert_false(xylem_token_wanted(token));
        if (way % 2)
            xylem_close(&network);
        assert_int_equal(xylem_token_reply(&token, XYLEM_OK, "too late", 8), XYLEM_CANCELLED);
        assert_null(token);
        xylem_close(&network);
        xylem_future_free(&future);
    }
}

static void test_a_service_that_is_abandoned(void **state)
{
    (void)state;
    for (int64_t id = 0; id < 2; id++) {
        xylem *network = OPEN("later", "long-later");
        xylem_token *early, *late;
        xylem_future *first = take_token(network, id, &early);
        xylem_future *second = take_token_of(network, id, "hang", &late);
        xylem_close(&network);
        assert_true(id == 0 || !xylem_token_wanted(early));
        int error = xylem_token_reply(&early, XYLEM_OK, "", 0);
        assert_true(error == XYLEM_CANCELLED || id == 0);
        if (id == 0) /* one of the two is ended before the function returns, */
            xylem_token_reply(&late, XYLEM_OK, "", 0);
        sem_post(&may_return);
        while (atomic_load(&states) > 0)
            sched_yield();
        if (id == 1) /* and the other one after all of it is over */
            assert_int_equal(xylem_token_reply(&late, XYLEM_OK, "", 0), XYLEM_CANCELLED);
        xylem_future_free(&first);
        xylem_future_free(&second);
    }
}

/* A service that is quick takes a descriptor for its first token, one that takes long has it. */
static void test_no_descriptor(void **state)
{
    xylem *network = OPEN("later");
    struct rlimit before, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    expect_end(begin(network, 0, "keep"), XYLEM_FAILED, "too many");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    xylem_future *future = begin(network, 0, "keep");
    expect(network, 0, "give", "1 of 1");
    expect_end(future, XYLEM_OK, "answer 0");
    xylem_close(&network);
}

static int64_t used_ms(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

/* A node that waits for an answer sleeps, also when another one has come. */
static void test_sleeps_while_it_waits(void **state)
{
    enum { WAIT_MS = 400 };
    xylem *network = OPEN("later", "long-later");
    xylem_future *futures[2];
    for (int64_t id = 0; id < 2; id++) {
        xylem_token *token;
        futures[id] = begin(network, id, "keep");
        xylem_future *answered = take_token(network, id, &token);
        assert_int_equal(xylem_token_reply(&token, XYLEM_OK, "", 0), XYLEM_OK);
        expect_end(answered, XYLEM_OK, "");
    }
    int64_t before_ms = used_ms();
    assert_int_equal(xylem_run(network, WAIT_MS), XYLEM_OK);
    assert_true(used_ms() - before_ms < WAIT_MS / 2);
    for (int i = 0; i < 2; i++)
        xylem_future_free(&futures[i]);
    xylem_close(&network);
}

/* By the test's own thread, which is another one than the node's. */
static void test_answers_while_it_is_paused(void **state)
{
    xylem *network = OPEN("later", "long-later");
    for (int64_t id = 0; id < 2; id++) {
        xylem_token *token;
        xylem_future *future = take_token(network, id, &token);
        assert_int_equal(xylem_pause(network, id), XYLEM_OK);
        assert_int_equal(xylem_token_reply(&token, XYLEM_OK, "paused", 6), XYLEM_OK);
        assert_null(token);
        assert_int_equal(xylem_run(network, 20), XYLEM_OK);
        assert_int_equal(xylem_future_result(future, NULL, NULL), XYLEM_PENDING);
        assert_int_equal(xylem_resume(network, id), XYLEM_OK);
        expect_end(future, XYLEM_OK, "paused");
    }
    xylem_close(&network);
}

/* Two of the largest answers may wait; the third may when they are gone. */
static void test_too_much_waits(void **state)
{
    enum { LARGE = 3 };
    xylem *network = OPEN("later");
    char *large = calloc(1, XYLEM_TEXT_MAX + 1);
    xylem_token *tokens[LARGE];
    xylem_future *futures[LARGE];
    const char *reply;
    size_t size;
    assert_non_null(large);
    for (int i = 0; i < LARGE; i++)
        futures[i] = take_token(network, 0, &tokens[i]);
    assert_int_equal(xylem_pause(network, 0), XYLEM_OK);
    assert_int_equal(xylem_token_reply(&tokens[0], XYLEM_OK, large, XYLEM_TEXT_MAX + 1),
                     XYLEM_TOO_LONG);
    assert_int_equal(xylem_token_reply(&tokens[0], XYLEM_OK, NULL, 1), XYLEM_INVALID);
    for (int i = 0; i < 2; i++)
        assert_int_equal(xylem_token_reply(&tokens[i], XYLEM_OK, large, XYLEM_TEXT_MAX), XYLEM_OK);
    assert_int_equal(xylem_token_reply(&tokens[2], XYLEM_OK, large, XYLEM_TEXT_MAX), XYLEM_BUSY);
    assert_true(xylem_token_wanted(tokens[2]));
    assert_int_equal(xylem_resume(network, 0), XYLEM_OK);
    int error;
    while ((error = xylem_token_reply(&tokens[2], XYLEM_OK, large, XYLEM_TEXT_MAX)) == XYLEM_BUSY)
        assert_int_equal(xylem_run(network, 1), XYLEM_OK);
    assert_int_equal(error, XYLEM_OK);
    for (int i = 0; i < LARGE; i++) {
        assert_int_equal(xylem_future_wait(futures[i], -1), XYLEM_OK);
        assert_int_equal(xylem_future_result(futures[i], &reply, &size), XYLEM_OK);
        assert_int_equal(size, XYLEM_TEXT_MAX);
        xylem_future_free(&futures[i]);
    }
    free(large);
    xylem_close(&network);
}

/* The new life knows nothing of the tokens of the one before. */
static void test_restart(void **state)
{
    xylem_options options = XYLEM_OPTIONS;
    xylem *network;
    options.world = places[(uintptr_t)*state].world;
    options.transport = places[(uintptr_t)*state].transport;
    options.timeout_ms = 20000;
    options.repair = XYLEM_REPAIR_RESTART;
    assert_int_equal(xylem_open(&network, &options), XYLEM_OK);
    assert_int_equal(create_serving(network, 0, "later"), XYLEM_OK);
    xylem_future *future = begin(network, 0, "keep");
    expect(network, 0, "wanted", "1 of 1");
    assert_int_equal(xylem_kill(network, 0), XYLEM_OK);
    expect_end(future, XYLEM_UNAVAILABLE, "");
    assert_int_equal(xylem_wait(network, 0, true, -1), XYLEM_OK);
    expect(network, 0, "wanted", "0 of 0");
    xylem_close(&network);
}

/* A node that moves keeps what it has deferred: the request is sent again, and not done again. */
static void test_move(void **state)
{
    xylem_options options = XYLEM_OPTIONS;
    xylem *network;
    options.world = places[(uintptr_t)*state].world;
    options.transport = places[(uintptr_t)*state].transport;
    options.timeout_ms = 20000;
    options.topology = "tree";
    assert_int_equal(xylem_open(&network, &options), XYLEM_OK);
    for (int64_t id = 0; id < 3; id++)
        assert_int_equal(create_serving(network, id, own[id % 2].name), XYLEM_OK);
    for (int64_t id = 0; id < 2; id++) {
        xylem_future *future = begin(network, id, "keep");
        expect(network, id, "wanted", "1 of 1");
        assert_int_equal(xylem_move(network, id, 2), XYLEM_OK);
        expect(network, id, "wanted", "1 of 1");
        expect(network, id, "give", "1 of 1");
        expect_end(future, XYLEM_OK, "answer 0");
    }
    xylem_close(&network);
}

static int defer_a_combination(const char *a, size_t a_size, const char *b, size_t b_size,
                               xylem_work *work)
{
    (void)a, (void)a_size, (void)b, (void)b_size;
    return xylem_work_defer(work) ? XYLEM_FAILED : xylem_work_reply(work, "combined", 8);
}

static int exec_combined(void *state, xylem_work *work)
{
    (void)state;
    return xylem_work_reply(work, "one", 3);
}

static const xylem_service combines =
    XYLEM_SERVICE(.name = "combines", .exec = exec_combined, .combine = defer_a_combination);

static void test_misuse(void **state)
{
    xylem *network = OPEN("combines", "combines");
    xylem_token *none = NULL;
    const char *reply;
    xylem_future *future;
    assert_int_equal(xylem_cast(network, "all", "x", NULL, &future), XYLEM_OK);
    assert_int_equal(xylem_future_wait(future, -1), XYLEM_OK);
    assert_int_equal(xylem_future_result(future, &reply, NULL), XYLEM_OK);
    assert_string_equal(reply, "combined");
    xylem_future_free(&future);
    assert_null(xylem_work_defer(NULL));
    assert_false(xylem_token_wanted(NULL));
    assert_int_equal(xylem_token_reply(NULL, XYLEM_OK, "", 0), XYLEM_INVALID);
    assert_int_equal(xylem_token_reply(&none, XYLEM_OK, "", 0), XYLEM_INVALID);
    xylem_close(&network);
}

/* Where the nodes are in the process of the test. */
#define HERE(test)                                                                                 \
    {#test " simulated", test, NULL, NULL, (void *)0},                                             \
    {                                                                                              \
#test " thread", test, NULL, NULL, (void *)1                                               \
    }

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (xylem_register(&own[i]) != XYLEM_OK)
            return EXIT_FAILURE;
    if (xylem_register(&combines) != XYLEM_OK)
        return EXIT_FAILURE;
    xylem_worker(argc, argv);
    sem_init(&may_return, 0, 0);
    const struct CMUnitTest tests[] = {
        EVERYWHERE(test_answers_later),
        EVERYWHERE(test_answers_before_it_returns),
        EVERYWHERE(test_answers_from_threads),
        EVERYWHERE(test_answers_by_a_timer),
        EVERYWHERE(test_answers_while_work_rests),
        EVERYWHERE(test_is_never_answered),
        EVERYWHERE(test_is_cancelled),
        EVERYWHERE(test_many_at_once),
        EVERYWHERE(test_in_a_cast),
        EVERYWHERE(test_the_end_of_the_node),
        HERE(test_answers_after_the_end),
        {"test_sleeps_while_it_waits", test_sleeps_while_it_waits, NULL, NULL, (void *)1},
        {"test_a_service_that_is_abandoned", test_a_service_that_is_abandoned, NULL, NULL,
         (void *)1},
        {"test_no_descriptor", test_no_descriptor, NULL, NULL, (void *)1},
        HERE(test_answers_while_it_is_paused),
        HERE(test_too_much_waits),
        EVERYWHERE(test_restart),
        EVERYWHERE(test_move),
        EVERYWHERE(test_misuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
