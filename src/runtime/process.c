/* The process world: each node is a worker process, started by the worker above it; the kernel ends
 * it together with its parent.
 */
#include "runtime/process.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include "runtime/folder.h"
#include "runtime/limits.h"
#include "runtime/real.h"
#include "runtime/worker.h"

enum {
    SOCKET_NAME_MAX = 20,   /* bytes of a socket's name in the folder: an incarnation */
    PLACE_DESCRIPTORS = 16, /* a context with one I/O thread, two sockets, an epoll descriptor */
    PLACE_THREADS = 2
};

/* What a worker and the controlling process have in common: a context, a link, workers below. */

typedef struct xy_place {
    void *context;
    xy_keys keys; /* over tcp */
    xy_link *link;
    xy_workers workers;
} xy_place;

static void place_close(xy_place *place)
{
    xy_workers_close(&place->workers);
    xy_link_close(&place->link);
    zmq_ctx_term(place->context);
    xy_keys_forget(&place->keys);
}

/* The link and the workers of a place that has a context and keys. */
static bool join_network(xy_place *place, const xy_setting *setting, uint64_t self,
                         const char *parent, char reason[XYLEM_REASON_SIZE])
{
    char endpoint[XY_ENDPOINT_SIZE];
    const xy_keys *keys = setting->transport == XYLEM_TCP ? &place->keys : NULL;
    xy_worker_endpoint(endpoint, setting, self);
    xy_link_options options = {.context = place->context,
                               .self = self,
                               .parent = parent,
                               .endpoint = endpoint,
                               .keys = keys};
    if (xy_link_open(&place->link, &options, reason) != XYLEM_OK)
        return false;
    if (xy_workers_open(&place->workers, setting, keys, place->link, reason))
        return true;
    xy_link_close(&place->link);
    return false;
}

/* The keys are the place's from then on. */
static bool place_open(xy_place *place, const xy_setting *setting, uint64_t self,
                       const char *parent, const xy_keys *keys, char reason[XYLEM_REASON_SIZE])
{
    if (!xy_limits_descriptors(PLACE_DESCRIPTORS, reason) ||
        !xy_limits_threads(PLACE_THREADS, reason) ||
        (setting->transport == XYLEM_TCP && !xy_limits_ports(reason)))
        return false;
    *place = (xy_place){.context = zmq_ctx_new(), .keys = *keys};
    if (!place->context) {
        snprintf(reason, XYLEM_REASON_SIZE, "%s", xylem_strerror(XYLEM_NO_MEMORY));
        return false;
    }
    if (join_network(place, setting, self, parent, reason))
        return true;
    zmq_ctx_term(place->context);
    return false;
}

/* The worker. */

static int run_node(const xy_letter *letter, xy_place *place, xy_workshop *workshop)
{
    xy_node node;
    if (!xy_node_init(&node, &letter->birth, getpid()))
        return EXIT_FAILURE;
    xy_host host = {.machine = xy_node_machine(&node),
                    .link = place->link,
                    .nursery = &place->workers.nursery,
                    .log = {letter->setting.log_level, letter->birth.id},
                    .workshop = workshop,
                    .wake_fd = -1};
    xy_host_open(&host);
    xy_host_run(&host);
    xy_host_close(&host);
    xy_node_clear(&node);
    return EXIT_SUCCESS;
}

static void explain(const char *reason)
{
    send(XY_WORKER_LETTER_FD, reason, strlen(reason), MSG_NOSIGNAL);
}

static int live(const xy_letter *letter, xy_workshop *workshop)
{
    char reason[XYLEM_REASON_SIZE] = "";
    xy_place place;
    if (!place_open(&place, &letter->setting, letter->birth.incarnation, letter->parent,
                    &letter->keys, reason)) {
        explain(reason);
        return EXIT_FAILURE;
    }
    close(XY_WORKER_LETTER_FD);
    int status = run_node(letter, &place, workshop);
    place_close(&place);
    return status;
}

static _Noreturn void work(const xy_letter *letter)
{
    char reason[XYLEM_REASON_SIZE] = "";
    const xy_log log = {letter->setting.log_level, letter->birth.id};
    xy_workshop *workshop = xy_workshop_open(letter->birth.service, reason);
    if (!workshop)
        explain(reason);
    int status = workshop ? live(letter, workshop) : EXIT_FAILURE;
    if (xy_workshop_close(&workshop))
        exit(status);
    xy_log_line(&log, XYLEM_LOG_WARNING, "its work does not end, and is ended with its process");
    _exit(status); /* nothing may be cleared away under it */
}

static bool may_start_workers; /* this program knows what to do when it is started as one */

void xy_process_worker(int argc, char **argv)
{
    may_start_workers = true;
    if (argc < 2 || strcmp(argv[1], XY_WORKER_FLAG) != 0)
        return;
    xy_letter letter;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGINT, SIG_IGN); /* Ctrl-C is meant for the program, which ends its workers itself */
    signal(SIGPIPE, SIG_IGN);
    if (recv(XY_WORKER_LETTER_FD, &letter, sizeof letter, MSG_DONTWAIT) != sizeof letter) {
        fprintf(stderr, "%s: a worker is started by its network, not by hand\n", argv[0]);
        exit(2);
    }
    if (getppid() != letter.parent_pid) /* it died before we asked to be told */
        exit(EXIT_FAILURE);
    work(&letter);
}

/* The world. */

typedef struct processes {
    xy_real real;
    xy_setting setting;
    xy_folder folder;
    xy_place place;
} processes;

/* The parent of a process, 0 when there is none. */
static pid_t parent_of(pid_t pid)
{
    char path[64], line[512];
    int parent = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    /* After the name, which may have any characters in it, come the state and the parent. */
    const char *name_end = fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
    if (name_end && sscanf(name_end, ") %*c %d", &parent) != 1)
        parent = 0;
    fclose(file);
    return parent;
}

/* Whether the process is one of ours; errno may tell why that cannot be known. A pid may have been
 * given to another in the meantime, and a worker may lie about it. */
static bool is_worker(int64_t value)
{
    errno = 0;
    pid_t pid = value > 0 && value <= INT_MAX ? (pid_t)value : 0;
    while (pid > 1 && pid != getpid())
        pid = parent_of(pid);
    return pid == getpid() && value != getpid();
}

static void fault(xy_world *world, const xy_message *target)
{
    static const int signals[] = {
        [XY_FAULT_KILL] = SIGKILL, [XY_FAULT_PAUSE] = SIGSTOP, [XY_FAULT_RESUME] = SIGCONT};
    if (is_worker(target->value))
        kill((pid_t)target->value, signals[target->code]);
    else if (errno == EMFILE || errno == ENFILE)
        xy_log_line(&((processes *)world)->real.host.log, XYLEM_LOG_WARNING,
                    "no signal was sent to process %lld: %s", (long long)target->value,
                    strerror(errno));
}

/* The socket of a worker that died together with its parent is still in the folder. */
static void forget(xy_world *base, uint64_t incarnation)
{
    xy_worker_forget(&((processes *)base)->setting, incarnation);
}

static void close_world(xy_world *base)
{
    processes *world = (processes *)base;
    xy_real_close(&world->real);
    place_close(&world->place);
    if (world->setting.transport == XYLEM_IPC)
        xy_folder_close(&world->folder);
    free(world);
}

static bool open_folder(processes *world, char reason[XYLEM_REASON_SIZE])
{
    if (world->setting.transport != XYLEM_IPC)
        return true;
    if (!xy_folder_open(&world->folder, SOCKET_NAME_MAX, reason))
        return false;
    strncpy(world->setting.folder, world->folder.path, sizeof world->setting.folder - 1);
    return true;
}

static bool make_keys(const processes *world, xy_keys *keys, char reason[XYLEM_REASON_SIZE])
{
    *keys = (xy_keys){.parent = ""};
    if (world->setting.transport != XYLEM_TCP || xy_keys_make(keys, NULL))
        return true;
    snprintf(reason, XYLEM_REASON_SIZE,
             "this libzmq cannot encrypt, and tcp is not used without: use ipc");
    return false;
}

static bool settle(processes *world, const xy_world_options *options,
                   char reason[XYLEM_REASON_SIZE])
{
    xy_place *place = &world->place;
    xy_keys keys;
    if (!make_keys(world, &keys, reason) || !open_folder(world, reason))
        return false;
    if (place_open(place, &world->setting, XY_PARENT, NULL, &keys, reason)) {
        if (xy_real_open(&world->real, options, place->link, &place->workers.nursery, reason))
            return true;
        place_close(place);
    }
    if (world->setting.transport == XYLEM_IPC)
        xy_folder_close(&world->folder);
    return false;
}

xy_world *xy_process_world(const xy_world_options *options, char reason[XYLEM_REASON_SIZE])
{
    static const xy_world_ops ops = {XY_REAL_OPS, .fault = fault, .forget = forget,
                                     .close = close_world};
    processes *world = may_start_workers ? calloc(1, sizeof *world) : NULL;
    if (!world) {
        snprintf(reason, XYLEM_REASON_SIZE, "%s",
                 may_start_workers ? xylem_strerror(XYLEM_NO_MEMORY)
                                   : "the program does not call xylem_worker first");
        return NULL;
    }
    world->real.world.ops = &ops;
    world->setting.transport = options->transport;
    world->setting.log_level = options->log_level;
    if (settle(world, options, reason))
        return &world->real.world;
    free(world);
    return NULL;
}
