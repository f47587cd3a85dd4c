#include "runtime/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "runtime/limits.h"

#define PREFIX "xylem-"

static const char *base(void)
{
    static const char *const variables[] = {"XDG_RUNTIME_DIR", "TMPDIR"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *path = getenv(variables[i]);
        if (path && path[0] == '/')
            return path;
    }
    return "/tmp";
}

static bool remove_once(int fd, const char *path)
{
    DIR *dir = fdopendir(dup(fd));
    if (!dir)
        return true;
    rewinddir(dir);
    for (struct dirent *entry; (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(fd, entry->d_name, 0);
    closedir(dir);
    return rmdir(path) == 0 || errno != ENOTEMPTY;
}

/* A worker that is about to die may still make its socket: then once more. */
static void remove_all(int fd, const char *path)
{
    const struct timespec pause = {.tv_nsec = 5 * 1000 * 1000};
    for (int tries = 0; tries < 100 && !remove_once(fd, path); tries++)
        nanosleep(&pause, NULL);
}

/* Opens a folder that is ours alone and locks it; -1 when another holds it. */
static int lock(int at, const char *path)
{
    struct stat status;
    int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &status) == 0 && status.st_uid == geteuid() &&
        flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Removes the folders of networks that have been killed: nobody locks them any more. */
static void sweep(const char *where)
{
    DIR *dir = opendir(where);
    if (!dir)
        return;
    for (struct dirent *entry; (entry = readdir(dir));) {
        char path[PATH_MAX];
        bool fits = snprintf(path, sizeof path, "%s/%s", where, entry->d_name) < PATH_MAX;
        bool ours = strncmp(entry->d_name, PREFIX, strlen(PREFIX)) == 0 &&
                    strlen(entry->d_name) == strlen(PREFIX "XXXXXX");
        int fd = fits && ours ? lock(AT_FDCWD, path) : -1;
        if (fd < 0)
            continue;
        remove_all(fd, path);
        close(fd);
    }
    closedir(dir);
}

/* Reading a folder takes two, while its lock is held. */
enum { FOLDER_DESCRIPTORS = 4 };

/* Another network may sweep the folder away before it is locked: true when it did not. */
static bool make(xy_folder *folder)
{
    if (!mkdtemp(folder->path)) /* mode 0700 */
        return false;
    folder->fd = lock(AT_FDCWD, folder->path);
    int error = errno;
    if (folder->fd < 0)
        rmdir(folder->path);
    errno = error;
    return folder->fd >= 0 && access(folder->path, F_OK) == 0;
}

static bool fits(const xy_folder *folder, size_t name_max)
{
    return strlen(folder->path) + 1 + name_max < sizeof((struct sockaddr_un *)0)->sun_path;
}

bool xy_folder_open(xy_folder *folder, size_t name_max, char reason[XYLEM_REASON_SIZE])
{
    const char *where = base();
    if (!xy_limits_descriptors(FOLDER_DESCRIPTORS, reason))
        return false;
    sweep(where);
    for (int tries = 0; tries < 10; tries++) {
        snprintf(folder->path, sizeof folder->path, "%s/" PREFIX "XXXXXX", where);
        if (!fits(folder, name_max)) {
            snprintf(reason, XYLEM_REASON_SIZE,
                     "'%.100s' is too long for ipc: have XDG_RUNTIME_DIR name a shorter folder",
                     where);
            return false;
        }
        if (make(folder))
            return true;
        if (errno != ENOENT && errno != EWOULDBLOCK)
            break;
    }
    snprintf(reason, XYLEM_REASON_SIZE,
             "no folder can be made in '%.100s': %s (XDG_RUNTIME_DIR may name another)", where,
             strerror(errno));
    return false;
}

void xy_folder_close(xy_folder *folder)
{
    remove_all(folder->fd, folder->path);
    close(folder->fd);
    folder->fd = -1;
}
