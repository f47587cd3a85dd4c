/* What services publish: events of the network that have bytes. They wait apart from the others,
 * and push none of them out: the service is held up when too many wait.
 */
#include <string.h>
#include <utlist.h>

#include "api/network.h"

void xy_network_take_published(xylem *network, xy_chunk *chunk)
{
    chunk->turn = ++network->turns;
    DL_APPEND(network->published, chunk);
    network->news = true;
}

/* Without memory for that the life is told with the next one. */
static void take(xylem *network, const xy_chunk *chunk)
{
    const xy_command take = {.kind = XY_COMMAND_TAKE,
                             .life = chunk->life,
                             .count = chunk->place,
                             .size = XY_CHUNK_COST(chunk->size)};
    if (!network->closed)
        xy_network_command(network, &take);
}

/* A topic without an end is the whole. */
void xy_network_show_published(xylem *network)
{
    xy_chunk *chunk = network->published;
    const char *topic = (const char *)chunk->bytes;
    size_t head = strnlen(topic, chunk->size) + 1;
    size_t rest = head < chunk->size ? chunk->size - head : 0;
    DL_DELETE(network->published, chunk);
    xy_chunk_free(network->shown);
    network->shown = chunk;
    network->event = (xylem_event){.size = sizeof(xylem_event),
                                   .kind = XYLEM_PUBLISHED,
                                   .id = chunk->id,
                                   .life = chunk->life.number,
                                   .origin = XY_NO_ID,
                                   .parent = XY_NO_ID,
                                   .topic = topic,
                                   .bytes = topic + (rest > 0 ? head : chunk->size),
                                   .bytes_size = rest};
    take(network, chunk);
}
