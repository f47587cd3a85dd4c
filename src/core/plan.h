/* plan: which nodes a cast asks, and over which links it goes: a part of the tree of links, as the
 * controlling node has it when the cast begins. So a node needs no table for it, and nothing can go
 * astray.
 *
 *     plan     head, section
 *     head     base, time_ms, step_ms, the size of the name of the service, the name
 *     section  asked + 2 * children, and for each child: link, count, the size of its section,
 *              its section
 *
 * All numbers are varints. The nodes that are asked have positions, in the order of the plan from
 * `base` on.
 */
#ifndef XY_PLAN_H
#define XY_PLAN_H

#include "core/buffer.h"
#include "core/message.h"

typedef struct xy_plan_head {
    uint32_t base;    /* the first position */
    uint32_t time_ms; /* within which the node answers, also with what there is, */
    uint32_t step_ms; /* and how much earlier its children do */
    char service[XY_SERVICE_NAME_SIZE]; /* that combines the answers; "": they are not combined */
} xy_plan_head;

/* A plan that is being read; it is lent the bytes. */
typedef struct xy_plan {
    xy_plan_head head;
    bool asked;      /* the node itself is */
    size_t children; /* how many are left to be read */
    uint32_t next;   /* the first position of the next child */
    const uint8_t *at, *end;
} xy_plan;

typedef struct xy_plan_child {
    xy_link_number link;
    uint32_t base, count; /* its positions */
    const uint8_t *section;
    size_t size;
} xy_plan_child;

/* The largest number of nodes that a cast can ask. */
#define XY_PLAN_NODES_MAX (UINT32_MAX / 4)

/* Reads the beginning of a plan; then one child after the other. False when it is malformed, or
 * there is none left. */
bool xy_plan_read(xy_plan *plan, const void *bytes, size_t size);
bool xy_plan_next(xy_plan *plan, xy_plan_child *child);

/* Writes a head to `at`, or only counts when that is NULL; returns its size in bytes. */
size_t xy_plan_put_head(uint8_t *at, const xy_plan_head *head);

/* A node of a plan that is being made. */
typedef struct xy_plan_node {
    size_t parent; /* its place among the nodes, or XY_PLAN_TOP */
    uint64_t link; /* above it */
    bool asked;
    /* The plan's own: how many are asked from here downwards, in how many children; how large the
     * section is; how many levels it has. */
    uint32_t count, children;
    size_t size, levels;
} xy_plan_node;

#define XY_PLAN_TOP SIZE_MAX

/* Appends the section of the controlling node, which is not asked itself. The nodes are in an order
 * in which those below one follow it. *levels is how many of them are below one another. False,
 * when there is no memory. */
bool xy_plan_make(xy_buffer *section, xy_plan_node *nodes, size_t count, size_t *levels);

#endif
