#include "core/fragment.h"

#include <assert.h>
#include <string.h>

#include "core/memory.h"
#include "core/requests.h"

/* Sending. */

void xy_fragment_at(xy_message *message, size_t total, size_t offset)
{
    bool more = total - offset > XY_MESSAGE_PAYLOAD_MAX;
    assert(offset <= total);
    message->part = (uint8_t)((more ? XY_PART_MORE : 0) | (offset > 0 ? XY_PART_CONTINUED : 0));
    if (message->part)
        message->value = (int64_t)(offset > 0 ? offset : total);
    message->payload_size = (uint32_t)(more ? XY_MESSAGE_PAYLOAD_MAX : total - offset);
}

/* Those that are kept. */

/* The slot of an assembly is its beginning. */
static xy_assembly *assembly_of(xy_slot *slot)
{
    return (xy_assembly *)slot;
}

static xy_assembly *take(xy_assemblies *assemblies, xy_slot *slot)
{
    if (slot)
        xy_table_remove(&assemblies->table, slot);
    return assembly_of(slot);
}

xy_assembly *xy_assemblies_take(xy_assemblies *assemblies, uint64_t request)
{
    return take(assemblies, xy_table_find(&assemblies->table, request));
}

xy_assembly *xy_assemblies_take_first(xy_assemblies *assemblies)
{
    return take(assemblies, assemblies->table.first);
}

xy_assembly *xy_assemblies_take_due(xy_assemblies *assemblies, int64_t now_ms)
{
    return take(assemblies, xy_table_due(&assemblies->table, now_ms));
}

size_t xy_assemblies_count(const xy_assemblies *assemblies)
{
    return assemblies->table.count;
}

int64_t xy_assemblies_deadline(const xy_assemblies *assemblies)
{
    return xy_table_deadline(&assemblies->table);
}

bool xy_assemblies_put(xy_assemblies *assemblies, xy_assembly *whole)
{
    assert(whole->text.bytes && whole->text.size <= XYLEM_TEXT_MAX);
    whole->slot.cost = XY_REQUEST_COST + whole->text.size;
    return xy_table_add(&assemblies->table, &whole->slot);
}

/* Receiving. */

xy_number xy_assembly_number(const xy_assembly *assembly)
{
    return (xy_number){assembly->slot.request, assembly->tag};
}

void xy_assembly_free(xy_assembly *assembly)
{
    if (assembly)
        xy_buffer_clear(&assembly->text);
    xy_release(assembly);
}

/* The size of all of it, as far as the first part can be believed. */
static size_t expected_size(const xy_message *part)
{
    bool more = (part->part & XY_PART_MORE) && part->value > (int64_t)part->payload_size &&
                part->value <= XYLEM_TEXT_MAX;
    return more ? (size_t)part->value : part->payload_size;
}

size_t xy_fragment_cost(const xy_message *message)
{
    return XY_REQUEST_COST + expected_size(message);
}

static int append(xy_assembly *assembly, const xy_message *part)
{
    if (assembly->text.size + part->payload_size > XYLEM_TEXT_MAX)
        return XYLEM_TOO_LONG;
    return xy_buffer_add(&assembly->text, xy_message_payload(part), part->payload_size)
               ? XYLEM_OK
               : XYLEM_NO_MEMORY;
}

/* An assembly with its first part, and room for all of it at once. */
static int begin(const xy_message *part, int64_t deadline_ms, xy_assembly **begun)
{
    xy_assembly *new = xy_allocate(1, sizeof *new);
    if (!new)
        return XYLEM_NO_MEMORY;
    new->slot.request = part->number.request;
    new->tag = part->number.tag;
    new->streams = part->kind == XY_REQUEST && part->code == XY_STREAM;
    new->slot.deadline_ms = deadline_ms;
    new->slot.cost = xy_fragment_cost(part);
    int error =
        xy_buffer_reserve(&new->text, expected_size(part)) ? append(new, part) : XYLEM_NO_MEMORY;
    if (!error)
        *begun = new;
    else
        xy_assembly_free(new);
    return error;
}

static int begin_with(xy_assemblies *assemblies, const xy_message *part, int64_t deadline_ms,
                      xy_assembly **whole)
{
    xy_assembly *new;
    bool more = part->part & XY_PART_MORE;
    if (more && xy_table_find(&assemblies->table, part->number.request))
        return XYLEM_OK;
    xy_assemblies_drop(assemblies, part->number.request);
    int error = begin(part, deadline_ms, &new);
    if (error)
        return error;
    if (!more) {
        *whole = new;
        return XYLEM_OK;
    }
    if (xy_table_add(&assemblies->table, &new->slot))
        return XYLEM_OK;
    xy_assembly_free(new);
    return XYLEM_NO_MEMORY;
}

/* A fragment that is not at its place has come before, in another copy, or one before it is
 * missing, and comes again. */
static int continue_with(xy_assemblies *assemblies, const xy_message *part, xy_assembly **whole)
{
    xy_slot *slot = xy_table_find(&assemblies->table, part->number.request);
    if (!slot || assembly_of(slot)->text.size != (uint64_t)part->value)
        return XYLEM_OK;
    int error = append(assembly_of(slot), part);
    if (error)
        xy_assembly_free(take(assemblies, slot));
    else if (!(part->part & XY_PART_MORE))
        *whole = take(assemblies, slot);
    return error;
}

int xy_assemblies_add(xy_assemblies *assemblies, const xy_message *part, int64_t deadline_ms,
                      xy_assembly **whole)
{
    *whole = NULL;
    return part->part & XY_PART_CONTINUED ? continue_with(assemblies, part, whole)
                                          : begin_with(assemblies, part, deadline_ms, whole);
}

/* Forgetting. */

void xy_assemblies_drop(xy_assemblies *assemblies, uint64_t request)
{
    xy_assembly_free(xy_assemblies_take(assemblies, request));
}

void xy_assemblies_drop_due(xy_assemblies *assemblies, int64_t now_ms)
{
    for (xy_assembly *late; (late = xy_assemblies_take_due(assemblies, now_ms));)
        xy_assembly_free(late);
}

void xy_assemblies_clear(xy_assemblies *assemblies)
{
    for (xy_assembly *one; (one = xy_assemblies_take_first(assemblies));)
        xy_assembly_free(one);
    xy_table_clear(&assemblies->table);
}
