/* What a service does at the end of its node: one that is told to end is closed; one that is
 * killed, or ends with its parent, is not: only its memory is freed, where that is the program's
 * own.
 *
 * The service "keeper" writes a file when it is closed, and nothing before. So the file tells
 * whether it was, in every world.
 */
#include <stdatomic.h>
#include <unistd.h>

#include "worlds.h"

/* The service. Its text is the path of the file. */

static atomic_int opened, closed, released;

static int open_keeper(void **state)
{
    *state = calloc(1, sizeof(char *));
    opened += *state != NULL;
    return *state ? XYLEM_OK : XYLEM_NO_MEMORY;
}

static int take_path(void *state, xylem_work *work)
{
    char **path = state;
    free(*path);
    *path = strdup(xylem_work_text(work, NULL));
    return *path ? XYLEM_OK : XYLEM_NO_MEMORY;
}

static void forget(char **path)
{
    free(*path);
    free(path);
}

static void close_keeper(void *state)
{
    char **path = state;
    FILE *file = *path ? fopen(*path, "w") : NULL;
    if (file)
        fclose(file);
    forget(path);
    closed++;
}

static void release_keeper(void *state)
{
    forget(state);
    released++;
}

static const xylem_service own[] = {
    XYLEM_SERVICE(.name = "keeper", .open = open_keeper, .exec = take_path, .close = close_keeper,
                  .release = release_keeper),
    XYLEM_SERVICE(.name = "long-keeper", .open = open_keeper, .exec = take_path,
                  .close = close_keeper, .release = release_keeper, .takes_long = true)};

/* Two nodes, 0 above 1, each with the path of a file that is not there. */

enum { NODES = 2 };

static char folder[] = "/tmp/xylem-crash.XXXXXX", paths[NODES][64];

static xylem *open_keepers(void **state, const char *service)
{
    opened = closed = released = 0;
    xylem *network = OPEN(service, service);
    for (int64_t id = 0; id < NODES; id++) {
        snprintf(paths[id], sizeof paths[id], "%s/%d", folder, (int)id);
        assert_int_equal(xylem_exec(network, id, paths[id], NULL), XYLEM_OK);
        unlink(paths[id]); /* of a test that has failed */
    }
    return network;
}

/* Whether node `id` has saved what it had. */
static bool saved(int64_t id)
{
    return unlink(paths[id]) == 0;
}

/* Nothing is left, in worlds in which the nodes are in this process. */
static void expect_hooks(void **state, int closes, int releases)
{
    if (places[(uintptr_t)*state].world == XYLEM_PROCESS)
        return;
    assert_int_equal(closed, closes);
    assert_int_equal(released, releases);
    assert_int_equal(opened, closes + releases);
}

static const char *const services[] = {"keeper", "long-keeper"};

static void test_removed(void **state)
{
    for (int i = 0; i < 2; i++) {
        xylem *network = open_keepers(state, services[i]);
        assert_int_equal(xylem_remove(network, 0), XYLEM_OK);
        xylem_close(&network);
        assert_true(saved(0) && saved(1));
        expect_hooks(state, 2, 0);
    }
}

static void test_closed(void **state)
{
    for (int i = 0; i < 2; i++) {
        xylem *network = open_keepers(state, services[i]);
        xylem_close(&network);
        assert_true(saved(0) && saved(1));
        expect_hooks(state, 2, 0);
    }
}

static void test_killed(void **state)
{
    for (int i = 0; i < 2; i++) {
        xylem *network = open_keepers(state, services[i]);
        assert_int_equal(xylem_kill(network, 1), XYLEM_OK);
        assert_int_equal(xylem_ping(network, 1), XYLEM_UNAVAILABLE);
        xylem_close(&network);
        assert_true(saved(0) && !saved(1));
        expect_hooks(state, 1, 1);
    }
}

static void test_parent_killed(void **state)
{
    for (int i = 0; i < 2; i++) {
        xylem *network = open_keepers(state, services[i]);
        assert_int_equal(xylem_kill(network, 0), XYLEM_OK);
        assert_int_equal(xylem_remove(network, 0), XYLEM_OK);
        xylem_close(&network);
        assert_true(!saved(0) && !saved(1));
        expect_hooks(state, 0, 2);
    }
}

/* One that hangs is told to end in vain, and is killed. At the end of the network those above it
 * may be killed too, since they wait for it. */
static void test_hangs(void **state)
{
    for (int i = 0; i < 2; i++) {
        xylem *network = open_keepers(state, services[i]);
        assert_int_equal(xylem_pause(network, 1), XYLEM_OK);
        assert_int_equal(xylem_remove(network, 1), XYLEM_OK);
        assert_false(saved(1));
        assert_int_equal(xylem_pause(network, 0), XYLEM_OK);
        xylem_close(&network);
        assert_false(saved(0) || saved(1));
        expect_hooks(state, 0, 2);
    }
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (xylem_register(&own[i]) != XYLEM_OK)
            return EXIT_FAILURE;
    xylem_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        EVERYWHERE(test_removed),       EVERYWHERE(test_closed), EVERYWHERE(test_killed),
        EVERYWHERE(test_parent_killed), EVERYWHERE(test_hangs),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
