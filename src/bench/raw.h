/* raw: the floor in the thread world: a tree of threads with a ROUTER each, as xylem has it, which
 * pass frames on by comparing ids, start children, send heartbeats, and check nothing.
 */
#ifndef BENCH_RAW_H
#define BENCH_RAW_H

#include <stddef.h>
#include <stdint.h>

enum raw_kind { RAW_CREATE, RAW_ASK, RAW_HEARTBEAT, RAW_QUIT };

struct raw_frame {
    enum raw_kind kind;
    int64_t id;
    char rest[48]; /* a frame of xylem is about as long */
};

struct raw_node {
    void *context, *socket;
    int64_t id; /* -1: the topmost one, which is served by the caller */
    int64_t heartbeat_ms;
    struct raw_node *children[2]; /* those with lower ids, those with higher ones */
    struct raw_node *parent;
    unsigned long thread;
};

/* The topmost node, which heartbeats come to an end at; heartbeat_ms 0: there are none. */
void raw_open(struct raw_node *top, int64_t heartbeat_ms);
void raw_close(struct raw_node *top);

/* Sends a frame down; the answer is the next frame that raw_hear gets. */
void raw_say(struct raw_node *top, enum raw_kind kind, int64_t id);
void raw_hear(struct raw_node *top);

/* A ROUTER with the options that xylem's have, and under a name of one letter. */
void *raw_socket(void *context, char name);

/* Binds a socket; connects it to its parent, whose name is 'P' then. */
void raw_bind(void *socket, const char *endpoint);
void raw_connect(void *socket, const char *endpoint);

/* Sends and receives a frame with the name of a neighbour. False: nothing came in time. */
void raw_send(void *socket, char name, const struct raw_frame *frame);
int raw_receive(void *socket, char *name, struct raw_frame *frame);

#endif
