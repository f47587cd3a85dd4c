/* Endpoints: why a link cannot be opened, and what it leaves alone. */
#include "links.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[32];
static xy_error error;

static int set_up(void **state)
{
    *state = zmq_ctx_new();
    strcpy(folder, "/tmp/xy-link-XXXXXX");
    return *state && mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    zmq_ctx_term(*state);
    return rmdir(folder);
}

static void expect_refused(void *context, const char *name, const char *why)
{
    char endpoint[XY_ADDRESS_SIZE];
    snprintf(endpoint, sizeof endpoint, "ipc://%s/%s", folder, name);
    xy_link_options options = {.context = context, .endpoint = endpoint};
    xy_link *link = xy_link_open(&options, &error);
    bool opened = link != NULL;
    xy_link_close(&link); /* or the end of the context would wait for it */
    assert_false(opened);
    assert_int_equal(error.code, XYLEM_CANNOT_START);
    assert_string_equal(error.text, why);
}

/* It is bound when its name is known. What is there already is left alone. */
static void test_bound_later(void **state)
{
    char endpoint[XY_ADDRESS_SIZE];
    xy_link_options options = {.context = *state};
    xy_link *link = xy_link_open(&options, &error), *other = xy_link_open(&options, &error);
    snprintf(endpoint, sizeof endpoint, "ipc://%s/1", folder);
    bool bound[] = {xy_link_bind(link, endpoint, &error), xy_link_bind(other, endpoint, &error)};
    bool right = strcmp(xy_link_address(link), endpoint) == 0;
    xy_link_close(&link);
    xy_link_close(&other);
    unlink(endpoint + strlen("ipc://"));
    assert_true(bound[0] && right && !bound[1]);
    assert_non_null(strstr(error.text, "File exists"));
}

/* A parent that is not there; what was connected before stays. */
static void test_no_parent(void **state)
{
    char wanted[XY_REASON_SIZE];
    xy_attachment attachment = {.parent = links_peer(XY_PARENT, 2)};
    xy_peer first = links_peer(XY_PARENT, 1), second = links_peer(XY_PARENT, 2);
    xy_link *parent = links_open_one(*state, "inproc://parent", NULL);
    xy_link *link = links_open_one(*state, "inproc://child", NULL);
    links_attach(link, "inproc://parent", 1);
    snprintf(attachment.address, sizeof attachment.address, "ipc://%s/1", folder);
    snprintf(wanted, sizeof wanted,
             "cannot connect to %s: No such file or directory (the network's folder was removed: "
             "start the network again)",
             attachment.address);
    bool connected = xy_link_connect(link, &attachment, &error);
    int sent[] = {links_send(link, &first, 1, 0, XY_VITAL),
                  links_send(link, &second, 1, 0, XY_VITAL)};
    xy_link_close(&link);
    xy_link_close(&parent);
    assert_false(connected);
    assert_int_equal(error.code, XYLEM_CANNOT_START);
    assert_string_equal(error.text, wanted);
    assert_int_equal(sent[0], XYLEM_OK);
    assert_int_equal(sent[1], XYLEM_UNAVAILABLE);
}

/* A parent that has ended meanwhile: the folder is still there. */
static void test_parent_has_ended(void **state)
{
    char wanted[2 * XY_REASON_SIZE], own[XY_ADDRESS_SIZE];
    xy_attachment attachment = {.parent = links_peer(XY_PARENT, 2)};
    snprintf(own, sizeof own, "ipc://%s/5", folder);
    xy_link *link = links_open_one(*state, own, NULL);
    snprintf(attachment.address, sizeof attachment.address, "ipc://%s/1", folder);
    snprintf(
        wanted, sizeof wanted,
        "cannot connect to %s: No such file or directory (the node there has ended; if its socket "
        "was removed, start the network again)",
        attachment.address);
    bool connected = xy_link_connect(link, &attachment, &error);
    xy_link_close(&link);
    unlink(own + strlen("ipc://"));
    assert_false(connected);
    assert_int_equal(error.code, XYLEM_UNAVAILABLE);
    assert_string_equal(error.text, wanted);
}

/* libzmq would not connect, and not say so. */
static void test_no_descriptor(void **state)
{
    xy_attachment attachment = {.parent = links_peer(XY_PARENT, 1), .address = "tcp://127.0.0.1:9"};
    struct rlimit limit;
    xy_link *link = links_open_one(*state, "inproc://child", NULL);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = 8;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    bool connected = xy_link_connect(link, &attachment, &error);
    limit.rlim_cur = before;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    xy_link_close(&link);
    assert_false(connected);
    assert_int_equal(error.code, XYLEM_CANNOT_START);
    assert_string_equal(error.text,
                        "cannot open a descriptor: the limit of 8 is reached (ulimit -n)");
}

static void test_no_folder(void **state)
{
    char wanted[XY_REASON_SIZE];
    snprintf(wanted, sizeof wanted,
             "cannot bind ipc://%s/none/2: No such file or directory (the network's folder was "
             "removed: start the network again)",
             folder);
    expect_refused(*state, "none/2", wanted);
}

/* libzmq would remove it, whatever it is. */
static void test_taken(void **state)
{
    char path[64], wanted[XY_REASON_SIZE];
    struct stat status;
    snprintf(path, sizeof path, "%s/2", folder);
    snprintf(wanted, sizeof wanted,
             "cannot bind ipc://%s: File exists (move this file out of the network's folder)",
             path);
    close(open(path, O_WRONLY | O_CREAT | O_EXCL, 0600));
    expect_refused(*state, "2", wanted);
    assert_int_equal(lstat(path, &status), 0);
    unlink(path);
    assert_int_equal(symlink("nowhere", path), 0);
    expect_refused(*state, "2", wanted);
    assert_int_equal(lstat(path, &status), 0);
    unlink(path);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_bound_later),   TEST(test_no_parent), TEST(test_parent_has_ended),
        TEST(test_no_descriptor), TEST(test_no_folder), TEST(test_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
