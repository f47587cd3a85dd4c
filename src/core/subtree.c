#include "core/subtree.h"

#include <assert.h>
#include <string.h>

void xy_subtree_init(xy_subtree *subtree, xy_report *report, void *owner)
{
    *subtree = (xy_subtree){.report = report, .owner = owner, .retry_ms = XY_NEVER};
}

void xy_subtree_clear(xy_subtree *subtree)
{
    xy_children_clear(&subtree->children);
}

/* Who may attach. */

static xy_message change_of(const xy_child *child, xy_change change)
{
    return (xy_message){.kind = XY_CHANGE,
                        .code = (uint8_t)change,
                        .number = {.tag = child->tag},
                        .id = child->id,
                        .life = child->life,
                        .link = {child->link}};
}

int xy_subtree_expect(xy_subtree *subtree, const xy_expectation *expectation, xy_queue *out)
{
    xy_action action = {.kind = XY_ACTION_EXPECT,
                        .expect = {.child = expectation->child, .life = expectation->life}};
    memcpy(action.expect.key, expectation->key, XY_KEY_SIZE);
    xy_child *child = xy_children_find(&subtree->children, expectation->child.link);
    if (child)
        return XYLEM_OK;
    child = xy_children_expect(&subtree->children, expectation);
    if (!child)
        return XYLEM_NO_MEMORY;
    if (xy_queue_push(out, &action))
        return XYLEM_OK;
    xy_children_forget(&subtree->children, child);
    return XYLEM_NO_MEMORY;
}

void xy_subtree_let_go(xy_subtree *subtree, xy_link_number link, xy_queue *out)
{
    xy_child *child = xy_children_find(&subtree->children, link);
    if (!child)
        return;
    xy_action action = {.kind = XY_ACTION_LET_GO, .let_go = {xy_child_peer(child)}};
    xy_queue_push(out, &action); /* without memory the link keeps a name that is not used again */
    xy_children_forget(&subtree->children, child);
    subtree->lost = true;
}

int xy_subtree_next(const xy_subtree *subtree, xy_link_number next, xy_peer *child)
{
    const xy_child *found = xy_children_find(&subtree->children, next);
    if (!found)
        return XYLEM_NOT_FOUND;
    *child = xy_child_peer(found);
    return found->state == XY_CHILD_PRESENT ? XYLEM_OK : XYLEM_UNAVAILABLE;
}

/* What is said to a child, and of it. */

/* After how long it is said again what there was no memory for. */
enum { RETRY_MS = 10 };

static void retry_later(xy_subtree *subtree, int64_t now_ms)
{
    subtree->retry_ms = now_ms + RETRY_MS;
}

static xy_action interval_for(const xy_subtree *subtree, const xy_child *child, xy_kind kind)
{
    return (xy_action){.kind = XY_ACTION_SEND,
                       .send = {.to = xy_child_peer(child),
                                .message = {.kind = kind,
                                            .value = subtree->detector.interval_ms,
                                            .number = {.request = subtree->version}}}};
}

static void tell_interval(xy_subtree *subtree, xy_child *child, int64_t now_ms, xy_queue *out)
{
    xy_action action = interval_for(subtree, child, XY_INTERVAL);
    if (xy_queue_push(out, &action))
        child->told = subtree->version;
    else
        retry_later(subtree, now_ms);
}

/* Says whether a child is heard. The controlling node may let it go at once because of that. */
static void say(xy_subtree *subtree, xy_child *child, int64_t now_ms, xy_queue *out)
{
    bool silent = child->state == XY_CHILD_SILENT;
    xy_message message = change_of(child, silent ? XY_CHANGE_SILENT : XY_CHANGE_BACK);
    message.value = child->changes;
    child->unreported = false;
    if (subtree->report(subtree->owner, &message, out))
        return;
    child->unreported = true; /* nothing has changed */
    retry_later(subtree, now_ms);
}

/* A child has become silent, or is heard again. */
static void report(xy_subtree *subtree, xy_child *child, int64_t now_ms, xy_queue *out)
{
    child->reported = true;
    child->changes++;
    say(subtree, child, now_ms, out);
}

static void ask(xy_subtree *subtree, xy_child *child, int64_t now_ms, xy_queue *out)
{
    xy_action action = {.kind = XY_ACTION_SEND,
                        .send = {.to = xy_child_peer(child), .message = {.kind = XY_REPORT}}};
    child->unasked = !xy_queue_push(out, &action);
    if (child->unasked)
        retry_later(subtree, now_ms);
}

/* Without memory it is as if it had not come: the controlling node gives it up. */
static void welcome(xy_subtree *subtree, xy_child *child, const xy_message *hello, int64_t now_ms,
                    xy_queue *out)
{
    xy_action action = interval_for(subtree, child, XY_WELCOME);
    action.send.message.id = subtree->id;
    action.send.message.life = subtree->life;
    if (hello->id != child->id || hello->life.number != child->life.number ||
        !xy_child_proves(child, xy_message_payload(hello), hello->payload_size) ||
        !xy_queue_push(out, &action))
        return;
    if (!subtree->children.present)
        xy_detector_begin(&subtree->detector, now_ms);
    xy_children_heard(&subtree->children, child, xy_detector_expiry(&subtree->detector, now_ms));
    child->told = subtree->version;
}

static void sign_of_life(xy_subtree *subtree, xy_child *child, int64_t now_ms, xy_queue *out)
{
    bool back = child->state == XY_CHILD_SILENT;
    if (back && !subtree->children.present)
        xy_detector_begin(&subtree->detector, now_ms);
    xy_children_heard(&subtree->children, child, xy_detector_expiry(&subtree->detector, now_ms));
    if (back)
        report(subtree, child, now_ms, out);
}

bool xy_subtree_hear(xy_subtree *subtree, const xy_peer *from, const xy_message *message,
                     int64_t now_ms, xy_queue *out)
{
    xy_child *child = xy_children_known(&subtree->children, from);
    if (!child)
        return false;
    if (child->state == XY_CHILD_EXPECTED) {
        if (message->kind == XY_HELLO)
            welcome(subtree, child, message, now_ms, out);
        return false;
    }
    child->repeats |=
        message->kind == XY_ASK || message->kind == XY_STATE || message->kind == XY_CHUNK;
    if (message->kind == XY_REPLY || message->kind == XY_CHANGE || message->kind == XY_MERGED ||
        message->kind == XY_ASK || message->kind == XY_STATE || message->kind == XY_CHUNK)
        return true;
    if (message->kind != XY_HEARTBEAT)
        return false;
    sign_of_life(subtree, child, now_ms, out);
    return false;
}

void xy_subtree_heard(xy_subtree *subtree, const xy_peer *from, int64_t now_ms, xy_queue *out)
{
    xy_child *child = xy_children_known(&subtree->children, from);
    assert(child && child->state != XY_CHILD_EXPECTED);
    sign_of_life(subtree, child, now_ms, out);
}

/* The heartbeat interval. */

static void tell_all(xy_subtree *subtree, int64_t now_ms, xy_queue *out)
{
    for (xy_child *child = xy_children_first(&subtree->children); child;
         child = xy_children_next(child))
        if (child->state != XY_CHILD_EXPECTED && child->told < subtree->version)
            tell_interval(subtree, child, now_ms, out);
}

void xy_subtree_set_interval(xy_subtree *subtree, int64_t interval_ms, uint64_t version,
                             int64_t now_ms, xy_queue *out)
{
    if (version <= subtree->version)
        return;
    subtree->version = version;
    subtree->watched = subtree->watched || interval_ms > 0;
    xy_detector_set_interval(&subtree->detector, interval_ms, now_ms);
    for (xy_child *child = subtree->children.present; child; child = child->next)
        child->deadline_ms = xy_detector_expiry(&subtree->detector, now_ms);
    tell_all(subtree, now_ms, out);
}

/* Watching. */

/* A look that comes late gives all children that much more time. Their order stays the same. */
static void forgive(xy_subtree *subtree, int64_t late_ms, int64_t now_ms)
{
    int64_t latest_ms = xy_detector_expiry(&subtree->detector, now_ms);
    for (xy_child *child = subtree->children.present; child; child = child->next)
        child->deadline_ms =
            child->deadline_ms < latest_ms - late_ms ? child->deadline_ms + late_ms : latest_ms;
}

/* A silent child is asked too: it may come back. */
void xy_subtree_report(xy_subtree *subtree, int64_t now_ms, xy_queue *out)
{
    for (xy_child *child = xy_children_first(&subtree->children); child;
         child = xy_children_next(child)) {
        if (child->reported)
            say(subtree, child, now_ms, out);
        if (child->state != XY_CHILD_EXPECTED && (subtree->watched || child->repeats))
            ask(subtree, child, now_ms, out);
    }
}

static xy_child *first_unreported(const xy_subtree *subtree)
{
    xy_child *child = xy_children_first(&subtree->children);
    while (child && !child->unreported)
        child = xy_children_next(child);
    return child;
}

/* What there was no memory for. */
static void retry(xy_subtree *subtree, int64_t now_ms, xy_queue *out)
{
    xy_child *child;
    subtree->retry_ms = XY_NEVER;
    tell_all(subtree, now_ms, out);
    for (child = xy_children_first(&subtree->children); child; child = xy_children_next(child))
        if (child->unasked)
            ask(subtree, child, now_ms, out);
    while (subtree->retry_ms == XY_NEVER && (child = first_unreported(subtree)))
        say(subtree, child, now_ms, out);
}

void xy_subtree_tick(xy_subtree *subtree, int64_t now_ms, xy_queue *out)
{
    int64_t late_ms = xy_detector_look(&subtree->detector, now_ms);
    if (subtree->retry_ms <= now_ms)
        retry(subtree, now_ms, out);
    if (late_ms > 0)
        forgive(subtree, late_ms, now_ms);
    for (xy_child *first; (first = subtree->children.present) && first->deadline_ms <= now_ms;) {
        xy_children_silent(&subtree->children, first);
        subtree->lost = true;
        report(subtree, first, now_ms, out);
    }
}

int64_t xy_subtree_deadline(const xy_subtree *subtree)
{
    const xy_child *first = subtree->children.present;
    int64_t earliest_ms = subtree->retry_ms;
    if (first && first->deadline_ms < earliest_ms)
        earliest_ms = first->deadline_ms;
    int64_t look_ms = first ? xy_detector_deadline(&subtree->detector) : XY_NEVER;
    return look_ms < earliest_ms ? look_ms : earliest_ms;
}
