#include "core/plan.h"

#include <assert.h>
#include <string.h>

#include "core/varint.h"

/* Reading. */

static bool read_head(xy_plan_head *head, const uint8_t **at, const uint8_t *end)
{
    uint64_t base, time_ms, step_ms, length;
    if (!xy_varint_get_within(at, end, XY_PLAN_NODES_MAX, &base) ||
        !xy_varint_get_within(at, end, UINT32_MAX, &time_ms) ||
        !xy_varint_get_within(at, end, UINT32_MAX, &step_ms) ||
        !xy_varint_get_within(at, end, XY_SERVICE_NAME_SIZE - 1, &length) ||
        length > (size_t)(end - *at))
        return false;
    *head = (xy_plan_head){(uint32_t)base, (uint32_t)time_ms, (uint32_t)step_ms, ""};
    memcpy(head->service, *at, length);
    *at += length;
    return true;
}

bool xy_plan_read(xy_plan *plan, const void *bytes, size_t size)
{
    uint64_t shape;
    plan->at = bytes;
    plan->end = plan->at + size;
    if (size == 0 || !read_head(&plan->head, &plan->at, plan->end) ||
        !xy_varint_get_within(&plan->at, plan->end, size, &shape))
        return false;
    plan->asked = shape & 1;
    plan->children = shape >> 1;
    plan->next = plan->head.base + plan->asked;
    return true;
}

bool xy_plan_next(xy_plan *plan, xy_plan_child *child)
{
    uint64_t count, size;
    if (plan->children == 0 || !xy_varint_get(&plan->at, plan->end, &child->link.number) ||
        !xy_varint_get_within(&plan->at, plan->end, XY_PLAN_NODES_MAX, &count) ||
        !xy_varint_get_within(&plan->at, plan->end, SIZE_MAX, &size) ||
        size > (size_t)(plan->end - plan->at))
        return false;
    child->base = plan->next;
    child->count = (uint32_t)count;
    child->section = plan->at;
    child->size = size;
    plan->next += child->count;
    plan->at += size;
    plan->children--;
    return true;
}

/* Writing. */

size_t xy_plan_put_head(uint8_t *at, const xy_plan_head *head)
{
    const uint64_t numbers[] = {head->base, head->time_ms, head->step_ms, strlen(head->service)};
    size_t size = 0, length = strlen(head->service);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        size += xy_varint_put(at ? at + size : NULL, numbers[i]);
    if (at)
        memcpy(at + size, head->service, length);
    return size + length;
}

/* Making. */

static uint64_t shape_of(const xy_plan_node *node)
{
    return (uint64_t)node->children << 1 | node->asked;
}

/* What is above a section in that of its parent. */
static size_t put_record(uint8_t *at, const xy_plan_node *node)
{
    const uint64_t numbers[] = {node->link, node->count, node->size};
    size_t size = 0;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        size += xy_varint_put(at ? at + size : NULL, numbers[i]);
    return size;
}

static void measure(xy_plan_node *top, xy_plan_node *nodes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        nodes[i].count = nodes[i].asked;
        nodes[i].children = 0;
        nodes[i].size = nodes[i].levels = 0;
    }
    for (size_t i = count; i > 0; i--) {
        xy_plan_node *node = &nodes[i - 1];
        xy_plan_node *parent = node->parent == XY_PLAN_TOP ? top : &nodes[node->parent];
        assert(node->parent == XY_PLAN_TOP || node->parent < i - 1);
        node->size += xy_varint_put(NULL, shape_of(node));
        node->levels++;
        parent->count += node->count;
        parent->children++;
        parent->size += put_record(NULL, node) + node->size;
        if (parent->levels < node->levels)
            parent->levels = node->levels;
    }
    top->size += xy_varint_put(NULL, shape_of(top));
}

bool xy_plan_make(xy_buffer *section, xy_plan_node *nodes, size_t count, size_t *levels)
{
    xy_plan_node top = {.asked = false};
    measure(&top, nodes, count);
    if (!xy_buffer_reserve(section, top.size))
        return false;
    uint8_t *at = section->bytes + section->size;
    at += xy_varint_put(at, shape_of(&top));
    for (size_t i = 0; i < count; i++) {
        at += put_record(at, &nodes[i]);
        at += xy_varint_put(at, shape_of(&nodes[i]));
    }
    section->size += top.size;
    section->bytes[section->size] = 0;
    assert(at == section->bytes + section->size);
    *levels = top.levels;
    return true;
}
