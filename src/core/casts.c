#include "core/casts.h"

#include <assert.h>
#include <string.h>

#include "core/memory.h"
#include "core/requests.h"

void xy_casts_init(xy_casts *casts, xy_cast_over *over, void *owner)
{
    *casts = (xy_casts){.over = over, .owner = owner};
}

/* The slot of a cast is its beginning. */
static xy_cast *cast_of(xy_slot *slot)
{
    return (xy_cast *)slot;
}

xy_cast *xy_casts_find(const xy_casts *casts, xy_number number)
{
    xy_cast *cast = cast_of(xy_table_find(&casts->table, number.request));
    return cast && cast->tag == number.tag ? cast : NULL;
}

/* Children that have not answered. */

/* The first of them from this one on; NULL: there is none. */
static xy_cast_child *awaited_from(xy_cast *cast, size_t index)
{
    while (index < cast->count && !cast->children[index].awaited)
        index++;
    return index < cast->count ? &cast->children[index] : NULL;
}

static xy_cast_child *first_awaited(xy_cast *cast)
{
    return awaited_from(cast, 0);
}

static xy_cast_child *next_awaited(xy_cast *cast, const xy_cast_child *child)
{
    return awaited_from(cast, (size_t)(child - cast->children) + 1);
}

static xy_cast_child *child_of(xy_cast *cast, xy_link_number link)
{
    xy_cast_child *child;
    if (cast->many)
        HASH_FIND(hh, cast->hash, &link.number, sizeof link.number, child);
    else
        for (child = first_awaited(cast); child && child->link != link.number;)
            child = next_awaited(cast, child);
    return child;
}

static void answered(xy_cast *cast, xy_cast_child *child)
{
    if (cast->many)
        HASH_DEL(cast->hash, child);
    child->awaited = false;
    cast->awaited--;
    xy_buffer_clear(&child->arriving);
}

/* Freeing. */

static void free_cast(xy_cast *cast)
{
    for (xy_cast_child *child = first_awaited(cast); child; child = next_awaited(cast, child))
        answered(cast, child);
    assert(cast->awaited == 0 && !cast->hash);
    xy_merge_clear(&cast->merge);
    xy_release(cast);
}

void xy_casts_forget(xy_casts *casts, xy_cast *cast)
{
    xy_table_remove(&casts->table, &cast->slot);
    free_cast(cast);
}

void xy_casts_clear(xy_casts *casts)
{
    while (casts->table.first)
        xy_casts_forget(casts, cast_of(casts->table.first));
    xy_table_clear(&casts->table);
}

/* Beginning. */

/* Of so few it is cheaper to look at each. */
enum { FEW = 8 };

static xy_cast *new_cast(const xy_plan *plan, const xy_message *message, size_t own,
                         int64_t deadline_ms)
{
    xy_cast *new = xy_resize(NULL, sizeof *new + plan->children * sizeof *new->children);
    if (!new)
        return NULL;
    *new = (xy_cast){.slot = {.request = message->number.request,
                              .deadline_ms = deadline_ms,
                              .cost = XY_REQUEST_COST},
                     .tag = message->number.tag,
                     .range = {plan->head.base, (uint32_t)own},
                     .own = own,
                     .many = plan->children > FEW,
                     .merge.combines = plan->head.service[0] != '\0'};
    memcpy(new->service, plan->head.service, XY_SERVICE_NAME_SIZE);
    return new;
}

/* NULL: there is no memory; or the child is malformed, as is one whose link is there already, and
 * those behind it. */
static xy_cast_child *enter_child(xy_cast *cast, const xy_plan_child *planned)
{
    xy_cast_child *child = &cast->children[cast->count];
    if (planned->count == 0 || child_of(cast, planned->link))
        return NULL;
    *child = (xy_cast_child){
        .awaited = true, .link = planned->link.number, .range = {planned->base, planned->count}};
    if (cast->many)
        XY_HASH_ADD(cast->hash, link, child);
    if (cast->many && !child->hh.tbl)
        return NULL;
    cast->count++;
    cast->awaited++;
    return child;
}

/* What is asked of the child of a link does not come. */
static void lose(xy_cast *cast, xy_cast_child *child, int status)
{
    xy_merge_add(&cast->merge, status, NULL, 0, child->range);
    answered(cast, child);
}

static bool pass_first(const xy_plan_head *head, const xy_plan_child *planned, const xy_peer *to,
                       const xy_message *message, const void *text, size_t size, xy_queue *out)
{
    xy_action action = {.kind = XY_ACTION_SEND, .send = {.to = *to, .message = *message}};
    xy_plan_head below = *head;
    below.base = planned->base;
    below.time_ms -= head->step_ms < head->time_ms ? head->step_ms : head->time_ms;
    size_t head_size = xy_plan_put_head(NULL, &below);
    size_t plan_size = head_size + planned->size;
    uint8_t *body = xy_action_room(&action, plan_size + size);
    if (!body)
        return false;
    xy_plan_put_head(body, &below);
    memcpy(body + head_size, planned->section, planned->size);
    if (size > 0)
        memcpy(body + plan_size, text, size);
    action.send.message.payload_size = (uint32_t)(plan_size + size);
    action.send.message.keep = (uint32_t)plan_size;
    action.send.message.route_size = 0;
    return xy_queue_push(out, &action);
}

static void pass_to(xy_cast *cast, xy_cast_child *child, const xy_subtree *subtree,
                    const xy_plan_head *head, const xy_plan_child *planned,
                    const xy_message *message, const void *text, size_t size, xy_queue *out)
{
    xy_peer peer;
    int status = xy_subtree_next(subtree, planned->link, &peer);
    if (!status && !pass_first(head, planned, &peer, message, text, size, out))
        status = XYLEM_NO_MEMORY;
    if (status)
        lose(cast, child, status == XYLEM_NOT_FOUND ? XYLEM_UNAVAILABLE : status);
}

xy_cast *xy_casts_begin(xy_casts *casts, const xy_subtree *subtree, xy_plan *plan, size_t own,
                        const xy_message *message, const void *text, size_t size,
                        int64_t deadline_ms, xy_queue *out)
{
    xy_plan_child planned;
    xy_cast *cast = new_cast(plan, message, own, deadline_ms);
    if (cast && !xy_table_add(&casts->table, &cast->slot)) {
        free_cast(cast);
        cast = NULL;
    }
    while (cast && xy_plan_next(plan, &planned)) {
        xy_cast_child *child = enter_child(cast, &planned);
        cast->range.count += planned.count;
        if (child)
            pass_to(cast, child, subtree, &plan->head, &planned, message, text, size, out);
        else
            xy_merge_add(&cast->merge, XYLEM_NO_MEMORY, NULL, 0,
                         (xy_range){planned.base, planned.count});
    }
    return cast;
}

/* Further messages to the children. */

static bool pass_on(const xy_peer *to, const xy_message *message, const void *text, size_t size,
                    xy_queue *out)
{
    xy_action action = {.kind = XY_ACTION_SEND, .send = {.to = *to, .message = *message}};
    action.send.message.body = NULL;
    action.send.message.keep = 0;
    action.send.message.payload_size = (uint32_t)size;
    action.send.lent = size > 0 ? text : NULL;
    return xy_queue_push(out, &action);
}

void xy_casts_pass(xy_cast *cast, const xy_message *message, const void *text, size_t size,
                   const xy_subtree *subtree, xy_queue *out)
{
    xy_peer peer;
    for (xy_cast_child *child = first_awaited(cast); child; child = next_awaited(cast, child)) {
        bool known = xy_subtree_next(subtree, (xy_link_number){child->link}, &peer) == XYLEM_OK;
        if (known && !pass_on(&peer, message, text, size, out) && message->code != XY_CANCEL)
            lose(cast, child, XYLEM_NO_MEMORY);
    }
}

/* Answers. */

/* The action owns copies of both: a text, its NUL, the other one and its NUL. */
static bool push_combine(const xy_cast *cast, const xy_group *a, const xy_group *b, xy_queue *out)
{
    xy_action action = {
        .kind = XY_ACTION_COMBINE,
        .combine = {.cast = {cast->slot.request, cast->tag}, .a_size = a->size, .b_size = b->size}};
    xy_buffer texts = {0};
    memcpy(action.combine.service, cast->service, XY_SERVICE_NAME_SIZE);
    bool copied = xy_buffer_reserve(&texts, a->size + 1 + b->size) &&
                  xy_buffer_add(&texts, a->text, a->size + 1) &&
                  xy_buffer_add(&texts, b->text, b->size);
    action.combine.texts = xy_buffer_take(&texts);
    if (copied)
        return xy_queue_push(out, &action);
    xy_release(action.combine.texts);
    return false;
}

static void combine(xy_cast *cast, xy_queue *out)
{
    const xy_group *a, *b;
    while (xy_merge_combine(&cast->merge, &a, &b) && !push_combine(cast, a, b, out))
        xy_merge_combined(&cast->merge, XYLEM_NO_MEMORY, NULL, 0);
}

void xy_casts_look_at(xy_casts *casts, xy_cast *cast, xy_queue *out)
{
    combine(cast, out);
    if (cast->own > 0 || cast->awaited > 0 || cast->merge.combining)
        return;
    xy_table_remove(&casts->table, &cast->slot);
    casts->over(casts->owner, cast, out);
    free_cast(cast);
}

void xy_casts_own(xy_casts *casts, xy_cast *cast, uint32_t position, int status, const void *text,
                  size_t size, xy_queue *out)
{
    assert(cast->own > 0);
    cast->own--;
    xy_merge_add(&cast->merge, status, text, size, (xy_range){position, 1});
    xy_casts_look_at(casts, cast, out);
}

/* An answer that is whole. */
static void take(xy_cast *cast, xy_cast_child *child, const void *bytes, size_t size)
{
    if (xy_merge_add_all(&cast->merge, bytes, size, child->range))
        answered(cast, child);
    else
        lose(cast, child, XYLEM_FAILED);
}

/* The last fragment makes it whole. One that is alone is not copied. */
static void take_part(xy_cast *cast, xy_cast_child *child, const xy_message *merged)
{
    const uint8_t *bytes = xy_message_payload(merged);
    bool more = merged->part & XY_PART_MORE;
    if (!more && child->arriving.size == 0)
        take(cast, child, bytes, merged->payload_size);
    else if (!xy_buffer_add(&child->arriving, bytes, merged->payload_size))
        lose(cast, child, XYLEM_NO_MEMORY);
    else if (!more)
        take(cast, child, child->arriving.bytes, child->arriving.size);
}

void xy_casts_hear(xy_casts *casts, const xy_peer *from, const xy_message *merged, xy_queue *out)
{
    xy_cast *cast = xy_casts_find(casts, merged->number);
    xy_cast_child *child = cast ? child_of(cast, from->link) : NULL;
    if (!child)
        return;
    bool fits = child->arriving.size + merged->payload_size <= 2 * (size_t)XYLEM_TEXT_MAX;
    if (merged->status)
        lose(cast, child, merged->status);
    else if (!fits)
        lose(cast, child, XYLEM_TOO_LONG);
    else
        take_part(cast, child, merged);
    xy_casts_look_at(casts, cast, out);
}

void xy_casts_combined(xy_casts *casts, xy_number number, int status, const void *text, size_t size,
                       xy_queue *out)
{
    xy_cast *cast = xy_casts_find(casts, number);
    if (!cast || !cast->merge.combining)
        return;
    xy_merge_combined(&cast->merge, status, text, size);
    xy_casts_look_at(casts, cast, out);
}

/* Losing. */

void xy_casts_unsent(xy_casts *casts, xy_number number, xy_link_number link, int status,
                     xy_queue *out)
{
    xy_cast *cast = xy_casts_find(casts, number);
    xy_cast_child *child = cast ? child_of(cast, link) : NULL;
    if (!child)
        return;
    lose(cast, child, status);
    xy_casts_look_at(casts, cast, out);
}

static void look(xy_casts *casts, xy_cast *cast, const xy_subtree *subtree, xy_queue *out)
{
    xy_peer peer;
    for (xy_cast_child *child = first_awaited(cast); child; child = next_awaited(cast, child))
        if (xy_subtree_next(subtree, (xy_link_number){child->link}, &peer) != XYLEM_OK)
            lose(cast, child, XYLEM_UNAVAILABLE);
    xy_casts_look_at(casts, cast, out);
}

void xy_casts_look(xy_casts *casts, const xy_subtree *subtree, xy_queue *out)
{
    for (xy_slot *slot = casts->table.first, *next; slot; slot = next) {
        next = slot->next;
        look(casts, cast_of(slot), subtree, out);
    }
}

/* Answers that are still being combined are given up, with those that wait for that. */
void xy_casts_end(xy_casts *casts, xy_cast *cast, xy_queue *out)
{
    const xy_group *a, *b;
    for (xy_cast_child *child = first_awaited(cast); child; child = next_awaited(cast, child))
        lose(cast, child, XYLEM_UNAVAILABLE);
    while (cast->merge.combining || xy_merge_combine(&cast->merge, &a, &b))
        xy_merge_combined(&cast->merge, XYLEM_UNAVAILABLE, NULL, 0);
    xy_table_remove(&casts->table, &cast->slot);
    casts->over(casts->owner, cast, out);
    free_cast(cast);
}

void xy_casts_tick(xy_casts *casts, int64_t now_ms, xy_queue *out)
{
    for (xy_slot *late; (late = xy_table_due(&casts->table, now_ms));)
        xy_casts_end(casts, cast_of(late), out);
}

int64_t xy_casts_deadline(const xy_casts *casts)
{
    return xy_table_deadline(&casts->table);
}
