/* stress_repairs: sixty nodes, jobs at all of them, while inner nodes are killed and paused from
 * outside, and those below them are adopted.
 *
 *     stress_repairs [--world thread|ipc|tcp|simulated] [--topology bst|avl] [--kills N]
 *                    [--heartbeat MS] [--seed N] [--trace]
 *
 * The text of a job is its number within the life of its node, and the service adds how many it has
 * done: so each reply shows that none was done twice, left out or overtaken. The seed repeats what
 * is drawn, not the moments at which it happens; in the simulated world it repeats everything.
 */
#define _GNU_SOURCE
#include <argp.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <xylem.h>

enum {
    NODES = 60,
    WINDOW = 3,    /* jobs at a node that are under way */
    AT_A_TIME = 4, /* nodes that are dead or paused */
    TURN_MS = 10,
    DEPTH_OF_AVL = 8,   /* 1.44 log2 (NODES + 2) */
    HELD_UP_MS = 100,   /* what the machine holds up for as long may be given up */
    CEILING_MS = 60000, /* for whatever must happen at all */
    SAMPLES_MAX = 100000
};

enum fault { KILLED_ALONE, KILLED, PAUSED, FAULTS };

static const char *const names[FAULTS] = {"killed alone", "killed beside others", "paused"};

struct place;

struct job {
    struct place *place;
    unsigned number, life;
    bool under_way;
};

/* A node. Times are those of the network. */
struct place {
    int64_t id, pid;
    unsigned life;                    /* how often it was created */
    unsigned started, answered, lost; /* jobs of this life: the latest number of each, how many */
    bool available, killed, paused, given_up;
    int64_t due_ms;    /* when it goes on, or is created again */
    int64_t unsure_ms; /* until when its jobs may fail after a pause */
    bool orphan;
    enum fault fault; /* that made it an orphan, then */
    int64_t since_ms;
    struct job jobs[WINDOW];
};

struct samples {
    int64_t values[SAMPLES_MAX];
    size_t count;
};

static struct {
    enum xylem_world world;
    enum xylem_transport transport;
    const char *topology;
    unsigned kills;
    int64_t heartbeat_ms;
    uint64_t seed;
    bool trace;
} options = {XYLEM_THREAD, XYLEM_IPC, "bst", 20, 200, 0, false};

static xylem *network;
static struct place places[NODES];
static struct samples samples[FAULTS];
static struct {
    unsigned kills, pauses, given_up, jobs, refused, overtaken, unseen, false_alarms;
} counts;

static _Noreturn void fail(const char *what, const struct place *place)
{
    fflush(stdout);
    fprintf(stderr, "stress_repairs: %s", what);
    if (place)
        fprintf(stderr,
                ": node %" PRId64 ", life %u: %s%s%s%s, jobs: %u started, %u answered, %u lost",
                place->id, place->life, place->available ? "available" : "unavailable",
                place->killed ? ", killed" : "", place->paused ? ", paused" : "",
                place->orphan ? ", orphan" : "", place->started, place->answered, place->lost);
    fprintf(stderr, "\nto draw the same: --seed %" PRIu64 "\n", options.seed);
    exit(EXIT_FAILURE);
}

static void must(bool holds, const char *what)
{
    if (!holds)
        fail(what, NULL);
}

static void expect(int status, const char *what)
{
    if (status == XYLEM_OK)
        return;
    fprintf(stderr, "stress_repairs: %s: %s %s\n", what, xylem_strerror(status),
            xylem_reason(network));
    fail(what, NULL);
}

static uint64_t random_state;

static int64_t draw(int64_t below)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int64_t)((random_state >> 33) % (uint64_t)below);
}

/* How long the machine held a thread up that only wanted to sleep and some memory, and when. */

static atomic_long longest_ms, held_up_ms = -CEILING_MS;
static atomic_bool over;

static int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static void touch_memory(void)
{
    enum { SIZE = 65536 };
    char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(memory != MAP_FAILED, "no memory");
    *(volatile char *)memory = 1;
    munmap(memory, SIZE);
}

/* Measures how late the machine is: it waits for nothing. */
static void *probe(void *unused)
{
    while (!atomic_load(&over)) {
        int64_t before = clock_ms();
        usleep(5000);
        touch_memory();
        long late = (long)(clock_ms() - before) - 5;
        if (late > atomic_load(&longest_ms))
            atomic_store(&longest_ms, late);
        if (late > HELD_UP_MS)
            atomic_store(&held_up_ms, (long)clock_ms());
    }
    return unused;
}

/* 4T + margin. */
static int64_t bound_ms(void)
{
    return 9 * options.heartbeat_ms / 2;
}

static bool was_held_up(void)
{
    return clock_ms() - atomic_load(&held_up_ms) < 4 * bound_ms();
}

static bool is_disturbed(const struct place *place)
{
    return place->killed || place->paused || !place->available ||
           xylem_now(network) < place->unsure_ms;
}

static void trace(const char *what, int64_t id, int64_t value)
{
    if (options.trace)
        printf("%" PRId64 " ms: %s %" PRId64 ": %" PRId64 "\n", xylem_now(network), what, id,
               value);
}

/* The service. */

static int open_count(void **state)
{
    *state = calloc(1, sizeof(unsigned));
    return *state ? XYLEM_OK : XYLEM_NO_MEMORY;
}

static int count_job(void *state, xylem_work *work)
{
    char reply[64];
    int size =
        snprintf(reply, sizeof reply, "%s %u", xylem_work_text(work, NULL), ++*(unsigned *)state);
    return xylem_work_reply(work, reply, (size_t)size);
}

static const xylem_service services[] = {
    XYLEM_SERVICE(.name = "count", .open = open_count, .exec = count_job, .close = free,
                  .release = free),
    XYLEM_SERVICE(.name = "count-long", .open = open_count, .exec = count_job, .close = free,
                  .release = free, .takes_long = true)};

/* Jobs. */

static void take_events(void);

static void check_reply(struct place *place, const struct job *job, const char *reply)
{
    unsigned number, done;
    if (sscanf(reply, "%u %u", &number, &done) != 2 || number != job->number)
        fail("a wrong reply", place);
    if (done > number || done + place->lost < number)
        fail("a job was done twice, left out or overtaken", place);
    counts.overtaken += number < place->answered;
    if (number > place->answered)
        place->answered = number;
}

static void finished(xylem_future *future, void *owner)
{
    struct job *job = owner;
    struct place *place = job->place;
    const char *reply;
    int status = xylem_future_result(future, &reply, NULL);
    if (status)
        take_events(); /* the one that says why */
    must(job->under_way, "a job is answered twice");
    job->under_way = false;
    counts.jobs++;
    counts.refused += status != XYLEM_OK;
    if (status != XYLEM_OK && status != XYLEM_UNAVAILABLE)
        fail(xylem_strerror(status), place);
    if (status != XYLEM_OK && job->life == place->life && !is_disturbed(place) && !was_held_up())
        fail("a job at a node that lives is refused", place);
    if (status == XYLEM_OK && job->life == place->life)
        check_reply(place, job, reply);
    else if (job->life == place->life)
        place->lost++;
    xylem_future_free(&future);
}

static void start(struct place *place, struct job *job)
{
    char text[16];
    xylem_future *future;
    *job = (struct job){place, ++place->started, place->life, true};
    snprintf(text, sizeof text, "%u", job->number);
    expect(xylem_start(network, place->id, text, CEILING_MS, &future), "no job");
    xylem_future_then(future, finished, job);
}

static void start_jobs(void)
{
    for (struct place *place = places; place < places + NODES; place++)
        for (struct job *job = place->jobs; job < place->jobs + WINDOW; job++)
            if (place->available && !job->under_way)
                start(place, job);
}

static bool any_job(void)
{
    for (const struct place *place = places; place < places + NODES; place++)
        for (const struct job *job = place->jobs; job < place->jobs + WINDOW; job++)
            if (job->under_way)
                return true;
    return false;
}

/* Events. */

static void adopted(struct place *place)
{
    struct samples *all = &samples[place->fault];
    if (place->orphan && all->count < SAMPLES_MAX)
        all->values[all->count++] = xylem_now(network) - place->since_ms;
    place->orphan = false;
}

static void fell(struct place *place)
{
    place->available = false;
    place->orphan = false;
    counts.given_up += place->paused;
    if (place->killed || place->paused || xylem_now(network) < place->unsure_ms)
        return;
    counts.false_alarms++;
    if (!was_held_up())
        fail("a node that lives is unavailable", place);
}

static const char *const kinds[] = {"unavailable", "available", "room",
                                    "adopted",     "restarted", "retired"};

static void take_events(void)
{
    for (const xylem_event *event; (event = xylem_next_event(network));) {
        struct place *place = event->id >= 0 ? &places[event->id] : NULL;
        trace(event->cause == XYLEM_SILENT ? "silent" : kinds[event->kind], event->id,
              event->kind == XYLEM_NODE_ADOPTED ? event->parent : event->origin);
        if (event->kind == XYLEM_NODE_UNAVAILABLE)
            fell(place);
        else if (event->kind == XYLEM_NODE_AVAILABLE)
            place->available = true;
        else if (event->kind == XYLEM_NODE_ADOPTED)
            adopted(place);
    }
}

static void turn(void)
{
    int64_t until_ms = xylem_now(network) + TURN_MS, left_ms;
    while ((left_ms = until_ms - xylem_now(network)) > 0) {
        expect(xylem_run(network, left_ms), "run");
        take_events();
    }
}

/* Faults. */

static void create(struct place *place)
{
    xylem_create_options how = XYLEM_CREATE_OPTIONS;
    how.service = services[place->id % 2].name;
    place->life++;
    place->started = place->answered = place->lost = 0;
    expect(xylem_create_with(network, place->id, &how, &place->pid), "create");
    place->killed = place->paused = place->orphan = false;
    place->unsure_ms = 0;
    place->available = true;
    trace("created", place->id, place->pid);
    take_events();
}

static bool is_process(void)
{
    return options.world == XYLEM_PROCESS;
}

static void signal_node(const struct place *place, int number, int (*instead)(xylem *, int64_t))
{
    if (is_process())
        must(kill((pid_t)place->pid, number) == 0, "no signal");
    else
        expect(instead(network, place->id), "fault");
}

static void kill_node(struct place *place)
{
    place->killed = true;
    place->orphan = place->paused = false;
    place->due_ms = xylem_now(network) + draw(600);
    counts.kills++;
    trace("kill", place->id, place->due_ms - xylem_now(network));
    signal_node(place, SIGKILL, xylem_kill);
}

/* Shorter than it takes until it is given up, or longer. */
static void pause_node(struct place *place)
{
    int64_t bound = bound_ms(), short_ms = draw(7 * bound / 10), long_ms = bound + draw(bound / 2);
    place->paused = true;
    place->orphan = false;
    place->due_ms = xylem_now(network) + (draw(2) ? short_ms : long_ms);
    counts.pauses++;
    trace("pause", place->id, place->due_ms - xylem_now(network));
    signal_node(place, SIGSTOP, xylem_pause);
}

static void resume_node(struct place *place)
{
    place->unsure_ms = xylem_now(network) + bound_ms();
    trace("resume", place->id, place->due_ms);
    signal_node(place, SIGCONT, xylem_resume);
    place->paused = false;
}

/* What is due. A dead node is removed once that is known: before, its descendants would go, too. */
static void mend(bool all)
{
    for (struct place *place = places; place < places + NODES; place++) {
        if (!all && xylem_now(network) < place->due_ms)
            continue;
        if (place->killed && !place->available) {
            trace("remove", place->id, place->due_ms);
            expect(xylem_remove(network, place->id), "remove");
            take_events();
            create(place);
        } else if (place->paused && !all && draw(4) == 0) {
            kill_node(place);
        } else if (place->paused) {
            resume_node(place);
        }
    }
}

static size_t count_disturbed(void)
{
    size_t count = 0;
    for (const struct place *place = places; place < places + NODES; place++)
        count += is_disturbed(place);
    return count;
}

static bool any_orphan(void)
{
    for (const struct place *place = places; place < places + NODES; place++)
        if (place->orphan)
            return true;
    return false;
}

/* An orphan that got its parent on the way from one to another is not said to be one. */
static void forget_orphans(void)
{
    for (struct place *place = places; place < places + NODES; place++) {
        if (!place->orphan)
            continue;
        expect(xylem_ping(network, place->id), "an orphan does not answer");
        counts.unseen++;
        place->orphan = false;
    }
}

static struct place *draw_inner(void)
{
    const xylem_node *const *nodes;
    size_t count, inner = 0;
    struct place *fits[NODES];
    expect(xylem_list(network, &nodes, &count), "list");
    for (size_t i = 0; i < count; i++)
        if (nodes[i]->children > 0 && !is_disturbed(&places[nodes[i]->id]))
            fits[inner++] = &places[nodes[i]->id];
    return inner ? fits[draw((int64_t)inner)] : NULL;
}

static void expect_orphans(const struct place *parent, enum fault fault)
{
    const xylem_node *const *nodes;
    size_t count;
    expect(xylem_list(network, &nodes, &count), "list");
    for (size_t i = 0; i < count; i++) {
        struct place *place = &places[nodes[i]->id];
        if (nodes[i]->parent != parent->id || is_disturbed(place) || place->orphan)
            continue;
        trace("orphan", place->id, parent->id);
        place->orphan = true;
        place->fault = fault;
        place->since_ms = xylem_now(network);
    }
}

static void strike(bool alone)
{
    struct place *place = draw_inner();
    if (!place)
        return;
    for (struct place *other = places; other < places + NODES; other++)
        if (other->orphan && other->fault == KILLED_ALONE)
            other->fault = KILLED; /* not alone any more */
    if (draw(3)) {
        expect_orphans(place, alone ? KILLED_ALONE : KILLED);
        kill_node(place);
    } else {
        pause_node(place);
        if (place->due_ms > xylem_now(network) + bound_ms())
            expect_orphans(place, PAUSED);
    }
}

/* The whole. */

static void calm_down(void)
{
    int64_t until_ms = xylem_now(network) + CEILING_MS, orphans_ms = 0;
    while (count_disturbed() > 0 || any_orphan()) {
        start_jobs();
        turn();
        mend(false);
        if (count_disturbed() > 0)
            orphans_ms = xylem_now(network) + 2 * bound_ms();
        else if (xylem_now(network) > orphans_ms)
            forget_orphans();
        for (const struct place *place = places; place < places + NODES; place++)
            if (xylem_now(network) > until_ms && (is_disturbed(place) || place->orphan))
                fail("not within a minute well again", place);
    }
}

static void strike_all(void)
{
    while (counts.kills < options.kills) {
        bool alone = draw(3) == 0;
        if (alone)
            calm_down();
        for (int64_t turns = draw(20); turns > 0; turns--) {
            start_jobs();
            turn();
            mend(false);
        }
        if (alone || count_disturbed() < AT_A_TIME)
            strike(alone && count_disturbed() == 0);
    }
}

static void end_jobs(void)
{
    int64_t until_ms = xylem_now(network) + CEILING_MS;
    start_jobs();
    while (any_job()) {
        turn();
        must(xylem_now(network) < until_ms, "a job has no end");
    }
}

static void check_all_well(void)
{
    const xylem_counts *now;
    const int64_t *ids;
    size_t silent;
    for (const struct place *place = places; place < places + NODES; place++)
        if (place->answered != place->started)
            fail("the latest job is not answered", place);
    expect(xylem_ping_all(network, &ids, &silent), "ping all");
    must(silent == 0, "a node does not answer");
    expect(xylem_status(network, &now), "status");
    must(now->nodes == NODES && now->unavailable == 0, "a node is unavailable at the end");
    must(strcmp(options.topology, "avl") != 0 || now->depth <= DEPTH_OF_AVL, "it is too deep");
    printf("%" PRIu64 " repairs, %" PRIu64 " moves, without a parent for %" PRId64
           " ms at the longest, %zu deep\n",
           now->repairs, now->moves, now->adrift_ms, now->depth);
}

static void run_network(void)
{
    xylem_options how = XYLEM_OPTIONS;
    int64_t ids[NODES];
    how.world = options.world;
    how.transport = options.transport;
    how.seed = options.seed;
    how.topology = options.topology;
    how.heartbeat_ms = options.heartbeat_ms;
    how.repair = XYLEM_REPAIR_ADOPT;
    how.timeout_ms = CEILING_MS;
    expect(xylem_open(&network, &how), "open");
    for (int64_t i = 0; i < NODES; i++) {
        int64_t other = draw(i + 1);
        ids[i] = ids[other];
        ids[other] = i;
    }
    for (int64_t i = 0; i < NODES; i++) {
        places[ids[i]].id = ids[i];
        create(&places[ids[i]]);
    }
    strike_all();
    calm_down();
    end_jobs();
    check_all_well();
    xylem_close(&network);
}

/* What is left. */

static size_t count_entries(const char *folder)
{
    size_t count = 0;
    DIR *all = opendir(folder);
    must(all != NULL, "cannot look at a folder");
    while (readdir(all))
        count++;
    closedir(all);
    return count;
}

/* Processes without a parent would come to this one. A thread that has ended may be seen for a
 * moment more. */
static void check_nothing_left(const char *folder, size_t descriptors, size_t threads)
{
    int64_t until_ms = clock_ms() + CEILING_MS;
    while (count_entries("/proc/self/task") > threads && clock_ms() < until_ms)
        sched_yield();
    must(count_entries("/proc/self/task") == threads, "threads are left");
    must(count_entries("/proc/self/fd") == descriptors, "descriptors are left");
    must(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "processes are left");
    must(rmdir(folder) == 0, "files are left");
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void show(void)
{
    printf("%u kills, %u pauses, %u of them given up, %u jobs, %u refused, %u false alarms, the "
           "machine: %ld ms late\n",
           counts.kills, counts.pauses, counts.given_up, counts.jobs, counts.refused,
           counts.false_alarms, atomic_load(&longest_ms));
    for (int i = 0; i < FAULTS; i++) {
        const struct samples *all = &samples[i];
        qsort(samples[i].values, all->count, sizeof *all->values, compare);
        if (all->count)
            printf("%zu orphans, parent %s: adopted after p50 %" PRId64 ", p99 %" PRId64
                   ", max %" PRId64 " ms\n",
                   all->count, names[i], all->values[all->count / 2],
                   all->values[all->count * 99 / 100], all->values[all->count - 1]);
    }
    printf("%u orphans that nothing was said of, %u answers that another one overtook\n",
           counts.unseen, counts.overtaken);
}

/* The program. */

static const struct {
    const char *name;
    enum xylem_world world;
    enum xylem_transport transport;
} worlds[] = {{"thread", XYLEM_THREAD, XYLEM_IPC},
              {"ipc", XYLEM_PROCESS, XYLEM_IPC},
              {"tcp", XYLEM_PROCESS, XYLEM_TCP},
              {"simulated", XYLEM_SIMULATED, XYLEM_IPC}};

static const struct argp_option known[] = {
    {"world", 'w', "WORLD", 0, "thread, ipc, tcp or simulated", 0},
    {"topology", 't', "NAME", 0, "bst or avl", 0},
    {"kills", 'k', "N", 0, "how many nodes are killed (default 20)", 0},
    {"heartbeat", 'h', "MS", 0, "the heartbeat interval (default 200)", 0},
    {"seed", 's', "N", 0, "what is drawn; random if it is not given", 0},
    {"trace", 'v', NULL, 0, "show what happens", 0},
    {0}};

static error_t parse(int key, char *text, struct argp_state *state)
{
    size_t count = sizeof worlds / sizeof *worlds, i = 0;
    switch (key) {
    case 'w':
        while (i < count && strcmp(worlds[i].name, text) != 0)
            i++;
        if (i == count)
            argp_error(state, "no such world: %s", text);
        options.world = worlds[i].world;
        options.transport = worlds[i].transport;
        return 0;
    case 't':
        options.topology = text;
        return 0;
    case 'k':
        options.kills = (unsigned)strtoul(text, NULL, 10);
        return 0;
    case 'h':
        options.heartbeat_ms = atoi(text);
        return 0;
    case 's':
        options.seed = strtoull(text, NULL, 10);
        return 0;
    case 'v':
        options.trace = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    static const struct argp parser = {known, parse, NULL, NULL, NULL, NULL, NULL};
    char folder[] = "/tmp/stress_repairs.XXXXXX";
    pthread_t thread;
    for (size_t i = 0; i < sizeof services / sizeof *services; i++)
        must(xylem_register(&services[i]) == XYLEM_OK, "no service");
    xylem_worker(argc, argv);
    options.seed = (uint64_t)clock_ms() ^ (uint64_t)getpid() << 32;
    argp_parse(&parser, argc, argv, 0, NULL, NULL);
    random_state = options.seed;
    printf("--seed %" PRIu64 "\n", options.seed);
    fflush(stdout);
    must(mkdtemp(folder) && setenv("XDG_RUNTIME_DIR", folder, 1) == 0, "no folder");
    must(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "no subreaper");
    must(pthread_create(&thread, NULL, probe, NULL) == 0, "no thread");
    size_t descriptors = count_entries("/proc/self/fd"), threads = count_entries("/proc/self/task");
    run_network();
    check_nothing_left(folder, descriptors, threads);
    atomic_store(&over, true);
    pthread_join(thread, NULL);
    show();
    return EXIT_SUCCESS;
}
