#include "link/queue_link.h"

#include <assert.h>
#include <string.h>
#include <utlist.h>

/* The table. Links are numbered in turn, so chains are short. */

static xy_queue_link **chain_of(const xy_queue_links *links, xy_link_number number)
{
    return &links->chains[number.number & (links->size - 1)];
}

xy_queue_link *xy_queue_links_find(const xy_queue_links *links, xy_link_number number)
{
    xy_queue_link *link = links->size ? *chain_of(links, number) : NULL;
    while (link && link->number.number != number.number)
        link = link->chained;
    return link;
}

static void chain(xy_queue_links *links, xy_queue_link *link)
{
    xy_queue_link **at = chain_of(links, link->number);
    link->chained = *at;
    *at = link;
}

static bool grow(xy_queue_links *links)
{
    xy_queue_links old = *links;
    if (links->count < links->size)
        return true;
    size_t size = links->size ? 2 * links->size : 8;
    xy_queue_link **chains = links->allocate(size * sizeof(xy_queue_link *));
    if (!chains)
        return false;
    memset(chains, 0, size * sizeof(xy_queue_link *));
    links->chains = chains;
    links->size = size;
    for (size_t i = 0; i < old.size; i++)
        for (xy_queue_link *link = old.chains[i], *next; link; link = next) {
            next = link->chained;
            chain(links, link);
        }
    links->release(old.chains);
    return true;
}

void xy_queue_links_init(xy_queue_links *links, void *(*allocate)(size_t size),
                         void (*release)(void *memory))
{
    *links = (xy_queue_links){.allocate = allocate, .release = release};
}

/* Lanes. */

xy_frame *xy_frame_new(const xy_queue_links *links, size_t size)
{
    xy_frame *frame = links->allocate(sizeof *frame + size);
    if (frame)
        *frame = (xy_frame){.size = size};
    return frame;
}

void xy_lane_put(xy_lane *lane, xy_frame *frame, int64_t due_us)
{
    frame->due_us = due_us > lane->latest_us ? due_us : lane->latest_us + 1;
    lane->latest_us = frame->due_us;
    lane->cost += XY_LANE_COST(frame->size);
    DL_APPEND(lane->frames, frame);
}

xy_frame *xy_lane_take(xy_lane *lane)
{
    xy_frame *oldest = lane->frames;
    if (!oldest)
        return NULL;
    DL_DELETE(lane->frames, oldest);
    lane->cost -= XY_LANE_COST(oldest->size);
    return oldest;
}

static void drop(const xy_queue_links *links, xy_lane *lane)
{
    for (xy_frame *frame; (frame = xy_lane_take(lane));)
        links->release(frame);
}

static bool is_refused(const xy_lane *lane, size_t size, xy_urgency urgency, int64_t now_us)
{
    size_t cost = lane->cost + XY_LANE_COST(size);
    if (urgency == XY_VITAL)
        return cost > XY_LANE_MAX + XY_LANE_RESERVE;
    return cost > XY_LANE_MAX || now_us < lane->full_until_us;
}

/* Links. */

static int role_of(const xy_queue_link *link, const xy_queue_end *end)
{
    return link->ends[XY_END_PARENT].at == end ? XY_END_PARENT : XY_END_CHILD;
}

static void join(xy_queue_link *link, int role, xy_queue_end *end)
{
    xy_queue_link *next = end->links;
    assert(!link->ends[role].at && link->ends[!role].at != end);
    link->ends[role].at = end;
    link->ends[role].next = next;
    link->ends[role].prev = NULL;
    if (next)
        next->ends[role_of(next, end)].prev = link;
    end->links = link;
}

static void leave(xy_queue_link *link, int role)
{
    xy_queue_end *end = link->ends[role].at;
    xy_queue_link *next = link->ends[role].next, *prev = link->ends[role].prev;
    if (next)
        next->ends[role_of(next, end)].prev = prev;
    if (prev)
        prev->ends[role_of(prev, end)].next = next;
    else
        end->links = next;
    link->ends[role].at = NULL;
}

xy_queue_link *xy_queue_link_next(const xy_queue_link *link, const xy_queue_end *end)
{
    return link->ends[role_of(link, end)].next;
}

static void destroy(xy_queue_links *links, xy_queue_link *link)
{
    xy_queue_link **at = chain_of(links, link->number);
    while (*at != link)
        at = &(*at)->chained;
    *at = link->chained;
    links->count--;
    links->release(link);
}

static void cut(xy_queue_links *links, xy_queue_link *link, int role)
{
    if (link->ends[role].at)
        leave(link, role);
    drop(links, &link->up);
    drop(links, &link->down);
    if (!link->ends[!role].at)
        destroy(links, link);
}

/* Also for the other end, which is told so when it sends. */
static void cut_both(xy_queue_links *links, xy_queue_link *link)
{
    if (link->ends[XY_END_CHILD].at)
        leave(link, XY_END_CHILD);
    cut(links, link, XY_END_PARENT);
}

void xy_queue_link_end(xy_queue_links *links, xy_queue_end *over)
{
    while (over->links)
        cut_both(links, over->links);
}

void xy_queue_links_clear(xy_queue_links *links)
{
    for (size_t i = 0; i < links->size; i++)
        while (links->chains[i])
            cut_both(links, links->chains[i]);
    links->release(links->chains);
    xy_queue_links_init(links, links->allocate, links->release);
}

/* The link of this name, which may be new. */
static int find_or_make(xy_queue_links *links, const xy_peer *name, xy_queue_link **link)
{
    *link = xy_queue_links_find(links, name->link);
    if (*link)
        return (*link)->tag == name->tag ? XYLEM_OK : XYLEM_UNAVAILABLE;
    *link = grow(links) ? links->allocate(sizeof **link) : NULL;
    if (!*link)
        return XYLEM_NO_MEMORY;
    **link = (xy_queue_link){.number = name->link, .tag = name->tag};
    chain(links, *link);
    links->count++;
    return XYLEM_OK;
}

int xy_queue_link_expect(xy_queue_links *links, xy_queue_end *parent, const xy_peer *child)
{
    xy_queue_link *link;
    int error = find_or_make(links, child, &link);
    bool taken = !error && (link->ends[XY_END_PARENT].at || link->ends[XY_END_CHILD].at);
    if (!error && !taken)
        join(link, XY_END_PARENT, parent);
    return error;
}

void xy_queue_link_let_go(xy_queue_links *links, xy_queue_end *parent, const xy_peer *child)
{
    xy_queue_link *link = xy_queue_links_find(links, child->link);
    if (link && link->ends[XY_END_PARENT].at == parent)
        cut(links, link, XY_END_PARENT);
}

int xy_queue_link_connect(xy_queue_links *links, xy_queue_end *child, const xy_peer *name,
                          xy_queue_end *parent)
{
    xy_queue_link *link;
    if (!parent)
        return XYLEM_UNAVAILABLE;
    int error = find_or_make(links, name, &link);
    if (error)
        return error;
    xy_queue_end *expects = link->ends[XY_END_PARENT].at;
    if (link->ends[XY_END_CHILD].at || (expects && expects != parent) || expects == child)
        return XYLEM_UNAVAILABLE;
    join(link, XY_END_CHILD, child);
    return XYLEM_OK;
}

void xy_queue_link_disconnect(xy_queue_links *links, xy_queue_end *child, const xy_peer *parent)
{
    xy_queue_link *link = xy_queue_links_find(links, parent->link);
    if (link && link->ends[XY_END_CHILD].at == child)
        cut(links, link, XY_END_CHILD);
}

xy_queue_link *xy_queue_link_up(const xy_queue_end *end)
{
    xy_queue_link *highest = NULL;
    for (xy_queue_link *link = end->links; link; link = xy_queue_link_next(link, end))
        if (role_of(link, end) == XY_END_CHILD &&
            (!highest || link->number.number > highest->number.number))
            highest = link;
    return highest;
}

/* Sending and hearing. */

int xy_queue_link_lane(const xy_queue_links *links, const xy_queue_end *from, const xy_peer *to,
                       size_t size, xy_urgency urgency, int64_t now_us, xy_lane **lane)
{
    int role = to->role == XY_PARENT ? XY_END_CHILD : XY_END_PARENT; /* of the sender */
    xy_queue_link *link = xy_queue_links_find(links, to->link);
    *lane = NULL;
    if (!link || link->tag != to->tag || link->ends[role].at != from)
        return XYLEM_UNAVAILABLE;
    if (!link->ends[!role].at) /* a child that was let go does not know that */
        return role == XY_END_CHILD ? XYLEM_OK : XYLEM_UNAVAILABLE;
    *lane = role == XY_END_CHILD ? &link->up : &link->down;
    if (!is_refused(*lane, size, urgency, now_us))
        return XYLEM_OK;
    *lane = NULL;
    return urgency == XY_LOSSY ? XYLEM_OK : XYLEM_BUSY;
}

xy_peer xy_queue_link_sender(const xy_queue_link *link, const xy_lane *lane)
{
    return (xy_peer){
        .role = lane == &link->up ? XY_CHILD : XY_PARENT, .link = link->number, .tag = link->tag};
}

xy_queue_end *xy_queue_link_hearer(const xy_queue_link *link, const xy_lane *lane)
{
    return link->ends[lane == &link->up ? XY_END_PARENT : XY_END_CHILD].at;
}
