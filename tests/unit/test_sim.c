/* Simulations: their time, their faults, and what is seen of them. */
#include "unit.h"

#include <sys/wait.h>
#include <unistd.h>

#include "xylem_sim.h"

enum { IDS = 8, MS = 1000, SECOND = 1000 * MS };

static int done[IDS]; /* how often each node has worked, whatever became of the answer */
static xylem *other;  /* which the service "caller" calls */
static int refused;

static int work(void *state, xylem_work *work)
{
    char answer[24];
    int64_t id = xylem_context_id(xylem_work_context(work));
    (void)state;
    int length = snprintf(answer, sizeof answer, "%d", ++done[id]);
    return xylem_work_reply(work, answer, (size_t)length);
}

static int call(void *state, xylem_work *work)
{
    (void)state, (void)work;
    refused += xylem_ping(other, 1) == XYLEM_INVALID;
    return XYLEM_OK;
}

static const xylem_service counter = XYLEM_SERVICE(.name = "counter", .exec = work);
static const xylem_service caller = XYLEM_SERVICE(.name = "caller", .exec = call);

static xylem_sim *sim;
static xylem *net;

static xylem *open_network(xylem_options options)
{
    xylem *network;
    options.service = "counter";
    assert_int_equal(xylem_sim_network(sim, &network, &options), XYLEM_OK);
    return network;
}

/* A list of nodes, 1 at the top. */
static void create(int64_t count)
{
    for (int64_t id = 1; id <= count; id++)
        assert_int_equal(
            xylem_create_with(net, id,
                              &(xylem_create_options){.size = sizeof(xylem_create_options),
                                                      .parent = id - 1 ? id - 1 : -1},
                              NULL),
            XYLEM_OK);
}

static void begin_with(const xylem_sim_options *how, int64_t heartbeat_ms, int64_t nodes)
{
    xylem_options options = XYLEM_OPTIONS;
    options.topology = "list";
    options.heartbeat_ms = heartbeat_ms;
    memset(done, 0, sizeof done);
    assert_int_equal(xylem_sim_open(&sim, how), XYLEM_OK);
    net = open_network(options);
    create(nodes);
}

static void begin(int64_t nodes)
{
    begin_with(NULL, 0, nodes);
}

static void end(void)
{
    xylem_close(&net);
    xylem_sim_close(&sim);
    assert_null(sim);
}

static xylem_sim_counts counts(void)
{
    const xylem_sim_counts *found;
    assert_int_equal(xylem_sim_status(sim, &found), XYLEM_OK);
    return *found;
}

static uint64_t add(xylem_sim_rule rule)
{
    uint64_t number = 0;
    assert_int_equal(xylem_sim_add(sim, &rule, &number), XYLEM_OK);
    assert_true(number > 0);
    return number;
}

static xylem_sim_rule rule_of(enum xylem_sim_fault fault, unsigned on, int64_t id)
{
    xylem_sim_rule rule = XYLEM_SIM_RULE;
    rule.fault = fault;
    rule.on = on;
    rule.id = id;
    return rule;
}

static int ask(int64_t id)
{
    return xylem_exec(net, id, "", NULL);
}

/* What an observer has seen. */

typedef struct sight {
    int kinds[XYLEM_SIM_FAULTED + 1];
    int requests, replies, heartbeats; /* that arrived */
    enum xylem_sim_fault fault;
    int64_t faulty, latest_us;
    int let_through;
} sight;

static void look(void *owner, const xylem_sim_event *event)
{
    sight *seen = owner;
    assert_true(event->us >= seen->latest_us);
    assert_ptr_equal(event->network, net);
    seen->latest_us = event->us;
    seen->kinds[event->kind]++;
    bool arrived = event->kind == XYLEM_SIM_ARRIVED;
    seen->requests += arrived && event->about == XYLEM_SIM_REQUEST;
    seen->replies += arrived && event->about == XYLEM_SIM_REPLY;
    seen->heartbeats += arrived && event->about == XYLEM_SIM_HEARTBEAT;
    if (event->about)
        assert_in_range(event->child, 1, 3);
    if (event->kind == XYLEM_SIM_FAULTED) {
        seen->fault = event->fault;
        seen->faulty = event->id;
    }
    seen->let_through +=
        xylem_sim_now(sim) != -1 || xylem_sim_step(sim) || xylem_ping(net, 1) != XYLEM_INVALID;
}

/* Messages. */

static void test_lost_request(void **state)
{
    (void)state;
    begin(1);
    uint64_t rule = add(rule_of(XYLEM_SIM_DROP, XYLEM_SIM_REQUEST, 1));
    int64_t before_us = xylem_sim_now(sim);
    assert_int_equal(ask(1), XYLEM_UNAVAILABLE);
    assert_true(xylem_sim_now(sim) - before_us >= 5 * SECOND - MS);
    assert_int_equal(done[1], 0);
    assert_int_equal(xylem_sim_fired(sim, rule), 1);
    assert_int_equal(counts().drops, 1);
    assert_int_equal(ask(1), XYLEM_OK);
    assert_int_equal(done[1], 1);
    end();
}

static void test_lost_reply(void **state)
{
    (void)state;
    begin(1);
    add(rule_of(XYLEM_SIM_DROP, XYLEM_SIM_REPLY, 1));
    assert_int_equal(ask(1), XYLEM_UNAVAILABLE);
    assert_int_equal(done[1], 1);
    assert_int_equal(ask(1), XYLEM_OK);
    assert_int_equal(done[1], 2);
    end();
}

/* A request to a node far down counts there alone; so does its reply. */
static void test_counts_once(void **state)
{
    (void)state;
    begin(4);
    xylem_sim_rule all = rule_of(XYLEM_SIM_DELAY, XYLEM_SIM_REQUEST | XYLEM_SIM_REPLY, XYLEM_ANY);
    all.times = 0;
    uint64_t each = add(all);
    all.id = 2;
    xylem_sim_remove(sim, each);
    uint64_t second = add(all);
    assert_int_equal(ask(4), XYLEM_OK);
    assert_int_equal(xylem_sim_fired(sim, second), 0);
    assert_int_equal(ask(2), XYLEM_OK);
    assert_int_equal(xylem_sim_fired(sim, second), 2);
    assert_int_equal(xylem_sim_remove(sim, second), XYLEM_OK);
    assert_int_equal(xylem_sim_remove(sim, second), XYLEM_NOT_FOUND);
    all.id = XYLEM_ANY;
    each = add(all);
    assert_int_equal(ask(4), XYLEM_OK);
    assert_int_equal(xylem_sim_fired(sim, each), 2);
    assert_int_equal(xylem_create(net, 5, NULL), XYLEM_OK); /* which is arranged, not asked */
    assert_int_equal(xylem_sim_fired(sim, each), 2);
    end();
}

static void test_nth_and_times(void **state)
{
    static const int wanted[] = {XYLEM_OK, XYLEM_OK, XYLEM_UNAVAILABLE, XYLEM_UNAVAILABLE,
                                 XYLEM_OK};
    (void)state;
    begin(2);
    xylem_sim_rule rule = rule_of(XYLEM_SIM_DROP, XYLEM_SIM_REQUEST, 1);
    rule.nth = 3;
    rule.times = 2;
    rule.network = net;
    uint64_t number = add(rule);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        assert_int_equal(ask(2), XYLEM_OK);
        assert_int_equal(ask(1), wanted[i]);
    }
    assert_int_equal(xylem_sim_fired(sim, number), 2);
    assert_int_equal(done[1], 3);
    end();
}

/* One rule has its fault happen, the oldest; the other has counted all the same. */
static void test_one_of_two_rules(void **state)
{
    (void)state;
    begin(1);
    xylem_sim_rule rule = rule_of(XYLEM_SIM_DELAY, XYLEM_SIM_REQUEST, 1);
    rule.us = 30 * MS;
    uint64_t first = add(rule);
    rule.us = 70 * MS;
    uint64_t second = add(rule);
    int64_t before_us = xylem_sim_now(sim);
    assert_int_equal(ask(1), XYLEM_OK);
    assert_in_range(xylem_sim_now(sim) - before_us, 30 * MS, 31 * MS);
    assert_int_equal(xylem_sim_fired(sim, first), 1);
    assert_int_equal(xylem_sim_fired(sim, second), 0);
    before_us = xylem_sim_now(sim);
    assert_int_equal(ask(1), XYLEM_OK);
    assert_in_range(xylem_sim_now(sim) - before_us, 70 * MS, 71 * MS);
    assert_int_equal(counts().delays, 2);
    end();
}

/* What is behind a message that is delayed does not overtake it. */
static void test_order_is_kept(void **state)
{
    xylem_future *futures[2];
    const char *reply;
    (void)state;
    begin(1);
    xylem_sim_rule rule = rule_of(XYLEM_SIM_DELAY, XYLEM_SIM_REQUEST, 1);
    rule.us = 10 * MS;
    add(rule);
    for (int i = 0; i < 2; i++)
        assert_int_equal(xylem_start(net, 1, "", -1, &futures[i]), XYLEM_OK);
    xylem_sim_run(sim, 9 * MS);
    assert_int_equal(done[1], 0);
    xylem_sim_run(sim, 2 * MS);
    assert_int_equal(done[1], 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(xylem_future_result(futures[i], &reply, NULL), XYLEM_OK);
        assert_int_equal(atoi(reply), i + 1);
        xylem_future_free(&futures[i]);
    }
    end();
}

static void test_held_until_released(void **state)
{
    xylem_future *futures[2];
    (void)state;
    begin(2);
    assert_int_equal(xylem_sim_hold(net, 1, XYLEM_SIM_DOWN), XYLEM_OK);
    for (int64_t id = 1; id <= 2; id++) /* the second is passed on by the first */
        assert_int_equal(xylem_start(net, id, "", -1, &futures[id - 1]), XYLEM_OK);
    xylem_sim_run(sim, 100 * SECOND);
    assert_int_equal(done[1] + done[2], 0);
    assert_int_equal(xylem_sim_release(net, 1), XYLEM_OK);
    xylem_sim_run(sim, MS);
    assert_int_equal(done[1] + done[2], 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(xylem_future_result(futures[i], NULL, NULL), XYLEM_OK);
        xylem_future_free(&futures[i]);
    }
    assert_int_equal(counts().holds, 1);
    end();
}

/* On one way only: the work is done, and its answer waits. */
static void test_held_by_a_rule(void **state)
{
    xylem_future *future;
    (void)state;
    begin(2);
    add(rule_of(XYLEM_SIM_HOLD, XYLEM_SIM_REPLY, 2));
    assert_int_equal(xylem_start(net, 2, "", -1, &future), XYLEM_OK);
    xylem_sim_run(sim, SECOND);
    assert_int_equal(done[2], 1);
    assert_int_equal(xylem_future_result(future, NULL, NULL), XYLEM_PENDING);
    assert_int_equal(xylem_sim_release(net, XYLEM_ANY), XYLEM_OK);
    xylem_sim_run(sim, MS);
    assert_int_equal(xylem_future_result(future, NULL, NULL), XYLEM_OK);
    assert_int_equal(ask(2), XYLEM_OK);
    xylem_future_free(&future);
    end();
}

/* A large text goes in fragments; it counts once, and is lost as a whole. */
static void test_fragments(void **state)
{
    enum { SIZE = 1024 * 1024 };
    (void)state;
    begin(2);
    char *text = calloc(1, SIZE);
    assert_non_null(text);
    xylem_sim_rule rule = rule_of(XYLEM_SIM_DROP, XYLEM_SIM_REQUEST, 2);
    rule.nth = 2;
    uint64_t number = add(rule);
    assert_int_equal(xylem_exec_bytes(net, 2, text, SIZE, NULL, NULL), XYLEM_OK);
    assert_int_equal(xylem_sim_fired(sim, number), 0);
    assert_int_equal(xylem_exec_bytes(net, 2, text, SIZE, NULL, NULL), XYLEM_UNAVAILABLE);
    assert_int_equal(xylem_exec_bytes(net, 2, text, SIZE, NULL, NULL), XYLEM_OK);
    assert_int_equal(done[2], 2);
    free(text);
    end();
}

/* A cast is a request at each link. */
static void test_casts(void **state)
{
    xylem_future *future;
    (void)state;
    begin(3);
    add(rule_of(XYLEM_SIM_DROP, XYLEM_SIM_REPLY, 3));
    assert_int_equal(xylem_cast(net, "all", "", NULL, &future), XYLEM_OK);
    xylem_future_wait(future, -1);
    assert_int_equal(xylem_future_result(future, NULL, NULL), XYLEM_UNAVAILABLE);
    assert_int_equal(xylem_future_value(future), 2);
    assert_int_equal(done[1] + done[2] + done[3], 3);
    xylem_future_free(&future);
    end();
}

static void test_lost_heartbeats(void **state)
{
    (void)state;
    begin_with(NULL, 100, 2);
    xylem_sim_rule rule = rule_of(XYLEM_SIM_DROP, XYLEM_SIM_HEARTBEAT, 2);
    rule.times = 3;
    add(rule);
    xylem_sim_run(sim, SECOND);
    assert_null(xylem_next_event(net)); /* three of them are borne */
    rule.times = 0;
    uint64_t number = add(rule);
    xylem_sim_run(sim, SECOND);
    const xylem_event *event = xylem_next_event(net);
    assert_non_null(event);
    assert_int_equal(event->id, 2);
    assert_int_equal(event->cause, XYLEM_SILENT);
    xylem_sim_remove(sim, number);
    assert_int_equal(xylem_wait(net, 2, true, -1), XYLEM_OK);
    assert_true(counts().drops > 6);
    end();
}

/* Nodes. */

/* At its second request: the first is answered. */
static void test_crash_at_a_request(void **state)
{
    xylem_future *futures[2];
    (void)state;
    begin(1);
    xylem_sim_rule rule = rule_of(XYLEM_SIM_CRASH, XYLEM_SIM_REQUEST, 1);
    rule.nth = 2;
    add(rule);
    assert_int_equal(ask(1), XYLEM_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(xylem_start(net, 1, "", -1, &futures[i]), XYLEM_OK);
    xylem_sim_run(sim, 10 * MS);
    assert_int_equal(done[1], 1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(xylem_future_result(futures[i], NULL, NULL), XYLEM_UNAVAILABLE);
        xylem_future_free(&futures[i]);
    }
    assert_int_equal(counts().crashes, 1);
    assert_int_equal(xylem_sim_crash(net, 1), XYLEM_UNAVAILABLE);
    end();
}

static void test_crash_at_a_reply(void **state)
{
    (void)state;
    begin(2);
    add(rule_of(XYLEM_SIM_CRASH, XYLEM_SIM_REPLY, 2));
    assert_int_equal(ask(2), XYLEM_UNAVAILABLE);
    assert_int_equal(done[2], 1);
    const xylem_event *event = xylem_next_event(net);
    assert_non_null(event);
    assert_int_equal(event->cause, XYLEM_SIGNALLED);
    assert_int_equal(ask(1), XYLEM_OK);
    end();
}

static void test_pause(void **state)
{
    (void)state;
    begin(1);
    xylem_sim_rule rule = rule_of(XYLEM_SIM_PAUSE, XYLEM_SIM_REQUEST, 1);
    rule.us = 20 * MS;
    add(rule);
    int64_t before_us = xylem_sim_now(sim);
    assert_int_equal(ask(1), XYLEM_OK);
    assert_in_range(xylem_sim_now(sim) - before_us, 20 * MS, 21 * MS);
    before_us = xylem_sim_now(sim);
    assert_int_equal(xylem_sim_pause(net, 1, 40 * MS), XYLEM_OK);
    assert_int_equal(ask(1), XYLEM_OK);
    assert_in_range(xylem_sim_now(sim) - before_us, 40 * MS, 41 * MS);
    before_us = xylem_sim_now(sim);
    assert_int_equal(xylem_sim_pause(net, XYLEM_CONTROLLER, 60 * MS), XYLEM_OK);
    assert_int_equal(ask(1), XYLEM_OK);
    assert_in_range(xylem_sim_now(sim) - before_us, 60 * MS, 61 * MS);
    assert_int_equal(counts().pauses, 3);
    end();
}

static int64_t time_of_a_request(void)
{
    int64_t before_us = xylem_sim_now(sim);
    assert_int_equal(ask(1), XYLEM_OK);
    return xylem_sim_now(sim) - before_us;
}

static void test_slow(void **state)
{
    int64_t longest_us = 0;
    (void)state;
    begin(1);
    assert_true(time_of_a_request() < MS);
    assert_int_equal(xylem_sim_slow(net, 1, 50 * MS, SECOND), XYLEM_OK);
    for (int i = 0; i < 10; i++) {
        int64_t us = time_of_a_request();
        longest_us = us > longest_us ? us : longest_us;
    }
    assert_in_range(longest_us, MS, 51 * MS);
    xylem_sim_run(sim, SECOND);
    assert_true(time_of_a_request() < MS);
    assert_int_equal(counts().slows, 1);
    end();
}

static void test_starts(void **state)
{
    (void)state;
    begin(1);
    add(rule_of(XYLEM_SIM_NO_START, XYLEM_SIM_START, 2));
    assert_int_equal(xylem_create(net, 2, NULL), XYLEM_CANNOT_START);
    assert_string_equal(xylem_reason(net), "the simulator made the start fail");
    assert_int_equal(xylem_create(net, 2, NULL), XYLEM_OK);
    add(rule_of(XYLEM_SIM_CRASH, XYLEM_SIM_START, 3));
    assert_int_equal(xylem_create(net, 3, NULL), XYLEM_CANNOT_START);
    assert_int_equal(xylem_create(net, 3, NULL), XYLEM_OK);
    assert_int_equal(counts().no_starts, 1);
    assert_int_equal(counts().crashes, 1);
    end();
}

/* Links. */

static void test_partition(void **state)
{
    static const int64_t below[] = {2, 3}, wrong[] = {1, 9};
    (void)state;
    begin_with(NULL, 100, 3);
    assert_int_equal(xylem_sim_partition(net, wrong, 2), XYLEM_NOT_FOUND);
    assert_int_equal(ask(1), XYLEM_OK);
    assert_int_equal(xylem_sim_partition(net, below, 2), XYLEM_OK);
    assert_int_equal(xylem_wait(net, 3, false, -1), XYLEM_OK);
    assert_int_equal(ask(1), XYLEM_OK);
    assert_int_equal(ask(3), XYLEM_UNAVAILABLE);
    sight seen = {.fault = XYLEM_SIM_NO_FAULT};
    assert_int_equal(xylem_sim_observe(sim, look, &seen), XYLEM_OK);
    xylem_sim_run(sim, SECOND);
    assert_in_range(seen.heartbeats, 18, 22); /* of 1 and of 3, whose parent is on its side */
    assert_int_equal(xylem_sim_observe(sim, NULL, NULL), XYLEM_OK);
    for (const xylem_event *event; (event = xylem_next_event(net));)
        assert_int_equal(event->origin, 2); /* between 2 and 3 nothing is cut */
    assert_int_equal(xylem_sim_heal(net), XYLEM_OK);
    assert_int_equal(xylem_wait(net, 3, true, -1), XYLEM_OK);
    assert_int_equal(ask(3), XYLEM_OK);
    assert_int_equal(counts().partitions, 2);
    end();
}

/* Time. */

static void test_steps(void **state)
{
    xylem_future *future;
    (void)state;
    begin(1);
    while (xylem_sim_step(sim))
        ;
    uint64_t events = counts().events;
    int64_t before_us = xylem_sim_now(sim);
    assert_false(xylem_sim_step(sim)); /* without heartbeats nothing is going to happen */
    assert_int_equal(xylem_sim_now(sim), before_us);
    assert_int_equal(xylem_start(net, 1, "", -1, &future), XYLEM_OK);
    assert_true(xylem_sim_step(sim));
    assert_in_range(xylem_sim_now(sim) - before_us, 40, 80);
    assert_int_equal(done[1], 1);
    assert_true(counts().events > events);
    assert_int_equal(xylem_future_result(future, NULL, NULL), XYLEM_PENDING);
    assert_true(xylem_sim_step(sim));
    assert_int_equal(xylem_future_result(future, NULL, NULL), XYLEM_OK);
    xylem_future_free(&future);
    end();
}

static void test_runs_exactly(void **state)
{
    (void)state;
    begin_with(NULL, 100, 3);
    int64_t before_us = xylem_sim_now(sim), before_ms = xylem_now(net);
    assert_int_equal(xylem_sim_run(sim, 1234567), XYLEM_OK);
    assert_int_equal(xylem_sim_now(sim), before_us + 1234567);
    assert_in_range(xylem_now(net) - before_ms, 1234, 1235);
    assert_int_equal(xylem_sim_run(sim, 0), XYLEM_OK);
    assert_int_equal(xylem_sim_run(sim, -1), XYLEM_INVALID);
    assert_int_equal(xylem_sim_now(sim), before_us + 1234567);
    end();
}

static void test_two_networks(void **state)
{
    xylem_options options = XYLEM_OPTIONS;
    xylem_future *future;
    (void)state;
    begin(1);
    xylem *second = open_network(options);
    assert_int_equal(xylem_create(second, 5, NULL), XYLEM_OK);
    assert_int_equal(xylem_start(second, 5, "", -1, &future), XYLEM_OK);
    assert_int_equal(ask(1), XYLEM_OK); /* meanwhile it is done there too */
    assert_int_equal(done[5], 1);
    xylem_sim_run(sim, MS);
    assert_int_equal(xylem_future_result(future, NULL, NULL), XYLEM_OK);
    assert_int_equal(xylem_now(net), xylem_now(second));
    xylem_future_free(&future);

    xylem_sim_rule rule = rule_of(XYLEM_SIM_DROP, XYLEM_SIM_REQUEST, XYLEM_ANY);
    rule.network = second;
    rule.times = 0;
    uint64_t number = add(rule);
    assert_int_equal(ask(1), XYLEM_OK);
    assert_int_equal(xylem_exec(second, 5, "", NULL), XYLEM_UNAVAILABLE);
    assert_int_equal(xylem_sim_fired(sim, number), 1);
    uint64_t events = counts().events;
    xylem_close(&second);
    assert_true(counts().events > events);
    assert_int_equal(xylem_sim_remove(sim, number), XYLEM_NOT_FOUND); /* it has ended with it */
    assert_int_equal(ask(1), XYLEM_OK);
    end();
}

/* A service of one network may not call another one of the simulation, which it runs in. */
static void test_services_may_not_call(void **state)
{
    xylem_options options = XYLEM_OPTIONS;
    (void)state;
    begin(1);
    other = net;
    options.service = "caller";
    xylem *second;
    assert_int_equal(xylem_sim_network(sim, &second, &options), XYLEM_OK);
    assert_int_equal(xylem_create(second, 1, NULL), XYLEM_OK);
    refused = 0;
    assert_int_equal(xylem_exec(second, 1, "", NULL), XYLEM_OK);
    assert_int_equal(refused, 1);
    xylem_close(&second);
    end();
}

/* Closed first, it lasts as long as its networks, and its faults do not. */
static void test_closed_before_its_network(void **state)
{
    (void)state;
    begin(1);
    xylem_sim_rule rule = rule_of(XYLEM_SIM_DROP, XYLEM_SIM_REQUEST, XYLEM_ANY);
    rule.times = 0;
    add(rule);
    assert_int_equal(xylem_sim_hold(net, 1, XYLEM_SIM_UP), XYLEM_OK);
    xylem_sim_close(&sim);
    assert_null(sim);
    assert_int_equal(ask(1), XYLEM_OK);
    xylem_close(&net);
}

/* In a child made by fork the memory is freed, in any order, and nothing else can be done. */
static void test_forked_child(void **state)
{
    int status;
    (void)state;
    begin(1);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bool nothing = xylem_sim_run(sim, 1) == XYLEM_INVALID && !xylem_sim_step(sim) &&
                       xylem_sim_crash(net, 1) == XYLEM_INVALID;
        xylem_sim_close(&sim);
        xylem_close(&net);
        _exit(nothing && !sim && !net ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
    assert_int_equal(ask(1), XYLEM_OK);
    end();
}

/* The end of all faults. */
static void test_calm(void **state)
{
    static const int64_t cut[] = {2};
    xylem_sim_options how = XYLEM_SIM_OPTIONS;
    (void)state;
    how.jitter_us = 20 * MS;
    begin_with(&how, 100, 3);
    xylem_sim_rule rule = rule_of(XYLEM_SIM_DROP, XYLEM_SIM_REQUEST | XYLEM_SIM_REPLY, XYLEM_ANY);
    rule.times = 0;
    add(rule);
    assert_int_equal(xylem_sim_hold(net, 3, XYLEM_SIM_UP), XYLEM_OK);
    assert_int_equal(xylem_sim_pause(net, 1, 100 * SECOND), XYLEM_OK);
    assert_int_equal(xylem_sim_partition(net, cut, 1), XYLEM_OK);
    assert_int_equal(xylem_wait(net, 1, false, -1), XYLEM_OK);
    assert_int_equal(xylem_sim_calm(sim), XYLEM_OK);
    for (int64_t id = 1; id <= 3; id++) {
        assert_int_equal(xylem_wait(net, id, true, -1), XYLEM_OK);
        assert_int_equal(ask(id), XYLEM_OK);
    }
    for (int i = 0; i < 20; i++)
        assert_true(time_of_a_request() < MS);
    end();
}

/* The same run again. */

static xylem_sim_options with_faults(uint64_t seed)
{
    xylem_sim_options how = XYLEM_SIM_OPTIONS;
    how.seed = seed;
    how.lost_requests = how.lost_replies = how.lost_heartbeats = how.delays = 100;
    how.delay_us = 5 * MS;
    how.crashes = 20;
    how.pauses = 100;
    how.pause_us = 30 * MS;
    how.failed_starts = how.early_ends = 100;
    how.jitter_us = 300;
    how.drift = 100;
    return how;
}

/* The trace of a run with all faults, which the caller frees. */
static char *trace_of(uint64_t seed, xylem_sim_counts *seen)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    xylem_sim_options how = with_faults(seed);
    assert_non_null(file);
    begin_with(&how, 50, 0);
    assert_int_equal(xylem_sim_trace(net, file), XYLEM_OK);
    for (int i = 0; i < 200; i++) {
        int64_t id = 1 + (int64_t)xylem_sim_draw(sim, 5);
        if (ask(id)) {
            xylem_remove(net, id);
            xylem_create_with(net, id,
                              &(xylem_create_options){.size = sizeof(xylem_create_options),
                                                      .parent = id > 1 ? id - 1 : -1},
                              NULL);
        }
    }
    *seen = counts();
    end();
    fclose(file);
    return text;
}

static void test_same_seed_same_trace(void **state)
{
    xylem_sim_counts counts[3];
    (void)state;
    char *first = trace_of(7, &counts[0]), *second = trace_of(7, &counts[1]),
         *different = trace_of(8, &counts[2]);
    static const char head[] = "{\"seed\":7,\"topology\":\"list\",\"repair\":\"none\"}\n"
                               "{\"us\":0,\"life\":0,\"command\":\"";
    assert_int_equal(strncmp(first, head, sizeof head - 1), 0);
    assert_string_equal(first, second);
    assert_memory_equal(&counts[0], &counts[1], sizeof counts[0]);
    assert_string_not_equal(first + sizeof head, different + sizeof head);
    assert_true(counts[0].drops && counts[0].delays && counts[0].crashes && counts[0].pauses &&
                counts[0].no_starts);
    assert_non_null(strstr(first, "\"fault\":\"drop\""));
    assert_non_null(strstr(first, "\"fault\":\"stillborn\""));
    free(first);
    free(second);
    free(different);
}

static int64_t time_of_a_create(xylem *network)
{
    int64_t before_us = xylem_sim_now(sim);
    assert_int_equal(xylem_create(network, 7, NULL), XYLEM_OK);
    return xylem_sim_now(sim) - before_us;
}

/* Also without faults a seed is a run of its own, and each of its networks. */
static void test_seeds_of_networks(void **state)
{
    xylem_options options = XYLEM_OPTIONS;
    int64_t us[2][2];
    (void)state;
    for (int i = 0; i < 2; i++) {
        xylem_sim_options how = XYLEM_SIM_OPTIONS;
        how.seed = 20 + (uint64_t)i;
        begin_with(&how, 0, 0);
        xylem *second = open_network(options);
        us[i][0] = time_of_a_create(net);
        us[i][1] = time_of_a_create(second);
        xylem_close(&second);
        end();
    }
    assert_int_not_equal(us[0][0], us[0][1]);
    assert_int_not_equal(us[0][0], us[1][0]);
}

/* Its own numbers change nothing else. */
static void test_draws_are_apart(void **state)
{
    xylem_sim_options how = with_faults(3);
    int64_t ends_us[2];
    (void)state;
    for (int i = 0; i < 2; i++) {
        begin_with(&how, 50, 0);
        for (int draws = 0; draws < 100 * i; draws++)
            assert_true(xylem_sim_draw(sim, 10) < 10);
        assert_int_equal(xylem_sim_draw(sim, 0), 0);
        for (int64_t id = 1; id <= 5; id++)
            xylem_create_with(net, id,
                              &(xylem_create_options){.size = sizeof(xylem_create_options),
                                                      .parent = XYLEM_CONTROLLER},
                              NULL);
        ends_us[i] = xylem_sim_now(sim);
        end();
    }
    assert_int_equal(ends_us[0], ends_us[1]);
}

/* Random commands among all faults, in each shape and with each repair. */

enum { STORM_IDS = IDS - 1 };

static int64_t any_id(void)
{
    return (int64_t)xylem_sim_draw(sim, STORM_IDS);
}

static void ask_all(void)
{
    xylem_future *future;
    assert_int_equal(xylem_cast(net, "all", "", NULL, &future), XYLEM_OK);
    xylem_future_wait(future, -1);
    xylem_future_free(&future);
}

static void cut_two(void)
{
    const int64_t ids[] = {any_id(), any_id()};
    if (xylem_sim_draw(sim, 2))
        xylem_sim_heal(net);
    else
        xylem_sim_partition(net, ids, 2);
}

static void storm(void)
{
    for (int i = 0; i < 100; i++) {
        int64_t id = any_id();
        switch (xylem_sim_draw(sim, 12)) {
        case 0:
        case 1:
            xylem_create(net, id, NULL);
            break;
        case 2:
            xylem_remove(net, id);
            break;
        case 3:
            ask_all();
            break;
        case 4:
            xylem_move(net, id, any_id());
            break;
        case 5:
            xylem_sim_hold(net, id, 1 + (unsigned)xylem_sim_draw(sim, 3));
            break;
        case 6:
            xylem_sim_release(net, xylem_sim_draw(sim, 2) ? id : XYLEM_ANY);
            break;
        case 7:
            cut_two();
            break;
        case 8:
            xylem_sim_slow(net, id, 100 * MS, SECOND);
            break;
        default:
            ask(id);
        }
    }
}

/* Each node is dead, or it answers. */
static void is_well(uint64_t seed)
{
    for (int64_t id = 0; id < STORM_IDS; id++) {
        bool lives = !xylem_sim_pause(net, id, 0);
        if (lives && ask(id))
            fail_msg("seed %d: node %d does not answer", (int)seed, (int)id);
    }
}

static void test_recovers(void **state)
{
    static const char *const shapes[] = {"bst", "avl", "balanced", "list", "tree"};
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        xylem_sim_options how = with_faults(seed);
        xylem_options options = XYLEM_OPTIONS;
        how.delay_us = how.pause_us = 400 * MS;
        options.heartbeat_ms = 50;
        options.timeout_ms = 1000;
        options.topology = shapes[seed % 5];
        options.repair = (enum xylem_repair)(seed % 3);
        assert_int_equal(xylem_sim_open(&sim, &how), XYLEM_OK);
        net = open_network(options);
        storm();
        assert_int_equal(xylem_sim_calm(sim), XYLEM_OK);
        xylem_sim_run(sim, 20 * SECOND);
        is_well(seed);
        end();
    }
}

/* What is seen. */

static void test_observer(void **state)
{
    sight seen = {.fault = XYLEM_SIM_NO_FAULT};
    (void)state;
    begin(1);
    assert_int_equal(xylem_sim_observe(sim, look, &seen), XYLEM_OK);
    create(0);
    assert_int_equal(xylem_create(net, 2, NULL), XYLEM_OK);
    assert_int_equal(seen.kinds[XYLEM_SIM_STARTED], 1);
    seen.requests = seen.replies = 0;
    assert_int_equal(ask(2), XYLEM_OK);
    assert_int_equal(seen.requests, 2); /* at each of two links */
    assert_int_equal(seen.replies, 2);
    assert_int_equal(seen.kinds[XYLEM_SIM_FAULTED], 0);
    assert_int_equal(xylem_sim_crash(net, 2), XYLEM_OK);
    assert_int_equal(seen.kinds[XYLEM_SIM_ENDED], 1);
    assert_int_equal(seen.kinds[XYLEM_SIM_FAULTED], 1);
    assert_int_equal(seen.fault, XYLEM_SIM_CRASH);
    assert_int_equal(seen.faulty, 2);
    assert_true(seen.kinds[XYLEM_SIM_SENT] >= 4 && seen.kinds[XYLEM_SIM_LEARNED] > 0);
    seen.heartbeats = 0;
    xylem_heartbeat(net, 10);
    xylem_sim_run(sim, 95 * MS);
    assert_in_range(seen.heartbeats, 8, 11);
    assert_int_equal(seen.let_through, 0);
    const sight before = seen;
    assert_int_equal(xylem_sim_observe(sim, NULL, NULL), XYLEM_OK);
    assert_int_equal(ask(1), XYLEM_OK);
    assert_memory_equal(&before, &seen, sizeof seen);
    end();
}

static void test_trace_ends(void **state)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    (void)state;
    assert_non_null(file);
    begin(1);
    assert_int_equal(xylem_sim_trace(net, file), XYLEM_OK);
    assert_int_equal(ask(1), XYLEM_OK);
    assert_int_equal(xylem_sim_trace(net, NULL), XYLEM_OK);
    fflush(file);
    size_t before = size;
    assert_true(before > 100);
    assert_int_equal(ask(1), XYLEM_OK);
    fclose(file);
    assert_int_equal(size, before);
    free(text);
    end();
}

/* Misuse. */

static void test_refused_options(void **state)
{
    xylem_sim_options how = XYLEM_SIM_OPTIONS;
    (void)state;
    assert_int_equal(xylem_sim_open(NULL, NULL), XYLEM_INVALID);
    how.crashes = 1001;
    assert_int_equal(xylem_sim_open(&sim, &how), XYLEM_INVALID);
    assert_null(sim);
    assert_string_equal(xylem_reason(NULL), "a chance of the options is above 1000");
    how.crashes = 0;
    how.delay_us = -1;
    assert_int_equal(xylem_sim_open(&sim, &how), XYLEM_INVALID);
    how.delay_us = 0;
    how.drift = 100001;
    assert_int_equal(xylem_sim_open(&sim, &how), XYLEM_INVALID);
    how.drift = 0;
    how.size--;
    assert_int_equal(xylem_sim_open(&sim, &how), XYLEM_INVALID);
    xylem_sim_close(NULL);
    xylem_sim_close(&sim);
}

static void refuse(xylem_sim_rule rule)
{
    uint64_t number = 7;
    assert_int_equal(xylem_sim_add(sim, &rule, &number), XYLEM_INVALID);
    assert_int_not_equal(xylem_reason(NULL)[0], '\0');
    assert_int_equal(number, 7);
}

static void test_refused_rules(void **state)
{
    xylem *alone;
    (void)state;
    begin(1);
    xylem_sim_rule rule = XYLEM_SIM_RULE;
    assert_int_equal(xylem_sim_add(sim, NULL, NULL), XYLEM_INVALID);
    rule.fault = XYLEM_SIM_PARTITION;
    refuse(rule);
    refuse(rule_of(XYLEM_SIM_NO_FAULT, XYLEM_SIM_REQUEST, 1));
    refuse(rule_of(XYLEM_SIM_DROP, 0, 1));
    refuse(rule_of(XYLEM_SIM_DROP, 16, 1));
    refuse(rule_of(XYLEM_SIM_DROP, XYLEM_SIM_START, 1));
    refuse(rule_of(XYLEM_SIM_NO_START, XYLEM_SIM_REQUEST, 1));
    refuse(rule_of(XYLEM_SIM_DROP, XYLEM_SIM_REQUEST, XYLEM_CONTROLLER));
    rule = rule_of(XYLEM_SIM_DROP, XYLEM_SIM_REQUEST, 1);
    rule.nth = 0;
    refuse(rule);
    rule.nth = 1;
    rule.us = -1;
    refuse(rule);
    rule.us = 0;
    rule.chance = 1001;
    refuse(rule);
    rule.chance = 1000;
    assert_int_equal(xylem_open(&alone, &(xylem_options)XYLEM_OPTIONS), XYLEM_OK);
    rule.network = alone;
    refuse(rule);
    assert_int_equal(xylem_sim_crash(alone, 1), XYLEM_INVALID);
    assert_int_equal(xylem_sim_heal(alone), XYLEM_INVALID);
    xylem_close(&alone);
    end();
}

static void test_too_many_rules(void **state)
{
    (void)state;
    begin(1);
    xylem_sim_rule rule = rule_of(XYLEM_SIM_DROP, XYLEM_SIM_REQUEST, 1);
    for (int i = 0; i < 1000; i++)
        add(rule);
    assert_int_equal(xylem_sim_add(sim, &rule, NULL), XYLEM_BUSY);
    assert_int_equal(xylem_sim_calm(sim), XYLEM_OK);
    add(rule);
    end();
}

static void test_refused_calls(void **state)
{
    const xylem_sim_counts *seen;
    (void)state;
    assert_int_equal(xylem_sim_run(NULL, 1), XYLEM_INVALID);
    assert_string_equal(xylem_reason(NULL), "the simulation is NULL");
    assert_int_equal(xylem_sim_status(NULL, &seen), XYLEM_INVALID);
    assert_false(xylem_sim_step(NULL));
    begin(1);
    assert_int_equal(xylem_sim_crash(net, 2), XYLEM_NOT_FOUND);
    assert_int_equal(xylem_sim_pause(net, 2, 1), XYLEM_NOT_FOUND);
    assert_int_equal(xylem_sim_pause(net, 1, -1), XYLEM_INVALID);
    assert_int_equal(xylem_sim_slow(net, 1, -1, 1), XYLEM_INVALID);
    assert_int_equal(xylem_sim_hold(net, 1, 4), XYLEM_INVALID);
    assert_int_equal(xylem_sim_hold(net, 1, 0), XYLEM_INVALID);
    assert_int_equal(xylem_sim_hold(net, XYLEM_CONTROLLER, 1), XYLEM_NOT_FOUND);
    assert_int_equal(xylem_sim_release(net, 2), XYLEM_NOT_FOUND);
    xylem_options options = XYLEM_OPTIONS;
    xylem *second;
    options.service = "no such service";
    assert_int_equal(xylem_sim_network(sim, &second, &options), XYLEM_INVALID);
    assert_null(second);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lost_request),
        cmocka_unit_test(test_lost_reply),
        cmocka_unit_test(test_counts_once),
        cmocka_unit_test(test_nth_and_times),
        cmocka_unit_test(test_one_of_two_rules),
        cmocka_unit_test(test_order_is_kept),
        cmocka_unit_test(test_held_until_released),
        cmocka_unit_test(test_held_by_a_rule),
        cmocka_unit_test(test_fragments),
        cmocka_unit_test(test_casts),
        cmocka_unit_test(test_lost_heartbeats),
        cmocka_unit_test(test_crash_at_a_request),
        cmocka_unit_test(test_crash_at_a_reply),
        cmocka_unit_test(test_pause),
        cmocka_unit_test(test_slow),
        cmocka_unit_test(test_starts),
        cmocka_unit_test(test_partition),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_runs_exactly),
        cmocka_unit_test(test_two_networks),
        cmocka_unit_test(test_services_may_not_call),
        cmocka_unit_test(test_closed_before_its_network),
        cmocka_unit_test(test_forked_child),
        cmocka_unit_test(test_calm),
        cmocka_unit_test(test_same_seed_same_trace),
        cmocka_unit_test(test_seeds_of_networks),
        cmocka_unit_test(test_draws_are_apart),
        cmocka_unit_test(test_recovers),
        cmocka_unit_test(test_observer),
        cmocka_unit_test(test_trace_ends),
        cmocka_unit_test(test_refused_options),
        cmocka_unit_test(test_refused_rules),
        cmocka_unit_test(test_too_many_rules),
        cmocka_unit_test(test_refused_calls),
    };
    if (xylem_register(&counter) || xylem_register(&caller))
        return EXIT_FAILURE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
