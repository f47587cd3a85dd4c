/* crowd: two networks in one process, each of hundreds of nodes in the thread world, while commands
 * and faults are under way all over them. Mostly for the thread sanitizer.
 *
 *     crowd [--seed N] [--seconds S] [--nodes N]
 *
 * A round: each of two threads opens a network, fills it, and gives it commands one after the
 * other, whose answers are compared with a model. Then they exchange their networks, and a third
 * and a fourth thread interrupt them: from then on no command waits any more, so that hundreds are
 * under way at the same time. What must be there afterwards is there, what was removed is not; then
 * the networks are closed, half of them in the middle of it. The seed repeats what is drawn, not
 * the moments at which it happens.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <xylem.h>

enum {
    NETWORKS = 2,
    CALM = 120,  /* commands that are waited for, */
    STORM = 400, /* and that are not, in each round */
    CEILING_MS = 60000,
    BLAME_MS = 5000, /* until a node that did not answer is said to be unavailable */
    NODES_MAX = 4096
};

typedef enum command {
    CREATE,
    REMOVE,
    EXEC,
    PING,
    HEARTBEAT,
    KILL,
    PAUSE,
    RESUME,
    LIST,
    WAIT,
    COMMANDS
} command;

static const char *const names[COMMANDS] = {"create", "remove", "exec",   "ping", "heartbeat",
                                            "kill",   "pause",  "resume", "list", "wait"};

/* How often each is drawn while it is waited for, and in the storm: there removals are rare, else
 * few nodes would be left for it. */
static const int calm_shares[COMMANDS] = {30, 4, 15, 20, 5, 4, 4, 8, 4, 6};
static const int storm_shares[COMMANDS] = {30, 4, 20, 20, 4, 6, 6, 8, 2, 0};

typedef enum presence {
    ABSENT,
    PRESENT,
    UNCERTAIN /* its create was not waited for */
} presence;

/* How a command to a node fares. */
typedef enum fate {
    ANSWERS,
    DEAD,  /* it, or one above it, was killed */
    FROZEN /* the command would wait for a node that was paused */
} fate;

/* The model of one node. */
typedef struct place {
    presence presence;
    bool killed, paused, started;
    bool lost;       /* the latest event says that it is not available */
    unsigned losses; /* how many such events there were */
    int64_t parent, pid;
} place;

/* One network with its model: used by one thread at a time. */
typedef struct plot {
    xylem *network;
    uint64_t random;
    int64_t ids; /* the model's: 0 and up */
    place *places;
    size_t present, peak;
    unsigned long commands[COMMANDS], interrupted, alarms;
} plot;

static struct {
    uint64_t seed;
    int64_t seconds, nodes;
} options = {.seconds = 10, .nodes = 200};

static plot plots[NETWORKS];
static pthread_barrier_t barrier;
static bool over;
static unsigned long rounds;
static size_t most_threads;

/* Whatever does not hold ends the program at once. */
#define MUST(holds, ...)                                                                           \
    do {                                                                                           \
        if (!(holds))                                                                              \
            fail(__LINE__, __VA_ARGS__);                                                           \
    } while (0)

static void fail(int line, const char *what, const char *name, int64_t id, int64_t value)
{
    fprintf(stderr, "crowd.c:%d: %s: %s %" PRId64 ": %" PRId64 "\n", line, what, name, id, value);
    fprintf(stderr, "to draw the same: --seed %" PRIu64 " --nodes %" PRId64 "\n", options.seed,
            options.nodes);
    _exit(1);
}

/* Chance. */

static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static int64_t below(plot *p, int64_t end)
{
    return (int64_t)(draw(&p->random) % (uint64_t)end);
}

static command draw_command(plot *p, const int shares[COMMANDS])
{
    int all = 0, kind = 0;
    for (int i = 0; i < COMMANDS; i++)
        all += shares[i];
    int64_t at = below(p, all);
    while (at >= shares[kind])
        at -= shares[kind++];
    return (command)kind;
}

/* Mostly a node that is there. */
static int64_t draw_id(plot *p)
{
    int64_t id = below(p, p->ids);
    for (int64_t i = 0; i < p->ids && below(p, 30) && p->places[id].presence == ABSENT; i++)
        id = id + 1 < p->ids ? id + 1 : 0;
    return id;
}

/* The system. */

static size_t count_entries(const char *folder)
{
    size_t count = 0;
    DIR *all = opendir(folder);
    MUST(all, "cannot look at /proc", "", 0, 0);
    while (readdir(all))
        count++;
    closedir(all);
    return count;
}

static size_t count_threads(void)
{
    return count_entries("/proc/self/task");
}

static bool is_thread(int64_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%" PRId64, pid);
    return access(path, F_OK) == 0;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The model. */

static bool is_below(const plot *p, int64_t id, int64_t top)
{
    while (id >= 0 && id != top)
        id = p->places[id].parent;
    return id == top;
}

/* The node that would be above `id`; without uncertain ones. */
static int64_t find_parent(const plot *p, int64_t id)
{
    int64_t left = id, right = id;
    do
        left--;
    while (left >= 0 && p->places[left].presence != PRESENT);
    do
        right++;
    while (right < p->ids && p->places[right].presence != PRESENT);
    if (left < 0)
        return right < p->ids ? right : -1;
    return right < p->ids && is_below(p, right, left) ? right : left;
}

static fate fate_of(const plot *p, int64_t id)
{
    fate result = ANSWERS;
    for (; id >= 0; id = p->places[id].parent)
        if (p->places[id].killed)
            result = DEAD;
        else if (p->places[id].paused)
            result = FROZEN;
    return result;
}

static void enter(plot *p, int64_t id, presence how, int64_t pid)
{
    p->places[id] = (place){.presence = how, .parent = -1, .pid = pid};
    if (how != PRESENT)
        return;
    p->places[id].parent = find_parent(p, id);
    if (++p->present > p->peak)
        p->peak = p->present;
}

static void leave(plot *p, int64_t top)
{
    bool gone[NODES_MAX];
    for (int64_t id = 0; id < p->ids; id++)
        gone[id] = p->places[id].presence == PRESENT && is_below(p, id, top);
    for (int64_t id = 0; id < p->ids; id++)
        if (gone[id]) {
            p->places[id].presence = ABSENT;
            p->present--;
        }
}

/* What comes without a command: false alarms are told from true ones, and counted. */
static void take_events(plot *p)
{
    const xylem_event *event;
    while ((event = xylem_next_event(p->network))) {
        place *at = &p->places[event->id];
        at->lost = event->kind == XYLEM_NODE_UNAVAILABLE;
        at->losses += at->lost;
        p->alarms += at->lost && at->presence == PRESENT && fate_of(p, event->id) == ANSWERS;
    }
}

/* Commands that are waited for. Each has one answer, which the model knows; but a node that was not
 * heard of for too long may be called unavailable, when that has been said. */

static bool is_excused(plot *p, int64_t id, unsigned losses)
{
    int64_t until_ms = now_ms() + BLAME_MS;
    take_events(p);
    while (!p->places[id].lost && p->places[id].losses == losses && now_ms() < until_ms) {
        xylem_run(p->network, 100);
        take_events(p);
    }
    return p->places[id].lost || p->places[id].losses != losses;
}

static void recover(plot *p, int64_t id)
{
    int error = xylem_wait(p->network, id, true, CEILING_MS);
    MUST(!error || error == XYLEM_INTERRUPTED, "does not come back", "node", id, error);
    take_events(p);
}

/* Does `kind` on `id` by `act`, until there is an answer without an excuse. */
typedef int (*action)(plot *p, int64_t id, void *result);

static int ask(plot *p, command kind, int64_t id, int64_t reached, action act, void *result)
{
    for (;;) {
        unsigned losses = reached >= 0 ? p->places[reached].losses : 0;
        int status = act(p, id, result);
        p->commands[kind]++;
        bool alarm = status == XYLEM_UNAVAILABLE || status == XYLEM_PARENT_UNAVAILABLE;
        if (!alarm || reached < 0 || fate_of(p, reached) != ANSWERS)
            return status;
        MUST(is_excused(p, reached, losses), "no answer for no cause", names[kind], id, status);
        recover(p, reached);
    }
}

static int act_create(plot *p, int64_t id, void *pid)
{
    return xylem_create(p->network, id, pid);
}

static int act_ping(plot *p, int64_t id, void *unused)
{
    (void)unused;
    return xylem_ping(p->network, id);
}

static int act_exec(plot *p, int64_t id, void *text)
{
    const char **exchanged = text;
    return xylem_exec(p->network, id, *exchanged, exchanged);
}

static void expect(command kind, int64_t id, int status, int expected)
{
    MUST(status == expected || status == XYLEM_INTERRUPTED, "wrong answer", names[kind], id,
         status);
}

static int create(plot *p, int64_t id)
{
    int64_t pid = 0, parent = find_parent(p, id);
    bool exists = p->places[id].presence == PRESENT;
    if (!exists && parent >= 0 && fate_of(p, parent) == FROZEN)
        return XYLEM_OK;
    bool dead = parent >= 0 && fate_of(p, parent) == DEAD;
    int status = ask(p, CREATE, id, exists ? -1 : parent, act_create, &pid);
    expect(CREATE, id, status, exists ? XYLEM_EXISTS : dead ? XYLEM_PARENT_UNAVAILABLE : XYLEM_OK);
    if (status == XYLEM_OK) {
        MUST(is_thread(pid), "no thread", "create", id, pid);
        enter(p, id, PRESENT, pid);
    } else if (status == XYLEM_INTERRUPTED && !exists) {
        enter(p, id, UNCERTAIN, 0);
    }
    return status;
}

static int remove_node(plot *p, int64_t id)
{
    bool exists = p->places[id].presence == PRESENT;
    int64_t parent = p->places[id].parent;
    if (exists && parent >= 0 && fate_of(p, parent) == FROZEN)
        return XYLEM_OK;
    int status = xylem_remove(p->network, id);
    p->commands[REMOVE]++;
    expect(REMOVE, id, status, exists ? XYLEM_OK : XYLEM_NOT_FOUND);
    if (exists)
        leave(p, id);
    return status;
}

static int expected_answer(const plot *p, int64_t id)
{
    return p->places[id].presence != PRESENT ? XYLEM_NOT_FOUND
           : fate_of(p, id) == DEAD          ? XYLEM_UNAVAILABLE
                                             : XYLEM_OK;
}

static int ping(plot *p, int64_t id)
{
    bool exists = p->places[id].presence == PRESENT;
    if (exists && fate_of(p, id) == FROZEN)
        return XYLEM_OK;
    int status = ask(p, PING, id, exists ? id : -1, act_ping, NULL);
    expect(PING, id, status, expected_answer(p, id));
    return status;
}

/* The service is a stopwatch, which begins at 0 and stands still. */
static void check_text(const place *at, int64_t id, const char *asked, const char *text)
{
    bool right = strcmp(text, asked) == 0;
    if (strcmp(asked, "time") == 0)
        right = at->started ? strstr(text, " ms") != NULL : strcmp(text, "0 ms") == 0;
    MUST(right, text, asked, id, at->started);
}

static int exec(plot *p, int64_t id)
{
    static const char *const texts[] = {"start", "stop", "time"};
    place *at = &p->places[id];
    bool exists = at->presence == PRESENT;
    const char *asked = texts[below(p, 3)], *text = asked;
    if (exists && fate_of(p, id) == FROZEN)
        return XYLEM_OK;
    int status = ask(p, EXEC, id, exists ? id : -1, act_exec, &text);
    expect(EXEC, id, status, expected_answer(p, id));
    if (status == XYLEM_OK)
        check_text(at, id, asked, text);
    at->started = at->started || strcmp(asked, "start") == 0;
    return status;
}

static int heartbeat(plot *p)
{
    int status = xylem_heartbeat(p->network, 500 + 50 * below(p, 11));
    p->commands[HEARTBEAT]++;
    expect(HEARTBEAT, 0, status, p->present > 0 ? XYLEM_OK : XYLEM_NOT_FOUND);
    return status;
}

/* Few nodes are paused or killed at a time, so that most of the network goes on. */
static int inject(plot *p, command kind, int64_t id)
{
    static int (*const faults[])(xylem *, int64_t) = {
        [KILL] = xylem_kill, [PAUSE] = xylem_pause, [RESUME] = xylem_resume};
    place *at = &p->places[id];
    int status = faults[kind](p->network, id);
    p->commands[kind]++;
    if (at->presence != UNCERTAIN)
        expect(kind, id, status, at->presence == PRESENT ? XYLEM_OK : XYLEM_NOT_FOUND);
    at->killed = at->killed || kind == KILL;
    at->paused = !at->killed && kind == PAUSE;
    return status;
}

static int list(plot *p)
{
    const xylem_node *const *nodes;
    size_t count, seen = 0;
    int error = xylem_list(p->network, &nodes, &count);
    MUST(!error, "no list", "list", 0, error);
    p->commands[LIST]++;
    for (int64_t id = 0; id < p->ids; id++) {
        const place *at = &p->places[id];
        if (at->presence != PRESENT)
            continue;
        MUST(seen < count && nodes[seen]->id == id, "not in the list", "node", id, (int64_t)seen);
        MUST(nodes[seen]->parent == at->parent, "wrong parent", "node", id, nodes[seen]->parent);
        MUST(nodes[seen]->pid == at->pid, "wrong pid", "node", id, nodes[seen]->pid);
        seen++;
    }
    MUST(seen == count, "too long", "list", (int64_t)seen, (int64_t)count);
    return XYLEM_OK;
}

static int wait_for(plot *p, int64_t id)
{
    bool exists = p->places[id].presence == PRESENT;
    if (!exists || fate_of(p, id) == FROZEN)
        return XYLEM_OK;
    int status = xylem_wait(p->network, id, fate_of(p, id) == ANSWERS, CEILING_MS);
    p->commands[WAIT]++;
    expect(WAIT, id, status, XYLEM_OK);
    return status;
}

static int64_t find_paused(const plot *p, int64_t id)
{
    for (int64_t i = 0; i < p->ids; i++)
        if (p->places[(id + i) % p->ids].presence && p->places[(id + i) % p->ids].paused)
            return (id + i) % p->ids;
    return id;
}

/* Faults and removals in the calm have few nodes below them: there must be a crowd for the storm.
 */
static bool is_small(const plot *p, int64_t top)
{
    int size = 0;
    for (int64_t id = 0; id < p->ids; id++)
        size += p->places[id].presence == PRESENT && is_below(p, id, top);
    return size < 20;
}

static int do_command(plot *p, command kind)
{
    int64_t id = kind == RESUME ? find_paused(p, below(p, p->ids)) : draw_id(p);
    switch (kind) {
    case CREATE:
        return create(p, below(p, p->ids));
    case REMOVE:
        return is_small(p, id) ? remove_node(p, id) : XYLEM_OK;
    case EXEC:
        return exec(p, id);
    case PING:
        return ping(p, id);
    case HEARTBEAT:
        return heartbeat(p);
    case KILL:
    case PAUSE:
        return is_small(p, id) ? inject(p, kind, id) : XYLEM_OK;
    case RESUME:
        return inject(p, kind, id);
    case LIST:
        return list(p);
    default:
        return wait_for(p, id);
    }
}

/* The calm. */

static void resume_all(plot *p)
{
    for (int64_t id = 0; id < p->ids; id++)
        if (p->places[id].presence != ABSENT && p->places[id].paused)
            inject(p, RESUME, id);
}

/* Ends what is dead: then everyone answers, and the list is the model's. */
static void heal(plot *p)
{
    resume_all(p);
    for (int64_t id = 0; id < p->ids; id++)
        if (p->places[id].presence == PRESENT && p->places[id].killed)
            remove_node(p, id);
    list(p);
    for (int64_t id = 0; id < p->ids; id++)
        if (p->places[id].presence == PRESENT)
            ping(p, id);
}

static void fill(plot *p)
{
    while (p->present < (size_t)options.nodes)
        create(p, below(p, p->ids));
    take_events(p);
}

static void open_plot(plot *p)
{
    xylem_options settings = XYLEM_OPTIONS;
    settings.heartbeat_ms = 500;
    settings.timeout_ms = CEILING_MS / 2;
    int error = xylem_open(&p->network, &settings);
    MUST(!error, xylem_reason(NULL), "open", 0, error);
    memset(p->places, 0, (size_t)p->ids * sizeof *p->places);
    p->present = 0;
}

static void calm(plot *p)
{
    open_plot(p);
    fill(p);
    for (int i = 0; i < CALM; i++) {
        do_command(p, draw_command(p, calm_shares));
        take_events(p);
    }
    heal(p);
    fill(p);
}

/* The storm: nothing waits any more, so that an answer is either known to the controlling node
 * itself, or not waited for. */

static void *interrupt(void *network)
{
    xylem_interrupt(network);
    return NULL;
}

/* Commands go on while another thread interrupts one of them. */
static void begin_storm(plot *p)
{
    pthread_t thread;
    MUST(!pthread_create(&thread, NULL, interrupt, p->network), "no thread", "", 0, 0);
    int64_t until_ms = now_ms() + CEILING_MS;
    while (do_command(p, draw_command(p, calm_shares)) != XYLEM_INTERRUPTED)
        MUST(now_ms() < until_ms, "is not interrupted", "network", 0, 0);
    pthread_join(thread, NULL);
}

static bool may_create(const place *at, int status)
{
    if (at->presence == PRESENT)
        return status == XYLEM_EXISTS;
    return status == XYLEM_INTERRUPTED || status == XYLEM_PARENT_UNAVAILABLE ||
           status == XYLEM_EXISTS; /* still: its end is under way, or its beginning */
}

static void storm_create(plot *p, int64_t id)
{
    int status = xylem_create(p->network, id, NULL);
    MUST(may_create(&p->places[id], status), "wrong answer", "create", id, status);
    if (status == XYLEM_INTERRUPTED && p->places[id].presence == ABSENT)
        enter(p, id, UNCERTAIN, 0);
}

/* Whether what is not there is not found, and what is there is not missed. */
static void check_found(const plot *p, command kind, int64_t id, int status)
{
    presence there = p->places[id].presence;
    MUST(there == UNCERTAIN || (there == ABSENT) == (status == XYLEM_NOT_FOUND), "wrong answer",
         names[kind], id, status);
}

static void storm_ask(plot *p, command kind, int64_t id)
{
    int status = kind == REMOVE ? xylem_remove(p->network, id)
                 : kind == PING ? xylem_ping(p->network, id)
                                : xylem_exec(p->network, id, "time", NULL);
    check_found(p, kind, id, status);
    MUST(status == XYLEM_INTERRUPTED || status == XYLEM_NOT_FOUND ||
             status == (kind == REMOVE ? XYLEM_OK : XYLEM_UNAVAILABLE),
         "wrong answer", names[kind], id, status);
    if (kind == REMOVE && p->places[id].presence == PRESENT)
        leave(p, id);
}

static void storm_command(plot *p, command kind)
{
    int64_t id = draw_id(p);
    p->interrupted++;
    if (kind == CREATE)
        storm_create(p, below(p, p->ids));
    else if (kind == EXEC || kind == PING || (kind == REMOVE && is_small(p, id)))
        storm_ask(p, kind, id);
    else if (kind == HEARTBEAT)
        xylem_heartbeat(p->network, 200 + 100 * below(p, 9));
    else if (kind == RESUME)
        inject(p, kind, find_paused(p, id));
    else if ((kind == KILL || kind == PAUSE) && is_small(p, id))
        inject(p, kind, id);
    p->commands[kind]++;
}

/* Whether the list is what it must be, as far as that is certain, and each node in it in the state
 * that it must be in; else a node that is not. */
static bool is_settled(plot *p, int64_t *wrong)
{
    const xylem_node *const *nodes;
    size_t count, at = 0;
    xylem_list(p->network, &nodes, &count);
    for (*wrong = 0; *wrong < p->ids; ++*wrong) {
        bool listed = at < count && nodes[at]->id == *wrong;
        const xylem_node *node = listed ? nodes[at] : NULL;
        at += listed;
        presence there = p->places[*wrong].presence;
        if (there == UNCERTAIN)
            continue;
        if (listed != (there == PRESENT) ||
            (listed && node->available != (fate_of(p, *wrong) == ANSWERS)))
            return false;
    }
    return true;
}

static void settle(plot *p)
{
    int64_t wrong, until_ms = now_ms() + CEILING_MS;
    struct pollfd polled = {.fd = xylem_fd(p->network), .events = POLLIN};
    resume_all(p);
    xylem_heartbeat(p->network, 500);
    while (!is_settled(p, &wrong)) {
        MUST(now_ms() < until_ms, "is not what it must be", "node", wrong,
             p->places[wrong].presence);
        poll(&polled, 1, CEILING_MS / 2);
        xylem_run(p->network, 0);
        take_events(p);
    }
}

static void storm(plot *p)
{
    int64_t at_a_time = (int64_t)1 << below(p, 8);
    begin_storm(p);
    for (int i = 0; i < STORM; i++) {
        storm_command(p, draw_command(p, storm_shares));
        if (below(p, at_a_time) == 0)
            xylem_run(p->network, 0);
        take_events(p);
    }
    if (below(p, 2))
        settle(p);
    xylem_close(&p->network);
}

/* The whole. */

static void look_at_time(int64_t until_ms)
{
    size_t threads = count_threads();
    if (threads > most_threads)
        most_threads = threads;
    MUST(threads >= NETWORKS * (size_t)options.nodes, "too few", "threads", 0, (int64_t)threads);
    over = now_ms() >= until_ms;
    rounds++;
}

/* The two are in the same part of a round at the same time. */
static void *drive(void *argument)
{
    int64_t until_ms = now_ms() + options.seconds * 1000;
    size_t self = (size_t)(uintptr_t)argument;
    do {
        calm(&plots[self]);
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
            look_at_time(until_ms);
        pthread_barrier_wait(&barrier);
        storm(&plots[(self + 1) % NETWORKS]);
        pthread_barrier_wait(&barrier);
    } while (!over);
    return NULL;
}

static void drive_all(void)
{
    pthread_t threads[NETWORKS];
    for (size_t i = 0; i < NETWORKS; i++) {
        int64_t ids = 4 * options.nodes;
        plots[i] = (plot){.random = options.seed * NETWORKS + i, .ids = ids};
        plots[i].places = calloc((size_t)ids, sizeof *plots[i].places);
        MUST(plots[i].places, "out of memory", "", 0, 0);
    }
    for (size_t i = 0; i < NETWORKS; i++)
        MUST(!pthread_create(&threads[i], NULL, drive, (void *)(uintptr_t)i), "no thread", "", 0,
             0);
    for (size_t i = 0; i < NETWORKS; i++)
        pthread_join(threads[i], NULL);
}

static void show(void)
{
    unsigned long all = 0, interrupted = 0, alarms = 0;
    printf("%lu rounds, %d networks of %zu and %zu nodes, %zu threads:", rounds, NETWORKS,
           plots[0].peak, plots[1].peak, most_threads);
    for (int kind = 0; kind < COMMANDS; kind++) {
        unsigned long count = plots[0].commands[kind] + plots[1].commands[kind];
        printf(" %lu %s,", count, names[kind]);
        all += count;
    }
    for (size_t i = 0; i < NETWORKS; i++) {
        interrupted += plots[i].interrupted;
        alarms += plots[i].alarms;
        free(plots[i].places);
    }
    printf(" in all %lu, of them %lu not waited for; %lu false alarms\n", all, interrupted, alarms);
}

static void *say_who(void *tid)
{
    *(int64_t *)tid = gettid();
    return NULL;
}

/* Those that sanitizers keep for good begin with the first. A thread that was joined may be seen
 * for a moment more. */
static size_t count_first_threads(void)
{
    pthread_t thread;
    int64_t tid, until_ms = now_ms() + CEILING_MS;
    MUST(!pthread_create(&thread, NULL, say_who, &tid), "no thread", "", 0, 0);
    pthread_join(thread, NULL);
    while (is_thread(tid) && now_ms() < until_ms)
        sched_yield();
    return count_threads();
}

static void check_nothing_left(size_t threads, size_t descriptors)
{
    int64_t until_ms = now_ms() + CEILING_MS;
    while (count_threads() != threads && now_ms() < until_ms)
        sched_yield();
    MUST(count_threads() == threads, "are left", "threads", (int64_t)threads,
         (int64_t)count_threads());
    MUST(count_entries("/proc/self/fd") == descriptors, "are left", "descriptors",
         (int64_t)descriptors, (int64_t)count_entries("/proc/self/fd"));
}

static bool read_options(int argc, char **argv)
{
    for (int i = 1; i < argc; i += 2) {
        char *end = NULL;
        uint64_t value = i + 1 < argc ? strtoull(argv[i + 1], &end, 10) : 0;
        if (!end || *end || end == argv[i + 1])
            return false;
        if (strcmp(argv[i], "--seed") == 0)
            options.seed = value;
        else if (strcmp(argv[i], "--seconds") == 0 && value < 1000000)
            options.seconds = (int64_t)value;
        else if (strcmp(argv[i], "--nodes") == 0 && value > 0 && value <= NODES_MAX / 4)
            options.nodes = (int64_t)value;
        else
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    options.seed = (uint64_t)now_ms() * 1000003u + (uint64_t)getpid();
    if (!read_options(argc, argv)) {
        fprintf(stderr, "usage: crowd [--seed N] [--seconds S] [--nodes N]\n");
        return 2;
    }
    printf("--seed %" PRIu64 "\n", options.seed);
    fflush(stdout);
    size_t threads = count_first_threads(), descriptors = count_entries("/proc/self/fd");
    pthread_barrier_init(&barrier, NULL, NETWORKS);
    drive_all();
    pthread_barrier_destroy(&barrier);
    check_nothing_left(threads, descriptors);
    show();
    return 0;
}
