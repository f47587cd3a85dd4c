#include "bench/bench_network.h"
#include "bench/must.h"

#include <stdlib.h>

#include "sim/draw.h"

enum { SEED = 1, TIMEOUT_MS = 60000 };

xylem *network_open(const struct setting *setting, int64_t heartbeat_ms)
{
    xylem *network;
    xylem_options options = XYLEM_OPTIONS;
    options.world = setting->world;
    options.transport = setting->transport;
    options.heartbeat_ms = heartbeat_ms;
    options.timeout_ms = TIMEOUT_MS;
    if (setting->topology)
        options.topology = setting->topology;
    options.repair = setting->repair;
    expect(xylem_open(&network, &options), "open");
    return network;
}

int64_t *random_ids(size_t count)
{
    xy_draw draw = xy_draw_stream(SEED, 0);
    int64_t *ids = malloc(count * sizeof *ids);
    must(ids != NULL, "memory");
    for (size_t i = 0; i < count; i++) {
        size_t other = (size_t)xy_draw_below(&draw, i + 1);
        ids[i] = ids[other];
        ids[other] = (int64_t)i;
    }
    return ids;
}

void network_fill(xylem *network, const int64_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        expect(xylem_create(network, ids[i], NULL), xylem_reason(network));
}

void network_chain(xylem *network, size_t length)
{
    for (size_t i = 0; i < length; i++)
        expect(xylem_create(network, (int64_t)i, NULL), xylem_reason(network));
}
