/* Timers of a service: when they call it, by which thread, and what ends them, in every world. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "worlds.h"

enum { LETTERS = 128, LOG_MAX = 64, TIMERS_MAX = 1024, FAR_MS = 1000000000 };

/* A service whose timers have a letter each, and write it to a log when they are called. It has no
 * lock: the thread sanitizer would see two threads. */

struct ticker;

struct timer {
    struct ticker *of;
    char letter;
    uint64_t number;
};

struct ticker {
    xylem_context *context;
    struct timer timers[LETTERS];
    char log[LOG_MAX + 1];
    size_t length;
    int again;         /* how often 'x' is set again */
    xylem_work *work;  /* under way */
    bool rung;         /* and a timer was called meanwhile */
    pthread_t thread;  /* of the latest exec */
    bool other_thread; /* a timer was called by another one */
    bool rested_short; /* a rest was shorter than it was to be; not in virtual time */
};

/* What this process has seen of all tickers. */
static atomic_int called, called_late, refused_at_the_end;

static int set(struct ticker *ticker, char letter, int64_t ms);

static void call(xylem_context *context, void *owner)
{
    struct timer *timer = owner;
    struct ticker *ticker = timer->of;
    atomic_fetch_add(&called, 1);
    if (ticker->length < LOG_MAX)
        ticker->log[ticker->length++] = timer->letter;
    ticker->rung = true;
    if (ticker->thread && !pthread_equal(ticker->thread, pthread_self()))
        ticker->other_thread = true;
    if (context != ticker->context)
        ticker->log[0] = '!';
    if (timer->letter == 'x' && ticker->again-- > 0)
        set(ticker, 'x', 1);
    if (timer->letter == 'k') /* cancels itself, in vain, and another one */
        xylem_context_timer_cancel(context, timer->number);
    if (timer->letter == 'k')
        xylem_context_timer_cancel(context, ticker->timers['l'].number);
    if (timer->letter == 'r' && ticker->work) /* there is no rest in a callback */
        xylem_work_rest(ticker->work, FAR_MS);
}

static int set(struct ticker *ticker, char letter, int64_t ms)
{
    struct timer *timer = &ticker->timers[(int)letter];
    timer->of = ticker;
    timer->letter = letter;
    return xylem_context_timer(ticker->context, ms, call, timer, &timer->number);
}

static int open_ticker(void **state, xylem_context *context)
{
    struct ticker *ticker = calloc(1, sizeof *ticker);
    *state = ticker;
    if (!ticker)
        return XYLEM_NO_MEMORY;
    ticker->context = context;
    return xylem_context_arguments(context, NULL)[0] ? set(ticker, 'o', 1) : XYLEM_OK;
}

/* No timer is set in `close` and `release`, and none is called after them. */
static void end_ticker(void *state)
{
    struct ticker *ticker = state;
    uint64_t number = 1;
    int error = xylem_context_timer(ticker->context, 1, call, ticker, &number);
    atomic_fetch_add(&refused_at_the_end, error == XYLEM_CANCELLED && number == 0);
    atomic_store(&called_late, atomic_load(&called));
    free(ticker);
}

static int reply_number(xylem_work *work, int64_t number)
{
    char text[32];
    return xylem_work_reply(work, text,
                            (size_t)snprintf(text, sizeof text, "%lld", (long long)number));
}

/* As many as there may be; then what the next one gets, and what it gets when one is cancelled. */
static int set_many(struct ticker *ticker, xylem_work *work)
{
    char text[64];
    uint64_t first = 0, number = 0;
    int count = 0, error;
    while (!(error = xylem_context_timer(ticker->context, FAR_MS, call, ticker, &number)) &&
           count < 2 * TIMERS_MAX) {
        first = first ? first : number;
        count++;
    }
    bool none = number == 0;
    xylem_context_timer_cancel(ticker->context, first);
    int again = xylem_context_timer(ticker->context, FAR_MS, call, ticker, NULL);
    int size = snprintf(text, sizeof text, "%d %s %s", count,
                        none ? xylem_strerror(error) : "a number", xylem_strerror(again));
    return xylem_work_reply(work, text, (size_t)size);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Rests until a timer has been called. */
static int rest(struct ticker *ticker, xylem_work *work, char letter, int64_t ms)
{
    set(ticker, letter, 5);
    while (!ticker->rung) {
        int64_t since_ms = now_ms();
        if (!xylem_work_rest(work, ms))
            break;
        ticker->rested_short = ticker->rested_short || now_ms() - since_ms < ms - 1;
    }
    return xylem_work_reply(work, ticker->log, ticker->length);
}

/* Two that are not called, though their time may have come. */
static int cancel(struct ticker *ticker)
{
    set(ticker, 'a', 1);
    set(ticker, 'b', FAR_MS);
    poll(NULL, 0, 5);
    for (char letter = 'z'; letter >= 'a'; letter--)
        for (int twice = 0; twice < 2; twice++)
            xylem_context_timer_cancel(ticker->context, ticker->timers[(int)letter].number);
    return XYLEM_OK;
}

static int do_text(struct ticker *ticker, xylem_work *work, const char *text)
{
    char letter = 0, other = 0;
    long long ms = 0;
    if (sscanf(text, "set %c %lld", &letter, &ms) == 2)
        return set(ticker, letter, ms);
    if (sscanf(text, "pair %c%c %lld", &letter, &other, &ms) == 3)
        return set(ticker, letter, ms) + set(ticker, other, ms);
    if (strcmp(text, "order") == 0)
        return set(ticker, 'c', 400) + set(ticker, 'd', 20) + set(ticker, 'e', 20) +
               set(ticker, 'a', 1);
    if (strcmp(text, "cancel") == 0)
        return cancel(ticker);
    if (sscanf(text, "rest %c %lld", &letter, &ms) == 2)
        return rest(ticker, work, letter, ms);
    if (strcmp(text, "again") == 0) {
        ticker->again = 5;
        return set(ticker, 'x', -7);
    }
    if (strcmp(text, "many") == 0)
        return set_many(ticker, work);
    if (strcmp(text, "short") == 0)
        return reply_number(work, ticker->rested_short);
    if (strcmp(text, "threads") == 0)
        return reply_number(work, ticker->other_thread);
    return xylem_work_reply(work, ticker->log, ticker->length);
}

static int exec_ticker(void *state, xylem_work *work)
{
    struct ticker *ticker = state;
    ticker->work = work;
    ticker->rung = false;
    ticker->thread = pthread_self();
    int error = do_text(ticker, work, xylem_work_text(work, NULL));
    ticker->work = NULL;
    return error;
}

static const xylem_service own[] = {
    XYLEM_SERVICE(.name = "ticker", .exec = exec_ticker, .close = end_ticker, .release = end_ticker,
                  .open_with = open_ticker),
    XYLEM_SERVICE(.name = "long-ticker", .exec = exec_ticker, .close = end_ticker,
                  .release = end_ticker, .takes_long = true, .open_with = open_ticker)};

static void tell(xylem *network, int64_t id, const char *text)
{
    assert_int_equal(xylem_exec(network, id, text, NULL), XYLEM_OK);
}

static void expect(xylem *network, int64_t id, const char *text, const char *wanted)
{
    const char *reply;
    assert_int_equal(xylem_exec(network, id, text, &reply), XYLEM_OK);
    assert_string_equal(reply, wanted);
}

/* Until so many timers have written to the log. The ceiling is that of the test. */
static void await_log(xylem *network, int64_t id, const char *wanted)
{
    const char *reply;
    for (;;) {
        assert_int_equal(xylem_exec(network, id, "log", &reply), XYLEM_OK);
        if (strlen(reply) >= strlen(wanted))
            break;
        assert_int_equal(xylem_run(network, 1), XYLEM_OK);
    }
    assert_string_equal(reply, wanted);
}

static void test_in_order_of_time(void **state)
{
    xylem *network = OPEN("ticker", "long-ticker");
    for (int64_t id = 0; id < 2; id++)
        tell(network, id, "order");
    for (int64_t id = 0; id < 2; id++) {
        await_log(network, id, "adec");
        expect(network, id, "threads", "0");
    }
    xylem_close(&network);
}

static void test_cancel(void **state)
{
    xylem *network = OPEN("ticker", "long-ticker");
    for (int64_t id = 0; id < 2; id++) {
        tell(network, id, "cancel");
        tell(network, id, "pair kl 1");
        await_log(network, id, "k");
        tell(network, id, "set c 10");
        await_log(network, id, "kc");
    }
    xylem_close(&network);
}

static void test_again_and_again(void **state)
{
    xylem *network = OPEN("ticker", "long-ticker");
    for (int64_t id = 0; id < 2; id++) {
        tell(network, id, "again");
        await_log(network, id, "xxxxxx");
    }
    xylem_close(&network);
}

static void test_set_when_opened(void **state)
{
    xylem *network = open_network((uintptr_t)*state);
    xylem_create_options options = XYLEM_CREATE_OPTIONS;
    options.arguments = "o";
    options.arguments_size = 1;
    for (int64_t id = 0; id < 2; id++) {
        options.service = own[id].name;
        assert_int_equal(xylem_create_with(network, id, &options, NULL), XYLEM_OK);
        await_log(network, id, "o");
    }
    xylem_close(&network);
}

/* The work rests on: it is `exec` that sees that a timer was called. */
static void test_while_work_rests(void **state)
{
    xylem *network = OPEN("long-ticker");
    expect(network, 0, "rest a 20", "a");
    expect(network, 0, "rest r 50", "ar");
    if (places[(uintptr_t)*state].world != XYLEM_SIMULATED)
        expect(network, 0, "short", "0");
    expect(network, 0, "threads", "0");
    xylem_close(&network);
}

/* In virtual time it is exact. */
static void test_the_rest_goes_on(void **state)
{
    xylem *network = OPEN("long-ticker");
    (void)state;
    int64_t since_ms = xylem_now(network);
    expect(network, 0, "rest a 200", "a");
    int64_t took_ms = xylem_now(network) - since_ms;
    assert_true(took_ms >= 200 && took_ms < 210);
    tell(network, 0, "set b 100");
    assert_int_equal(xylem_run(network, 90), XYLEM_OK);
    expect(network, 0, "log", "a");
    assert_int_equal(xylem_run(network, 20), XYLEM_OK);
    expect(network, 0, "log", "ab");
    xylem_close(&network);
}

static void test_too_many(void **state)
{
    xylem *network = OPEN("ticker", "long-ticker");
    for (int64_t id = 0; id < 2; id++)
        expect(network, id, "many", "1024 too many requests in flight OK");
    xylem_close(&network);
}

/* Many of them, so that some are due at the end. A new life has none of them. */
static void end_with_timers(uintptr_t place, xylem *network, const char *service, bool kill)
{
    char text[] = "set A 1";
    bool here = places[place].world != XYLEM_PROCESS;
    atomic_store(&refused_at_the_end, 0);
    assert_int_equal(create_serving(network, 0, service), XYLEM_OK);
    expect(network, 0, "log", "");
    for (text[4] = 'A'; text[4] <= 'Z'; text[4]++)
        tell(network, 0, text);
    if (kill)
        assert_int_equal(xylem_kill(network, 0), XYLEM_OK);
    assert_int_equal(xylem_remove(network, 0), XYLEM_OK);
    assert_int_equal(xylem_run(network, 2), XYLEM_OK);
    assert_int_equal(atomic_load(&called), atomic_load(&called_late));
    assert_int_equal(atomic_load(&refused_at_the_end), here);
}

static void test_the_end(void **state)
{
    const uintptr_t place = (uintptr_t)*state;
    xylem *network = open_network(place);
    for (int round = 0; round < 20; round++)
        end_with_timers(place, network, own[round % 2].name, round % 4 > 1);
    xylem_close(&network);
}

/* Where the test sees the timers of its nodes: once, and not before it goes on. */
static void test_a_paused_node(void **state)
{
    xylem *network = OPEN("ticker", "long-ticker");
    for (int64_t id = 0; id < 2; id++)
        for (int64_t ms = 100;; ms *= 2) { /* until it is paused before the timer is due */
            char text[32];
            const char *log;
            snprintf(text, sizeof text, "set p %d", (int)ms);
            atomic_store(&called, 0);
            tell(network, id, text);
            assert_int_equal(xylem_pause(network, id), XYLEM_OK);
            bool early = atomic_load(&called) > 0;
            assert_int_equal(xylem_run(network, 2 * ms), XYLEM_OK);
            assert_int_equal(atomic_load(&called), early);
            assert_int_equal(xylem_resume(network, id), XYLEM_OK);
            assert_int_equal(xylem_exec(network, id, "log", &log), XYLEM_OK);
            size_t length = strlen(log);
            while (atomic_load(&called) == 0)
                assert_int_equal(xylem_run(network, 1), XYLEM_OK);
            tell(network, id, "set q 1");
            while (atomic_load(&called) == 1)
                assert_int_equal(xylem_run(network, 1), XYLEM_OK);
            assert_int_equal(atomic_load(&called), 2);
            assert_true(length < LOG_MAX);
            if (!early)
                break;
        }
    xylem_close(&network);
}

static void test_misuse(void **state)
{
    uint64_t number = 1;
    (void)state;
    assert_int_equal(xylem_context_timer(NULL, 1, call, NULL, &number), XYLEM_INVALID);
    assert_true(number == 0);
    xylem_context_timer_cancel(NULL, 1);
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
    xylem_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        EVERYWHERE(test_in_order_of_time),
        EVERYWHERE(test_cancel),
        EVERYWHERE(test_again_and_again),
        EVERYWHERE(test_set_when_opened),
        EVERYWHERE(test_while_work_rests),
        {"test_the_rest_goes_on", test_the_rest_goes_on, NULL, NULL, (void *)0},
        EVERYWHERE(test_too_many),
        EVERYWHERE(test_the_end),
        HERE(test_a_paused_node),
        cmocka_unit_test(test_misuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
