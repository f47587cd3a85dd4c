/* queue_link: links in memory, for worlds of one thread: the simulated world, the exhaustive search
 * and the fuzzers, each of which decides when a frame arrives. Pure but for its memory.
 *
 * A link has two lanes, up to the parent and down to the child. Each is first in, first out. What
 * has been sent arrives as long as the receiver lives and hears the sender.
 */
#ifndef XY_QUEUE_LINK_H
#define XY_QUEUE_LINK_H

#include "core/requests.h"
#include "core/step.h"

/* How much may wait in a lane, in bytes: what may be under way, and, in reserve, as much again of
 * what is not asked for twice. And what a frame costs. */
#define XY_LANE_MAX        (XY_IN_FLIGHT_MAX + XY_IN_FLIGHT_RESERVE(XY_IN_FLIGHT_MAX))
#define XY_LANE_RESERVE    XY_LANE_MAX
#define XY_LANE_COST(size) ((size) + 128)

/* A frame, which is in one lane or belongs to the caller. */
typedef struct xy_frame {
    struct xy_frame *next, *prev;
    int64_t due_us; /* when it arrives */
    size_t size;
    xy_life origin; /* the caller's own, as the next: who has sent it first, */
    bool met;       /* and whether it has met the faults of its link */
    uint8_t bytes[];
} xy_frame;

/* One direction of a link. */
typedef struct xy_lane {
    xy_frame *frames;      /* a list, the oldest first */
    size_t cost;           /* of the frames in it */
    int64_t latest_us;     /* nothing that is sent from now on arrives earlier */
    int64_t full_until_us; /* it takes nothing that can be refused until then */
    bool scheduled, held;  /* the caller's own */
} xy_lane;

typedef struct xy_queue_link xy_queue_link;

/* A node, as an end of its links; the caller's. All zero but for its life it has none. */
typedef struct xy_queue_end {
    xy_life life; /* 0: the controlling node */
    xy_queue_link *links;
} xy_queue_end;

enum { XY_END_PARENT, XY_END_CHILD };

/* One attachment of a child to a parent. */
struct xy_queue_link {
    xy_queue_link *chained; /* in the table */
    xy_link_number number;
    uint64_t tag;
    struct {
        xy_queue_end *at; /* NULL: not yet, or not any more */
        xy_queue_link *next, *prev;
    } ends[2];
    xy_lane up, down;
};

/* All links of a world. */
typedef struct xy_queue_links {
    xy_queue_link **chains;         /* a hash table, by number */
    size_t size, count;             /* of the table, a power of two; and how many links there are */
    void *(*allocate)(size_t size); /* NULL when there is no memory */
    void (*release)(void *memory);
} xy_queue_links;

/* Begins without links; the memory comes from these two, as from malloc and free. */
void xy_queue_links_init(xy_queue_links *links, void *(*allocate)(size_t size),
                         void (*release)(void *memory));

/* Frees all links and the frames in them. No end has any then. */
void xy_queue_links_clear(xy_queue_links *links);

/* The link with this number, or NULL. */
xy_queue_link *xy_queue_links_find(const xy_queue_links *links, xy_link_number number);

/* EXPECT and LET_GO of a parent. What a child that is let go has sent is dropped, and what it sends
 * from then on is lost. XYLEM_NO_MEMORY. */
int xy_queue_link_expect(xy_queue_links *links, xy_queue_end *parent, const xy_peer *child);
void xy_queue_link_let_go(xy_queue_links *links, xy_queue_end *parent, const xy_peer *child);

/* CONNECT of a child to a parent under the name `name`; NULL: nothing lives at the address.
 * XYLEM_UNAVAILABLE: then, or when the name is another's; XYLEM_NO_MEMORY. */
int xy_queue_link_connect(xy_queue_links *links, xy_queue_end *child, const xy_peer *name,
                          xy_queue_end *parent);

/* DISCONNECT of a child from a parent: what is on its way between the two is dropped. */
void xy_queue_link_disconnect(xy_queue_links *links, xy_queue_end *child, const xy_peer *parent);

/* A node is over. Nothing that was sent to it or by it arrives any more, and nothing of its links
 * is left. */
void xy_queue_link_end(xy_queue_links *links, xy_queue_end *over);

/* Where a frame of this size to a neighbour goes. *lane is NULL when it is to be dropped.
 * XYLEM_UNAVAILABLE: there is no such neighbour; XYLEM_BUSY: too much waits for it. */
int xy_queue_link_lane(const xy_queue_links *links, const xy_queue_end *from, const xy_peer *to,
                       size_t size, xy_urgency urgency, int64_t now_us, xy_lane **lane);

/* Makes a frame with room for this many bytes; NULL when there is no memory. Freed by
 * links->release, unless it is put into a lane, which owns it then. */
xy_frame *xy_frame_new(const xy_queue_links *links, size_t size);

/* A frame that arrives at this time, or just after the one before it. */
void xy_lane_put(xy_lane *lane, xy_frame *frame, int64_t due_us);

/* Takes the oldest frame, which belongs to the caller then; NULL when there is none. */
xy_frame *xy_lane_take(xy_lane *lane);

/* The name of the sender of what a lane carries, and the end that hears it, or NULL. */
xy_peer xy_queue_link_sender(const xy_queue_link *link, const xy_lane *lane);
xy_queue_end *xy_queue_link_hearer(const xy_queue_link *link, const xy_lane *lane);

/* The links of an end: for (link = end->links; link; link = xy_queue_link_next (link, end)). Its
 * link to a parent: the one with the highest number, or NULL. */
xy_queue_link *xy_queue_link_next(const xy_queue_link *link, const xy_queue_end *end);
xy_queue_link *xy_queue_link_up(const xy_queue_end *end);

#endif
