#include "cli/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command_error.h"

enum { CHUNK = 64 * 1024 };

static int cannot_read(const char *why, const char **reason)
{
    *reason = why;
    return COMMAND_CANNOT_READ;
}

/* A pipe that is never filled would make the command wait for ever. */
static const char *refusal(int fd)
{
    struct stat state;
    if (fstat(fd, &state) != 0)
        return strerror(errno);
    if (S_ISDIR(state.st_mode))
        return strerror(EISDIR);
    return S_ISREG(state.st_mode) ? NULL : "it is not a regular file";
}

/* Adds at most `longest` bytes; false when the file cannot be read, as errno says. */
static bool read_bytes(int fd, size_t longest, struct text *content)
{
    char bytes[CHUNK];
    ssize_t count = 1;
    while (count != 0 && content->length < longest && !content->failed) {
        size_t left = longest - content->length;
        count = read(fd, bytes, left < sizeof bytes ? left : sizeof bytes);
        if (count < 0 && errno != EINTR)
            return false;
        if (count > 0)
            text_add(content, bytes, (size_t)count);
    }
    return true;
}

static int judge(struct text *content, size_t longest, const char **reason)
{
    if (content->failed)
        return XYLEM_NO_MEMORY;
    if (content->length > 0 && content->bytes[content->length - 1] == '\n')
        text_cut(content, content->length - 1);
    if (content->length > longest)
        return XYLEM_TOO_LONG;
    if (strlen(text_string(content)) != content->length)
        return cannot_read("it contains a NUL byte", reason);
    return XYLEM_OK;
}

int file_read(const char *name, size_t longest, struct text *content, const char **reason)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return cannot_read(strerror(errno), reason);
    const char *refused = refusal(fd);
    /* A byte for the newline, and one that says that there are more. */
    if (!refused && !read_bytes(fd, longest + 2, content))
        refused = strerror(errno);
    close(fd);
    return refused ? cannot_read(refused, reason) : judge(content, longest, reason);
}
