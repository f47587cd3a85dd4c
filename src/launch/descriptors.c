#include "launch/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

/* A limit may be a thousand million: no process has that many open. */
enum { LIMIT_MAX = 1 << 20 };

void xy_close_from(int first, int last)
{
    struct rlimit limit = {.rlim_cur = 0};
    if (close_range((unsigned)first, ~0U, 0) == 0)
        return;
    getrlimit(RLIMIT_NOFILE, &limit);
    int count = limit.rlim_cur < LIMIT_MAX ? (int)limit.rlim_cur : LIMIT_MAX;
    for (int fd = first; fd <= last || fd < count; fd++)
        close(fd);
}

bool xy_open_null(int fd, int flags)
{
    int null = open("/dev/null", flags | O_CLOEXEC);
    if (null < 0)
        return false;
    if (null == fd)
        return fcntl(fd, F_SETFD, 0) == 0;
    bool done = dup2(null, fd) >= 0;
    close(null);
    return done;
}

int xy_above_standard(int fd)
{
    if (fd < 0 || fd > STDERR_FILENO)
        return fd;
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1), error = errno;
    close(fd);
    errno = error;
    return moved;
}
