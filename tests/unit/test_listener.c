/* A listener: which endpoints it takes, and that it listens. */
#include "machines.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link/listener.h"

static struct sockaddr_in address_of(int fd)
{
    struct sockaddr_in address = {0};
    socklen_t size = sizeof address;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    return address;
}

static void test_any_port(void **state)
{
    (void)state;
    int fd = xy_listener_open("tcp://127.0.0.1:*", 5);
    assert_true(fd >= 0);
    struct sockaddr_in address = address_of(fd);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(address.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    assert_int_not_equal(address.sin_port, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    close(client);
    close(fd);
}

/* A port that is taken is refused, and no descriptor stays. */
static void test_given_port(void **state)
{
    char endpoint[64];
    (void)state;
    int fd = xy_listener_open("tcp://127.0.0.1:*", 5);
    snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", ntohs(address_of(fd).sin_port));
    int next = dup(fd);
    close(next);
    assert_int_equal(xy_listener_open(endpoint, 5), -1);
    assert_int_equal(errno, EADDRINUSE);
    int same = dup(fd);
    assert_int_equal(same, next);
    close(same);
    close(fd);
    fd = xy_listener_open(endpoint, 5);
    assert_true(fd >= 0);
    close(fd);
}

static void test_other_endpoints(void **state)
{
    static const char *const others[] = {
        "",
        "tcp://",
        "inproc://a",
        "tcp://localhost:*",
        "tcp://127.0.0.1",
        "tcp://127.0.0.1:",
        "tcp://127.0.0.1:**",
        "tcp://127.0.0.1:1*",
        "tcp://127.0.0.1:65536",
        "tcp://127.0.0.1:80 key",
        "tcp://127.0.0.256:*",
        "tcp://127.0.0.1.1.1.1:*",
    };
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_int_equal(xy_listener_open(others[i], 5), -1);
        assert_int_equal(errno, EINVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_port),
        cmocka_unit_test(test_given_port),
        cmocka_unit_test(test_other_endpoints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
