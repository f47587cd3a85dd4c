#include "launch/rundir.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "driver/limits.h"

#define PREFIX "xylem-"

/* The marker is a symbolic link: it comes into being together with its text, and takes no room on a
 * disk that is full. It is made when the folder is locked already. */
#define MARKER      ".xylem"
#define MARKER_TEXT "a folder for the sockets of a xylem network"

/* Where the folders are, if the user says so; or NULL. */
static const char *wish(void)
{
    static const char *const variables[] = {"XDG_RUNTIME_DIR", "TMPDIR"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *path = getenv(variables[i]);
        if (path && path[0] == '/')
            return path;
    }
    return NULL;
}

/* In memory, root's alone: what others have there systemd removes when they log out. On a disk the
 * file of a socket costs up to as much as all the rest of a start. */
static bool is_in_memory(const char *path)
{
    struct statfs status;
    return geteuid() == 0 && statfs(path, &status) == 0 && status.f_type == TMPFS_MAGIC;
}

/* What is in a folder. */

static bool has_marker(int fd)
{
    char text[sizeof MARKER_TEXT];
    ssize_t length = readlinkat(fd, MARKER, text, sizeof text);
    return length == (ssize_t)strlen(MARKER_TEXT) && memcmp(text, MARKER_TEXT, (size_t)length) == 0;
}

static bool is_marker(int fd, const char *name)
{
    return strcmp(name, MARKER) == 0 && has_marker(fd);
}

/* The name of a node's socket is a number, its life. */
static bool is_socket(int fd, const char *name)
{
    struct stat status;
    return name[strspn(name, "0123456789")] == '\0' &&
           fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(status.st_mode) &&
           status.st_uid == geteuid();
}

static const char *next_name(DIR *dir)
{
    struct dirent *entry = readdir(dir);
    while (entry && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0))
        entry = readdir(dir);
    return entry ? entry->d_name : NULL;
}

/* Removes the sockets; `other` gets the name of something that is not the network's, or "". */
static void remove_sockets(DIR *dir, char other[NAME_MAX + 1])
{
    const char *name;
    other[0] = '\0';
    rewinddir(dir);
    while ((name = next_name(dir)))
        if (is_socket(dirfd(dir), name))
            unlinkat(dirfd(dir), name, 0);
        else if (!is_marker(dirfd(dir), name))
            snprintf(other, NAME_MAX + 1, "%s", name);
}

/* Removes a folder that has only its marker left, unless another file has its path now. 0, or an
 * errno: then the marker is still there. */
static int remove_folder(int at, const char *path, int fd)
{
    struct stat held, named;
    if (fstat(fd, &held) < 0 || fstatat(at, path, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
        held.st_dev != named.st_dev || held.st_ino != named.st_ino)
        return 0;
    unlinkat(fd, MARKER, 0);
    if (unlinkat(at, path, AT_REMOVEDIR) == 0)
        return 0;
    int error = errno;
    return symlinkat(MARKER_TEXT, fd, MARKER) == 0 ? error : errno;
}

/* Folders of networks that have been killed. */

/* Opens a folder that has the owner, the mode and the marker of one. */
static DIR *open_marked(int at, const char *name)
{
    struct stat status;
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool marked = fd >= 0 && fstat(fd, &status) == 0 && status.st_uid == geteuid() &&
                  (status.st_mode & 0777) == 0700 && has_marker(fd);
    DIR *dir = marked ? fdopendir(fd) : NULL;
    if (!dir && fd >= 0)
        close(fd);
    return dir;
}

static bool has_nothing_else(DIR *dir, int *budget)
{
    const char *name;
    while ((name = next_name(dir)))
        if ((*budget)-- <= 0 || !(is_socket(dirfd(dir), name) || is_marker(dirfd(dir), name)))
            return false;
    return true;
}

static void sweep_one(int at, const char *name, int *budget)
{
    DIR *dir = open_marked(at, name);
    if (!dir)
        return;
    if (flock(dirfd(dir), LOCK_EX | LOCK_NB) == 0 && has_nothing_else(dir, budget)) {
        char other[NAME_MAX + 1];
        remove_sockets(dir, other);
        remove_folder(at, name, dirfd(dir));
    }
    closedir(dir);
}

static bool may_be_network(const char *name)
{
    return strncmp(name, PREFIX, strlen(PREFIX)) == 0 && strlen(name) == strlen(PREFIX "XXXXXX");
}

/* How many names are looked at in all: so no start takes long. */
enum { SWEPT_MAX = 16384 };

static void sweep(const char *where)
{
    int budget = SWEPT_MAX;
    const char *name;
    DIR *dir = opendir(where);
    if (!dir)
        return;
    while (budget-- > 0 && (name = next_name(dir)))
        if (may_be_network(name))
            sweep_one(dirfd(dir), name, &budget);
    closedir(dir);
}

/* The network's own folder. */

/* Locks it first, then marks it: so a folder that is marked and not locked has no network. */
static DIR *open_own(const char *path)
{
    DIR *dir = opendir(path);
    if (dir && flock(dirfd(dir), LOCK_EX | LOCK_NB) == 0 &&
        symlinkat(MARKER_TEXT, dirfd(dir), MARKER) == 0)
        return dir;
    int error = errno;
    if (dir)
        closedir(dir);
    errno = error;
    return NULL;
}

static bool make(xy_rundir *folder)
{
    if (!mkdtemp(folder->path)) /* mode 0700 */
        return false;
    folder->dir = open_own(folder->path);
    int error = errno;
    if (!folder->dir)
        rmdir(folder->path);
    errno = error;
    return folder->dir != NULL;
}

static bool fits(const xy_rundir *folder, size_t name_max)
{
    return strlen(folder->path) + 1 + name_max < sizeof((struct sockaddr_un *)0)->sun_path;
}

/* While it sweeps: one of where the folders are, and one of a folder. */
enum { FOLDER_DESCRIPTORS = 2 };

static bool open_in(xy_rundir *folder, const char *where, size_t name_max, xy_error *error)
{
    sweep(where);
    snprintf(folder->path, sizeof folder->path, "%s/" PREFIX "XXXXXX", where);
    if (!fits(folder, name_max))
        return xy_error_set(
            error, XYLEM_CANNOT_START,
            "the path '%.100s' is too long for ipc (set XDG_RUNTIME_DIR to a shorter one)", where);
    return make(folder) ||
           xy_error_set(
               error, XYLEM_CANNOT_START,
               "cannot create a folder in '%.100s': %s (set XDG_RUNTIME_DIR to another one)", where,
               strerror(errno));
}

bool xy_rundir_open(xy_rundir *folder, size_t name_max, xy_error *error)
{
    static const char memory[] = "/dev/shm";
    const char *wished = wish();
    if (!xy_limits_descriptors(FOLDER_DESCRIPTORS, error))
        return false;
    if (!wished && is_in_memory(memory) && open_in(folder, memory, name_max, error))
        return true;
    return open_in(folder, wished ? wished : "/tmp", name_max, error);
}

/* How often, and after how long a rest, it is tried to remove a folder in which dying workers still
 * make sockets. */
enum { CLOSE_TRIES = 100, CLOSE_REST_MS = 5 };

bool xy_rundir_close(xy_rundir *folder, xy_error *error)
{
    const struct timespec rest = {.tv_nsec = CLOSE_REST_MS * 1000 * 1000};
    char other[NAME_MAX + 1] = "";
    int number = ENOTEMPTY;
    assert(folder->dir);
    for (int tries = 0; number == ENOTEMPTY && tries < CLOSE_TRIES; tries++) {
        if (tries > 0)
            nanosleep(&rest, NULL);
        remove_sockets(folder->dir, other);
        if (other[0])
            break;
        number = remove_folder(AT_FDCWD, folder->path, dirfd(folder->dir));
    }
    if (other[0])
        xy_error_set(error, XYLEM_CANNOT_START,
                     "cannot remove the folder '%.100s': '%.60s' in it is not part of the network",
                     folder->path, other);
    else if (number)
        xy_error_set(error, XYLEM_CANNOT_START, "cannot remove the folder '%.100s': %s",
                     folder->path, strerror(number));
    closedir(folder->dir);
    folder->dir = NULL;
    return !number;
}

void xy_rundir_forget(const char *path, uint64_t life)
{
    char name[24];
    int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    snprintf(name, sizeof name, "%" PRIu64, life);
    if (fd >= 0 && has_marker(fd) && is_socket(fd, name))
        unlinkat(fd, name, 0);
    if (fd >= 0)
        close(fd);
}
