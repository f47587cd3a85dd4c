#include "bench/raw_chain.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "bench/must.h"
#include "bench/raw.h"
#include "bench/raw_link.h"

struct raw_chain {
    size_t length;
    enum xylem_transport transport;
    struct raw_link *links; /* 0: the process that began the chain */
    void *context, *socket;
    char folder[32];
};

static void bind_for_child(const struct raw_chain *chain, size_t self, void *socket)
{
    char path[48];
    snprintf(path, sizeof path, "%s/%zu", chain->folder, self);
    raw_link_bind(&chain->links[self], chain->transport, path, socket);
}

/* The last one says that the chain is there, and sends back what it gets. */
static _Noreturn void serve(struct raw_chain *chain, size_t self)
{
    struct raw_frame frame = {.kind = RAW_ASK};
    bool last = self == chain->length;
    char name = 'P';
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    void *context = zmq_ctx_new();
    void *socket = raw_socket(context, 'R');
    raw_link_connect(&chain->links[self], &chain->links[self - 1], chain->transport, socket);
    bind_for_child(chain, self, socket);
    if (last)
        raw_send(socket, 'P', &frame);
    while (raw_receive(socket, &name, &frame))
        raw_send(socket, name == 'P' && !last ? 'R' : 'P', &frame);
    _exit(EXIT_SUCCESS);
}

static void prepare(struct raw_chain *chain)
{
    chain->links = raw_links(chain->length + 1);
    strcpy(chain->folder, "/tmp/xylem-bench-XXXXXX");
    must(mkdtemp(chain->folder) != NULL, "folder");
}

struct raw_chain *raw_chain_open(size_t length, enum xylem_transport transport)
{
    struct raw_chain *chain = calloc(1, sizeof *chain);
    struct raw_frame frame;
    char name;
    must(chain != NULL, "memory");
    *chain = (struct raw_chain){.length = length, .transport = transport};
    prepare(chain);
    for (size_t i = 1; i <= length; i++) {
        pid_t pid = fork();
        must(pid >= 0, "fork");
        if (pid == 0)
            serve(chain, i);
        chain->links[i].pid = pid;
    }
    chain->context = zmq_ctx_new();
    chain->socket = raw_socket(chain->context, 'T');
    bind_for_child(chain, 0, chain->socket);
    raw_receive(chain->socket, &name, &frame);
    return chain;
}

void raw_chain_trip(struct raw_chain *chain)
{
    struct raw_frame frame = {.kind = RAW_ASK};
    char name;
    raw_send(chain->socket, 'R', &frame);
    raw_receive(chain->socket, &name, &frame);
}

static void remove_sockets(const struct raw_chain *chain)
{
    char path[64];
    for (size_t i = 0; i <= chain->length; i++) {
        snprintf(path, sizeof path, "%s/%zu", chain->folder, i);
        unlink(path);
    }
    rmdir(chain->folder);
}

void raw_chain_close(struct raw_chain *chain)
{
    zmq_close(chain->socket);
    zmq_ctx_term(chain->context);
    for (size_t i = 1; i <= chain->length; i++) {
        kill(chain->links[i].pid, SIGKILL);
        waitpid(chain->links[i].pid, NULL, 0);
    }
    remove_sockets(chain);
    free(chain);
}
