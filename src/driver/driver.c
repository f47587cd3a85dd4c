#include "driver/driver.h"

#include <assert.h>

static void step(xy_driver *driver, const xy_event *event)
{
    if (driver->observe)
        driver->observe(driver, event, NULL);
    driver->machine.step(driver->machine.self, event, driver->now_ms, driver->queue);
}

/* Only a request, an ask or an answer is missed by its asker, and a state by the controlling node.
 */
static void unsent(xy_driver *driver, const xy_peer *to, const xy_message *message, int status)
{
    if (message->kind != XY_REQUEST && message->kind != XY_REPLY && message->kind != XY_CAST &&
        message->kind != XY_MERGED && message->kind != XY_ASK && message->kind != XY_STATE &&
        message->kind != XY_CHUNK)
        return;
    xy_event event = {.kind = XY_EVENT_UNSENT};
    event.unsent.kind = message->kind;
    event.unsent.request = message->number;
    event.unsent.id = message->id;
    event.unsent.life = message->life;
    event.unsent.value = message->value;
    event.unsent.link = to->link;
    event.unsent.bare = message->payload_size == 0;
    event.unsent.status = status;
    step(driver, &event);
}

static void perform_send(xy_driver *driver, xy_action *action)
{
    int status = driver->ops->send(driver, action);
    if (status)
        unsent(driver, &action->send.to, &action->send.message, status);
}

static void perform_forward(xy_driver *driver, xy_action *action)
{
    xy_message message;
    assert(driver->event && driver->event->kind == XY_EVENT_MESSAGE);
    int status = driver->ops->send(driver, action);
    if (!status)
        return;
    bool decoded =
        xy_message_decode(&message, driver->event->message.frame, driver->event->message.size);
    assert(decoded); /* the machine has read it */
    if (decoded)
        unsent(driver, &action->forward.to, &message, status);
}

static void perform(xy_driver *driver, xy_action *action)
{
    switch (action->kind) {
    case XY_ACTION_SEND:
        perform_send(driver, action);
        break;
    case XY_ACTION_FORWARD:
        perform_forward(driver, action);
        break;
    case XY_ACTION_EXPECT:
    case XY_ACTION_LET_GO:
    case XY_ACTION_CONNECT:
    case XY_ACTION_DISCONNECT:
        driver->ops->send(driver, action);
        break;
    case XY_ACTION_WORK:
    case XY_ACTION_CANCEL:
    case XY_ACTION_COMBINE:
    case XY_ACTION_ANSWERED:
    case XY_ACTION_NEIGHBOURS:
    case XY_ACTION_TAKEN:
        driver->ops->execute(driver, action);
        break;
    case XY_ACTION_STOP:
        driver->stopped = true;
        break;
    case XY_ACTION_START:
    case XY_ACTION_ATTACH:
    case XY_ACTION_TELL:
    case XY_ACTION_END:
    case XY_ACTION_KILL:
    case XY_ACTION_SIGNAL:
        driver->ops->launch(driver, action);
        break;
    case XY_ACTION_REPLY:
    case XY_ACTION_CHUNK:
    case XY_ACTION_NOTICE:
    case XY_ACTION_ROOM:
        driver->ops->deliver(driver, action);
        break;
    case XY_ACTION_EXPECTED:
    case XY_ACTION_ATTACHED:
        driver->ops->report(driver, action);
        break;
    }
}

void xy_driver_perform(xy_driver *driver)
{
    for (xy_action *action; (action = xy_queue_take(driver->queue));) {
        if (!xy_action_gather(action)) {
            unsent(driver, &action->send.to, &action->send.message, XYLEM_NO_MEMORY);
        } else {
            if (driver->observe)
                driver->observe(driver, NULL, action);
            perform(driver, action);
        }
        xy_queue_drop(driver->queue);
    }
}

void xy_driver_step(xy_driver *driver, const xy_event *event, int64_t now_ms)
{
    assert(now_ms >= driver->now_ms && !driver->event);
    driver->now_ms = now_ms;
    driver->event = event;
    step(driver, event);
    xy_driver_perform(driver);
    driver->event = NULL;
}

/* The event in hand stays: the frame of that may still have to be passed on. */
void xy_driver_step_within(xy_driver *driver, const xy_event *event)
{
    assert(event->kind != XY_EVENT_MESSAGE);
    step(driver, event);
}
