#include "core/children.h"

#include <assert.h>
#include <string.h>
#include <utlist.h>

#include "core/memory.h"
#include "core/step.h"

/* The ids of those that have come. */

static void come(xy_children *children, int64_t id)
{
    xy_ids_insert(&children->ids, id);
    children->changed = true;
}

static void leave(xy_children *children, int64_t id)
{
    xy_ids_remove(&children->ids, id);
    children->changed = true;
}

/* Of so few it is cheaper to look at each. */
enum { FEW = 4 };

xy_child *xy_children_find(const xy_children *children, xy_link_number link)
{
    xy_child *found = children->all;
    if (children->count > FEW)
        HASH_FIND(hh, children->all, &link.number, sizeof link.number, found);
    else
        while (found && found->link != link.number)
            found = xy_children_next(found);
    return found;
}

xy_child *xy_children_expect(xy_children *children, const xy_expectation *expectation)
{
    xy_child *child = xy_children_find(children, expectation->child.link);
    if (child)
        return child;
    bool has_room = xy_ids_reserve(&children->ids, HASH_COUNT(children->all) + 1);
    child = has_room ? xy_allocate(1, sizeof *child) : NULL;
    if (!child)
        return NULL;
    child->link = expectation->child.link.number;
    child->tag = expectation->child.tag;
    child->id = expectation->id;
    child->life = expectation->life;
    child->deadline_ms = XY_NEVER;
    memcpy(child->secret, expectation->secret, XY_SECRET_SIZE);
    XY_HASH_ADD(children->all, link, child);
    if (!child->hh.tbl) {
        xy_release(child);
        return NULL;
    }
    children->count++;
    return child;
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
    return children->count;
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
    children->count--;
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
    assert(!children->present && children->count == 0);
    xy_ids_clear(&children->ids);
    *children = (xy_children){0};
}
