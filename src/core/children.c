#include "core/children.h"

#include <assert.h>
#include <string.h>
#include <utlist.h>

#include "core/memory.h"
#include "core/step.h"

/* The ids of those that have come. */

static size_t place_of(const xy_children *children, int64_t id)
{
    size_t from = 0, to = children->come;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (children->ids[middle] < id)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* For one more that is expected: so it needs no memory to come. */
static bool make_room(xy_children *children)
{
    if (HASH_COUNT(children->all) < children->room)
        return true;
    size_t room = children->room ? 2 * children->room : 4;
    int64_t *ids = xy_resize(children->ids, room * sizeof *ids);
    if (!ids)
        return false;
    children->ids = ids;
    children->room = room;
    return true;
}

static void come(xy_children *children, int64_t id)
{
    size_t place = place_of(children, id);
    int64_t *at = children->ids + place;
    assert(children->come < children->room);
    memmove(at + 1, at, (children->come - place) * sizeof *at);
    *at = id;
    children->come++;
    children->changed = true;
}

static void leave(xy_children *children, int64_t id)
{
    size_t place = place_of(children, id);
    int64_t *at = children->ids + place;
    assert(place < children->come && *at == id);
    children->come--;
    memmove(at, at + 1, (children->come - place) * sizeof *at);
    children->changed = true;
}

xy_child *xy_children_find(const xy_children *children, xy_link_number link)
{
    xy_child *found;
    HASH_FIND(hh, children->all, &link.number, sizeof link.number, found);
    return found;
}

xy_child *xy_children_expect(xy_children *children, const xy_expectation *expectation)
{
    xy_child *child = xy_children_find(children, expectation->child.link);
    if (child)
        return child;
    child = make_room(children) ? xy_allocate(1, sizeof *child) : NULL;
    if (!child)
        return NULL;
    child->link = expectation->child.link.number;
    child->tag = expectation->child.tag;
    child->id = expectation->id;
    child->life = expectation->life;
    child->deadline_ms = XY_NEVER;
    memcpy(child->secret, expectation->secret, XY_SECRET_SIZE);
    XY_HASH_ADD(children->all, link, child);
    if (child->hh.tbl)
        return child;
    xy_release(child);
    return NULL;
}

xy_child *xy_children_known(const xy_children *children, const xy_peer *peer)
{
    xy_child *child = peer->role == XY_CHILD ? xy_children_find(children, peer->link) : NULL;
    return child && child->tag == peer->tag ? child : NULL;
}

xy_child *xy_children_first(const xy_children *children)
{
    return children->all;
}

xy_child *xy_children_next(const xy_child *child)
{
    return child->hh.next;
}

size_t xy_children_count(const xy_children *children)
{
    return HASH_COUNT(children->all);
}

xy_peer xy_child_peer(const xy_child *child)
{
    return (xy_peer){XY_CHILD, {child->link}, child->tag};
}

bool xy_child_proves(const xy_child *child, const void *secret, size_t size)
{
    const uint8_t *bytes = secret;
    uint8_t difference = 0;
    if (size != XY_SECRET_SIZE)
        return false;
    for (int i = 0; i < XY_SECRET_SIZE; i++)
        difference |= (uint8_t)(child->secret[i] ^ bytes[i]);
    return difference == 0;
}

static void leave_present(xy_children *children, xy_child *child)
{
    if (child->state == XY_CHILD_PRESENT)
        DL_DELETE(children->present, child);
    child->deadline_ms = XY_NEVER;
}

void xy_children_heard(xy_children *children, xy_child *child, int64_t deadline_ms)
{
    if (child->state == XY_CHILD_EXPECTED)
        come(children, child->id);
    leave_present(children, child);
    assert(!children->present || children->present->prev->deadline_ms <= deadline_ms);
    child->state = XY_CHILD_PRESENT;
    child->deadline_ms = deadline_ms;
    DL_APPEND(children->present, child);
}

void xy_children_silent(xy_children *children, xy_child *child)
{
    assert(child->state == XY_CHILD_PRESENT);
    leave_present(children, child);
    child->state = XY_CHILD_SILENT;
}

static void take_out(xy_children *children, xy_child *child)
{
    leave_present(children, child);
    HASH_DEL(children->all, child);
    xy_release(child);
}

void xy_children_forget(xy_children *children, xy_child *child)
{
    if (child->state != XY_CHILD_EXPECTED)
        leave(children, child->id);
    take_out(children, child);
}

void xy_children_clear(xy_children *children)
{
    while (children->all)
        take_out(children, children->all);
    assert(!children->present);
    xy_release(children->ids);
    *children = (xy_children){0};
}
