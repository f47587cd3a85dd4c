/* worlds: the public interface in every world. A program that includes it calls xylem_worker first
 * in main, after it has registered its services, and each test has EVERYWHERE (test).
 */
#ifndef XY_TEST_WORLDS_H
#define XY_TEST_WORLDS_H

#include "unit.h"

#include "xylem.h"

enum { WORLDS = 4 };

static const struct {
    enum xylem_world world;
    enum xylem_transport transport;
} places[WORLDS] = {{XYLEM_SIMULATED, XYLEM_IPC},
                    {XYLEM_THREAD, XYLEM_IPC},
                    {XYLEM_PROCESS, XYLEM_IPC},
                    {XYLEM_PROCESS, XYLEM_TCP}};

/* A network, with one node for each of some services. */

static inline xylem *open_network(uintptr_t place)
{
    xylem_options options = XYLEM_OPTIONS;
    xylem *network;
    options.world = places[place].world;
    options.transport = places[place].transport;
    options.timeout_ms = 20000;
    assert_int_equal(xylem_open(&network, &options), XYLEM_OK);
    return network;
}

static inline int create_serving(xylem *network, int64_t id, const char *service)
{
    xylem_create_options options = XYLEM_CREATE_OPTIONS;
    options.service = service;
    return xylem_create_with(network, id, &options, NULL);
}

static inline xylem *open_with(void **state, const char *const *services)
{
    xylem *network = open_network((uintptr_t)*state);
    for (int64_t id = 0; services[id]; id++)
        assert_int_equal(create_serving(network, id, services[id]), XYLEM_OK);
    return network;
}

#define OPEN(...) open_with(state, (const char *const[]){__VA_ARGS__, NULL})

static inline xylem_future *start(xylem *network, int64_t id, const char *text)
{
    xylem_future *future;
    assert_int_equal(xylem_start(network, id, text, -1, &future), XYLEM_OK);
    return future;
}

static inline void expect_end(xylem_future *future, int status, const char *wanted)
{
    const char *reply;
    size_t size;
    assert_int_equal(xylem_future_wait(future, -1), XYLEM_OK);
    assert_int_equal(xylem_future_result(future, &reply, &size), status);
    assert_string_equal(reply, wanted);
    assert_int_equal(size, strlen(wanted));
    xylem_future_free(&future);
    assert_null(future);
}

#define EVERYWHERE(test)                                                                           \
    {#test " simulated", test, NULL, NULL, (void *)0},                                             \
        {#test " thread", test, NULL, NULL, (void *)1},                                            \
        {#test " ipc", test, NULL, NULL, (void *)2},                                               \
    {                                                                                              \
#test " tcp", test, NULL, NULL, (void *)3                                                  \
    }

#endif
