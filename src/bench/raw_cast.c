#include "bench/raw_cast.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <zmq.h>

#include "bench/must.h"
#include "bench/raw.h"
#include "bench/raw_link.h"

enum { STACK = 64 * 1024, FIRST = 0x43000000, PART = 256 * 1024, SHORT = 64 };

struct raw_cast {
    struct setting setting;
    struct member *members; /* 0: the one that asks */
    struct raw_link *links; /* of processes */
    void *context;          /* of threads */
};

struct member {
    struct raw_cast *tree;
    size_t number;
    void *socket;
    char *text; /* all parts of a large one */
};

/* Which are the children of one: those from `from` on, before `end`. */
struct span {
    size_t from, end;
};

static bool is_shape(const struct raw_cast *tree, const char *topology)
{
    return strcmp(tree->setting.topology, topology) == 0;
}

static struct span children_of(const struct raw_cast *tree, size_t number)
{
    size_t end = tree->setting.nodes + 1;
    struct span span = {2 * number, 2 * number + 2};
    if (is_shape(tree, "list") || number == 0)
        span = (struct span){number + 1, number + 2};
    if (is_shape(tree, "tree"))
        span = (struct span){number == 0 ? 1 : end, end};
    return (struct span){span.from < end ? span.from : end, span.end < end ? span.end : end};
}

static size_t parent_of(const struct raw_cast *tree, size_t number)
{
    if (is_shape(tree, "tree"))
        return 0;
    return is_shape(tree, "list") ? number - 1 : number / 2;
}

/* Passing on. */

static void send_to_child(void *socket, size_t child, zmq_msg_t *part)
{
    zmq_msg_t copy;
    uint32_t name = FIRST + (uint32_t)child;
    zmq_msg_init(&copy);
    must(zmq_msg_copy(&copy, part) == 0, "copy");
    must(zmq_send(socket, &name, sizeof name, ZMQ_SNDMORE) >= 0, "send");
    must(zmq_msg_send(&copy, socket, 0) >= 0, "send");
}

static void pass_on(const struct member *self, zmq_msg_t *part)
{
    struct span span = children_of(self->tree, self->number);
    for (size_t child = span.from; child < span.end; child++)
        send_to_child(self->socket, child, part);
}

static void receive(void *socket, zmq_msg_t *part)
{
    uint32_t name;
    must(zmq_recv(socket, &name, sizeof name, 0) > 0, "receive");
    must(zmq_msg_recv(part, socket, 0) >= 0, "receive");
}

static int64_t add_answers(const struct member *self, int64_t sum)
{
    struct span span = children_of(self->tree, self->number);
    zmq_msg_t part;
    zmq_msg_init(&part);
    for (size_t child = span.from; child < span.end; child++) {
        int64_t answer;
        receive(self->socket, &part);
        memcpy(&answer, zmq_msg_data(&part), sizeof answer);
        sum += answer;
    }
    zmq_msg_close(&part);
    return sum;
}

/* The first number says how many follow. */
static int64_t sum_of(const char *text)
{
    char *at;
    int64_t sum = 0;
    for (long long left = strtoll(text, &at, 10); left > 0; left--)
        sum += strtoll(at, &at, 10);
    return sum;
}

/* Receives a part, passes it on, and has it beside those before. Its first byte is 'e' if it is the
 * last one. */
static bool take_part(const struct member *self, zmq_msg_t *part, size_t *offset)
{
    receive(self->socket, part);
    pass_on(self, part);
    if (self->text && *offset + PART <= self->tree->setting.bytes)
        memcpy(self->text + *offset, zmq_msg_data(part), PART);
    *offset += PART;
    return *(const char *)zmq_msg_data(part) != 'e';
}

static void serve_one(const struct member *self)
{
    zmq_msg_t part;
    size_t offset = 0;
    zmq_msg_init(&part);
    while (take_part(self, &part, &offset))
        ;
    int64_t sum = add_answers(self, sum_of((const char *)zmq_msg_data(&part) + 1));
    must(zmq_send(self->socket, "P", 1, ZMQ_SNDMORE) == 1, "send");
    must(zmq_send(self->socket, &sum, sizeof sum, 0) == sizeof sum, "send");
    zmq_msg_close(&part);
}

/* Beginning. */

static void *new_socket(void *context, size_t number)
{
    uint32_t name = FIRST + (uint32_t)number;
    void *socket = raw_socket(context, 'C');
    zmq_setsockopt(socket, ZMQ_ROUTING_ID, &name, sizeof name);
    return socket;
}

static void *serve(void *argument)
{
    for (;;)
        serve_one(argument);
    return NULL;
}

static void open_in_threads(struct member *self)
{
    char endpoint[32];
    self->socket = new_socket(self->tree->context, self->number);
    snprintf(endpoint, sizeof endpoint, "inproc://%zu", self->number);
    raw_bind(self->socket, endpoint);
    if (self->number == 0)
        return;
    snprintf(endpoint, sizeof endpoint, "inproc://%zu", parent_of(self->tree, self->number));
    raw_connect(self->socket, endpoint);
}

static void begin_thread(struct member *self)
{
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    must(pthread_create(&thread, &attributes, serve, self) == 0, "thread");
    pthread_attr_destroy(&attributes);
}

/* What is bound first is a CURVE server, and a client of its parent afterwards. */
static void open_in_process(struct member *self)
{
    const struct raw_cast *tree = self->tree;
    enum xylem_transport transport = tree->setting.transport;
    struct raw_link *own = &tree->links[self->number];
    self->socket = new_socket(zmq_ctx_new(), self->number);
    raw_link_bind(own, transport, NULL, self->socket);
    if (self->number > 0)
        raw_link_connect(own, &tree->links[parent_of(tree, self->number)], transport, self->socket);
}

/* A hello says that it is connected. */
static void begin_process(struct member *self)
{
    pid_t pid = fork();
    must(pid >= 0, "fork");
    if (pid > 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    open_in_process(self);
    int64_t ready = add_answers(self, 1);
    must(zmq_send(self->socket, "P", 1, ZMQ_SNDMORE) == 1, "send");
    must(zmq_send(self->socket, &ready, sizeof ready, 0) == sizeof ready, "send");
    serve(self);
}

static void begin_processes(struct raw_cast *tree)
{
    size_t count = tree->setting.nodes + 1;
    must(tree->setting.transport == XYLEM_TCP, "transport");
    tree->links = raw_links(count);
    for (size_t i = 1; i < count; i++)
        begin_process(&tree->members[i]);
    open_in_process(&tree->members[0]);
    must(add_answers(&tree->members[0], 1) == (int64_t)count, "processes");
}

static void begin_threads(struct raw_cast *tree)
{
    tree->context = zmq_ctx_new();
    zmq_ctx_set(tree->context, ZMQ_IO_THREADS, 0);
    zmq_ctx_set(tree->context, ZMQ_MAX_SOCKETS, zmq_ctx_get(tree->context, ZMQ_SOCKET_LIMIT));
    for (size_t i = 0; i <= tree->setting.nodes; i++)
        open_in_threads(&tree->members[i]);
    for (size_t i = 1; i <= tree->setting.nodes; i++)
        begin_thread(&tree->members[i]);
}

struct raw_cast *raw_cast_open(const struct setting *setting)
{
    struct raw_cast *tree = calloc(1, sizeof *tree);
    must(tree != NULL, "memory");
    tree->setting = *setting;
    tree->members = calloc(setting->nodes + 1, sizeof *tree->members);
    must(tree->members != NULL, "memory");
    for (size_t i = 0; i <= setting->nodes; i++) {
        tree->members[i] = (struct member){.tree = tree, .number = i};
        if (setting->bytes > 0)
            must((tree->members[i].text = malloc(setting->bytes)) != NULL, "memory");
    }
    if (setting->world == XYLEM_PROCESS)
        begin_processes(tree);
    else
        begin_threads(tree);
    return tree;
}

static void send_part(const struct member *top, const char *text, size_t length, size_t size,
                      bool last)
{
    zmq_msg_t part;
    must(zmq_msg_init_size(&part, size) == 0, "memory");
    char *bytes = zmq_msg_data(&part);
    memset(bytes, 0, size);
    bytes[0] = last ? 'e' : 'x';
    memcpy(bytes + 1, text, length);
    pass_on(top, &part);
    zmq_msg_close(&part);
}

/* The parts of a large text begin with a byte of their own, and end with a NUL. */
long long raw_cast_ask(struct raw_cast *tree, const char *text)
{
    struct member *top = &tree->members[0];
    size_t parts = tree->setting.bytes / PART;
    if (parts == 0)
        send_part(top, text, strnlen(text, SHORT - 2), SHORT, true);
    for (size_t i = 0; i < parts; i++)
        send_part(top, text + i * PART, PART - 2, PART, i == parts - 1);
    return add_answers(top, 0);
}
