#include "link/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool read_endpoint(const char *endpoint, struct sockaddr_in *address)
{
    char host[INET_ADDRSTRLEN], port[6];
    unsigned number = 0;
    int end = 0;
    if (sscanf(endpoint, "tcp://%15[0-9.]:%5[0-9*]%n", host, port, &end) != 2 || endpoint[end])
        return false;
    if (strcmp(port, "*") != 0 && (sscanf(port, "%u%n", &number, &end) != 1 || port[end]))
        return false;
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((in_port_t)number)};
    return number <= UINT16_MAX && inet_pton(AF_INET, host, &address->sin_addr) == 1;
}

/* With the options that libzmq sets. */
static bool listen_at(int fd, const struct sockaddr_in *address, int backlog)
{
    int one = 1;
    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
           bind(fd, (const struct sockaddr *)address, sizeof *address) == 0 &&
           listen(fd, backlog) == 0;
}

int xy_listener_open(const char *endpoint, int backlog)
{
    struct sockaddr_in address;
    if (!read_endpoint(endpoint, &address)) {
        errno = EINVAL;
        return -1;
    }
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || listen_at(fd, &address, backlog))
        return fd;
    int number = errno;
    close(fd);
    errno = number;
    return -1;
}
