#include "bench/raw_link.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zmq.h>

#include "bench/must.h"
#include "bench/raw.h"

static void set_key(void *socket, int option, const char *key)
{
    must(zmq_setsockopt(socket, option, key, 40) == 0, "key");
}

struct raw_link *raw_links(size_t count)
{
    struct raw_link *links = mmap(NULL, count * sizeof *links, PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(links != MAP_FAILED, "memory");
    for (size_t i = 0; i < count; i++)
        zmq_curve_keypair(links[i].public, links[i].secret);
    return links;
}

void raw_link_bind(struct raw_link *own, enum xylem_transport transport, const char *path,
                   void *socket)
{
    size_t size = sizeof own->endpoint;
    int one = 1;
    if (transport == XYLEM_TCP) {
        zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &one, sizeof one);
        set_key(socket, ZMQ_CURVE_SECRETKEY, own->secret);
        raw_bind(socket, "tcp://127.0.0.1:*");
        zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, own->endpoint, &size);
    } else {
        snprintf(own->endpoint, size, "ipc://%s", path);
        raw_bind(socket, own->endpoint);
    }
    atomic_store(&own->bound, true);
}

void raw_link_connect(const struct raw_link *own, const struct raw_link *parent,
                      enum xylem_transport transport, void *socket)
{
    while (!atomic_load(&parent->bound))
        usleep(100);
    if (transport == XYLEM_TCP) {
        set_key(socket, ZMQ_CURVE_SERVERKEY, parent->public);
        set_key(socket, ZMQ_CURVE_PUBLICKEY, own->public);
        set_key(socket, ZMQ_CURVE_SECRETKEY, own->secret);
    }
    raw_connect(socket, parent->endpoint);
}
