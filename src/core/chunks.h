/* chunks: what a service sends before its answer: an answer in parts. Of each request its chunks
 * come in their order, each once. What a service publishes are chunks of no request: those of the
 * request 0.
 *
 * The node keeps a chunk until the controlling node says that the program has taken it, and sends
 * it again when it may have been lost. So what a node keeps is what its service has sent and the
 * program has not taken, which the service bounds: see outflow. The controlling node takes only the
 * next chunk of each request, and asks for those that are missing.
 */
#ifndef XY_CHUNKS_H
#define XY_CHUNKS_H

#include "core/buffer.h"
#include "core/requests.h"
#include "core/step.h"

/* What a chunk costs, as long as it was not taken. */
#define XY_CHUNK_COST(size) ((size) + XY_REQUEST_COST)

/* A topic, a NUL, and what is published. */
enum { XY_PUBLICATION_MAX = XYLEM_TOPIC_MAX + 1 + XYLEM_CHUNK_MAX };

/* How much of a request may have been sent and not taken. */
static inline size_t xy_window_of(uint64_t request)
{
    return request ? XYLEM_STREAM_WINDOW : XYLEM_PUBLISH_WINDOW;
}

/* Memory of core; one owner after the other has it, from the service to the program. */
typedef struct xy_chunk {
    struct xy_chunk *prev, *next; /* of the owner's list */
    xy_number request;
    uint64_t place; /* the how manieth of that, from 1 */
    bool again;     /* the node is to send it again */
    int64_t id;     /* of what was published, at the controlling node: who has, */
    xy_life life;
    uint64_t turn; /* and when it came, among other events */
    size_t size;
    uint8_t bytes[]; /* and a NUL */
} xy_chunk;

/* NULL when there is no memory. */
xy_chunk *xy_chunk_new(xy_number request, uint64_t place, const void *bytes, size_t size);
void xy_chunk_free(xy_chunk *chunk);

/* Frees a list of chunks. */
void xy_chunks_free(xy_chunk **list);

/* At a node. */

/* Those that the program has not taken, in the order of sending. */
typedef struct xy_chunks {
    xy_chunk *list;
    int64_t retry_ms; /* when to send again what could not be sent, or XY_NEVER */
} xy_chunks;

/* Who sends them, and to whom. */
typedef struct xy_chunk_sender {
    xy_peer parent;
    int64_t id;
    xy_life life;
} xy_chunk_sender;

void xy_chunks_init(xy_chunks *chunks);
void xy_chunks_clear(xy_chunks *chunks);

/* Takes and sends one; what cannot be sent is sent later. */
void xy_chunks_add(xy_chunks *chunks, xy_chunk *chunk, const xy_chunk_sender *sender,
                   int64_t now_ms, xy_queue *out);

/* Sends all of them, on a new way; or those that are to be sent again, when it is time. */
void xy_chunks_say(xy_chunks *chunks, const xy_chunk_sender *sender, int64_t now_ms, xy_queue *out);
void xy_chunks_tick(xy_chunks *chunks, const xy_chunk_sender *sender, int64_t now_ms,
                    xy_queue *out);

/* Those of a request from this place on are sent again, a little later. */
void xy_chunks_again(xy_chunks *chunks, uint64_t request, uint64_t place, int64_t now_ms);

/* What those of a request up to this place cost; they are taken, and freed. */
size_t xy_chunks_cost(const xy_chunks *chunks, uint64_t request, uint64_t place);
void xy_chunks_taken(xy_chunks *chunks, uint64_t request, uint64_t place);

/* The place of the last chunk of a request that is still here; 0: there is none. */
uint64_t xy_chunks_last(const xy_chunks *chunks, uint64_t request);

/* What the controlling node says of a request, the payload of XY_TAKEN; the value of that is how
 * many were taken. */
typedef struct xy_taken {
    uint64_t request;
    uint64_t missing; /* from this place on they are to be sent again; 0: none */
} xy_taken;

enum { XY_TAKEN_SIZE = 2 * 8 };

void xy_taken_encode(const xy_taken *taken, uint8_t bytes[XY_TAKEN_SIZE]);
xy_taken xy_taken_decode(const uint8_t bytes[XY_TAKEN_SIZE]);

/* At the controlling node. */

/* What has come of one stream. All zero is the beginning. */
typedef struct xy_inflow {
    uint64_t received; /* so many have come, */
    uint64_t taken;    /* and so many of them were taken by the program, */
    size_t untold;     /* which cost so much since the node was told */
    uint64_t told;     /* how many, as it was told */
    uint64_t missing;  /* from this place on the node was asked for them; 0: it was not */
    bool behind;       /* the node is to be told again: there was no memory */

    bool answered; /* the node has given its answer, */
    uint64_t last; /* and had a chunk in this place, or 0, that might not have come */

    /* An answer that came before that chunk. */
    bool ended;
    int status;
    xy_buffer text;
} xy_inflow;

#endif
