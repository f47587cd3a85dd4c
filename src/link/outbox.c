#include "link/outbox.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* A small frame that has come over ipc or tcp is part of a receive buffer of libzmq of 8 KiB, which
 * lasts as long as the frame. So it is copied before it waits. */
enum { SMALL = 8 * 1024 };

xy_outbox *xy_outboxes_find(const xy_outboxes *outboxes, const xy_peer *to)
{
    xy_outbox *found = outboxes->all;
    while (found && !xy_peer_is(&found->to, to))
        found = found->next;
    return found;
}

/* Takes the frame, unless there is no memory. */
static bool take_frame(zmq_msg_t *into, zmq_msg_t *frame)
{
    size_t size = zmq_msg_size(frame);
    zmq_msg_init(into);
    if (size > SMALL)
        return zmq_msg_move(into, frame) == 0;
    if (zmq_msg_init_size(into, size) < 0)
        return false;
    memcpy(zmq_msg_data(into), zmq_msg_data(frame), size);
    zmq_msg_close(frame);
    zmq_msg_init(frame);
    return true;
}

static xy_waiting_frame *new_frame(zmq_msg_t *frame)
{
    xy_waiting_frame *new = malloc(sizeof *new);
    if (new &&take_frame(&new->message, frame))
        return new;
    free(new);
    return NULL;
}

static xy_outbox *new_outbox(xy_outboxes *outboxes, const xy_peer *to)
{
    xy_outbox *new = malloc(sizeof *new);
    if (!new)
        return NULL;
    *new = (xy_outbox){.to = *to};
    DL_APPEND(outboxes->all, new);
    return new;
}

static void free_outbox(xy_outboxes *outboxes, xy_outbox *empty)
{
    assert(!empty->frames);
    DL_DELETE(outboxes->all, empty);
    free(empty);
}

int xy_outboxes_add(xy_outboxes *outboxes, const xy_peer *to, zmq_msg_t *frame, xy_urgency urgency)
{
    size_t bound = XY_OUTBOX_MAX + (urgency == XY_VITAL ? XY_OUTBOX_RESERVE : 0);
    size_t cost = XY_OUTBOX_COST(zmq_msg_size(frame));
    assert(urgency != XY_LOSSY);
    if (outboxes->cost + cost > bound)
        return XYLEM_BUSY;
    xy_outbox *into = xy_outboxes_find(outboxes, to);
    if (!into && !(into = new_outbox(outboxes, to)))
        return XYLEM_NO_MEMORY;
    xy_waiting_frame *new = new_frame(frame);
    if (new) {
        DL_APPEND(into->frames, new);
        outboxes->cost += cost;
    } else if (!into->frames)
        free_outbox(outboxes, into);
    return new ? XYLEM_OK : XYLEM_NO_MEMORY;
}

static void drop_frame(xy_outboxes *outboxes, xy_outbox *of, size_t size)
{
    xy_waiting_frame *oldest = of->frames;
    assert(outboxes->cost >= XY_OUTBOX_COST(size));
    outboxes->cost -= XY_OUTBOX_COST(size);
    DL_DELETE(of->frames, oldest);
    zmq_msg_close(&oldest->message);
    free(oldest);
}

static void flush_outbox(xy_outboxes *outboxes, xy_outbox *of, xy_outbox_send *send, void *owner)
{
    while (of->frames) {
        size_t size = zmq_msg_size(&of->frames->message); /* it is empty when it has been sent */
        if (!send(owner, &of->to, &of->frames->message))
            return;
        drop_frame(outboxes, of, size);
    }
    free_outbox(outboxes, of);
}

void xy_outboxes_flush(xy_outboxes *outboxes, xy_outbox_send *send, void *owner)
{
    xy_outbox *each, *next;
    DL_FOREACH_SAFE(outboxes->all, each, next) flush_outbox(outboxes, each, send, owner);
    assert((outboxes->cost == 0) == !outboxes->all);
}

static bool not_wanted(void *owner, const xy_peer *to, zmq_msg_t *frame)
{
    (void)owner, (void)to, (void)frame;
    return true;
}

void xy_outboxes_drop(xy_outboxes *outboxes, const xy_peer *to)
{
    xy_outbox *dropped = xy_outboxes_find(outboxes, to);
    if (dropped)
        flush_outbox(outboxes, dropped, not_wanted, NULL);
}

void xy_outboxes_clear(xy_outboxes *outboxes)
{
    xy_outboxes_flush(outboxes, not_wanted, NULL);
    assert(!outboxes->all);
}
