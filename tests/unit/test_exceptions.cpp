// A callback that is left by an exception: the other callbacks are called all the same.
#include <cstdio>
#include <stdexcept>

#include "xylem.h"

namespace {

int called = 0;

void leave(xylem_future *, void *)
{
    throw std::runtime_error("left");
}

void count(xylem_future *, void *)
{
    called++;
}

bool run(xylem *network)
{
    try {
        return xylem_run(network, 0) != XYLEM_OK;
    } catch (const std::runtime_error &) {
        return true;
    }
}

const char *test(xylem *network)
{
    xylem_future *futures[2];
    if (xylem_create(network, 1, nullptr))
        return "no node";
    for (int i = 0; i < 2; i++) {
        if (xylem_start(network, 1, "time", -1, &futures[i]))
            return "no job";
        xylem_future_then(futures[i], i == 0 ? leave : count, nullptr);
    }
    while (xylem_future_result(futures[1], nullptr, nullptr) == XYLEM_PENDING)
        xylem_ping(network, 1);
    if (!run(network))
        return "the exception did not arrive";
    if (called != 0 || run(network) || called != 1)
        return "the other callback was not called by the next call";
    for (xylem_future *future : futures)
        xylem_future_free(&future);
    return nullptr;
}

} // namespace

int main()
{
    for (xylem_world world : {XYLEM_THREAD, XYLEM_SIMULATED}) {
        xylem_options options = XYLEM_OPTIONS;
        xylem *network;
        options.world = world;
        called = 0;
        if (xylem_open(&network, &options))
            return 1;
        const char *fault = test(network);
        xylem_close(&network);
        if (fault) {
            std::printf("world %d: %s\n", world, fault);
            return 1;
        }
    }
    return 0;
}
