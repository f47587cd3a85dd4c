#include "core/family.h"

#include <assert.h>

#define BIT(state) (1u << (state))

static const unsigned moves[XY_CHILD_STATES] = {
    [XY_CHILD_NONE] = BIT(XY_CHILD_BORN),
    [XY_CHILD_BORN] = BIT(XY_CHILD_READY) | BIT(XY_CHILD_ENDING) | BIT(XY_CHILD_NONE),
    [XY_CHILD_READY] = BIT(XY_CHILD_LOST) | BIT(XY_CHILD_ENDING) | BIT(XY_CHILD_GONE),
    [XY_CHILD_LOST] = BIT(XY_CHILD_READY) | BIT(XY_CHILD_ENDING) | BIT(XY_CHILD_GONE),
    [XY_CHILD_ENDING] = BIT(XY_CHILD_NONE),
    [XY_CHILD_GONE] = BIT(XY_CHILD_NONE),
};

bool xy_child_may(xy_child_state from, xy_child_state to)
{
    return (moves[from] & BIT(to)) != 0;
}

void xy_child_move(xy_child *child, xy_child_state to)
{
    assert(xy_child_may(child->state, to));
    child->state = to;
    child->deadline_ms = XY_NEVER;
}

bool xy_child_speaks(const xy_child *child)
{
    return child->state == XY_CHILD_READY || child->state == XY_CHILD_LOST;
}

xy_child *xy_family_find(xy_family *family, uint64_t incarnation)
{
    for (xy_child *child = family->children; child < family->children + XY_CHILDREN_MAX; child++)
        if (child->state != XY_CHILD_NONE && child->incarnation == incarnation)
            return child;
    return NULL;
}

size_t xy_family_count(const xy_family *family, xy_child_state state)
{
    size_t count = 0;
    for (int i = 0; i < XY_CHILDREN_MAX; i++)
        count += family->children[i].state == state;
    return count;
}

bool xy_family_at_rest(const xy_family *family)
{
    return xy_family_count(family, XY_CHILD_NONE) + xy_family_count(family, XY_CHILD_GONE) ==
           XY_CHILDREN_MAX;
}

int64_t xy_family_deadline(const xy_family *family)
{
    int64_t earliest = XY_NEVER;
    for (int i = 0; i < XY_CHILDREN_MAX; i++) {
        const xy_child *child = &family->children[i];
        if (child->state != XY_CHILD_NONE && child->deadline_ms < earliest)
            earliest = child->deadline_ms;
    }
    return earliest;
}
