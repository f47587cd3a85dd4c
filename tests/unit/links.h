/* links: a parent's link and a child's, attached to it, in one context. */
#ifndef XY_TEST_LINKS_H
#define XY_TEST_LINKS_H

#include "unit.h"

#include <zmq.h>

#include "link/unbroken.h"
#include "link/zmq_link.h"

enum { LINKS_CHILD = 7 }; /* its link number */

typedef struct links {
    void *context;
    xy_link *parent, *child;
    xy_peer to_parent, to_child; /* what each is for the other */
} links;

static inline xy_peer links_peer(int role, uint64_t number)
{
    xy_peer peer = {.link = {number}, .tag = number * 0x9e3779b97f4a7c15u};
    peer.role = role == XY_PARENT ? XY_PARENT : XY_CHILD;
    return peer;
}

static inline xy_link *links_open_one(void *context, const char *endpoint, const xy_keys *keys)
{
    xy_error error = {0};
    xy_link_options options = {.context = context, .endpoint = endpoint, .keys = keys};
    xy_link *link = xy_link_open(&options, &error);
    if (!link)
        fail_msg("%s", error.text);
    return link;
}

/* Attaches a child to what is at this address, as this link. */
static inline void links_attach(xy_link *child, const char *address, uint64_t number)
{
    xy_error error = {0};
    xy_attachment attachment = {.parent = links_peer(XY_PARENT, number)};
    snprintf(attachment.address, sizeof attachment.address, "%s", address);
    if (!xy_link_connect(child, &attachment, &error))
        fail_msg("%s", error.text);
}

static inline void links_open(links *both)
{
    both->context = zmq_ctx_new();
    both->parent = links_open_one(both->context, "inproc://parent", NULL);
    both->child = links_open_one(both->context, "inproc://child", NULL);
    links_attach(both->child, xy_link_address(both->parent), LINKS_CHILD);
    both->to_parent = links_peer(XY_PARENT, LINKS_CHILD);
    both->to_child = links_peer(XY_CHILD, LINKS_CHILD);
}

static inline void links_close(links *both)
{
    xy_link_close(&both->child);
    xy_link_close(&both->parent);
    xy_unbroken_term(both->context);
}

/* Sends a message that has this value and a payload of this size, all zero. */
static inline int links_send(xy_link *link, const xy_peer *to, int64_t value, size_t size,
                             xy_urgency urgency)
{
    static const uint8_t payload[XY_MESSAGE_PAYLOAD_MAX];
    xy_message message = {
        .kind = XY_REPLY, .value = value, .payload_size = (uint32_t)size, .body = payload};
    assert_true(size <= sizeof payload);
    return xy_link_send(link, to, &message, urgency);
}

/* The value of a message that has come. */
static inline int64_t links_value(const xy_received *received)
{
    xy_message message = {.value = -1};
    assert_true(xy_message_decode(&message, received->frame, received->size));
    return message.value;
}

#endif
