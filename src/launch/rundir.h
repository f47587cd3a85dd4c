/* rundir: the private folder of one network, for the sockets of its workers.
 *
 * It lies in XDG_RUNTIME_DIR, else in TMPDIR, else in /dev/shm, if that is a tmpfs and the user is
 * root, else in /tmp. It has mode 0700 and a marker in it, and is locked as long as the network
 * lives. The next network removes the folder that a killed one left behind, if it has the right
 * owner and mode and a marker, is not locked, and has nothing in it but the marker and sockets of
 * nodes. Any other folder is left alone.
 */
#ifndef XY_RUNDIR_H
#define XY_RUNDIR_H

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"

typedef struct xy_rundir {
    char path[PATH_MAX];
    DIR *dir; /* its descriptor holds the lock */
} xy_rundir;

/* Makes the folder. False, nothing left, and the error, when it cannot be had or when its path
 * is too long for a socket in it with a name of `name_max` bytes. */
bool xy_rundir_open(xy_rundir *folder, size_t name_max, xy_error *error);

/* Removes the sockets of nodes, the marker, and the folder, and waits up to half a second for
 * workers that are about to die and may still make a socket. False, and the error, when the folder
 * is left because something else is in it, or because it cannot be removed. */
bool xy_rundir_close(xy_rundir *folder, xy_error *error);

/* Removes the socket of one node, if the network's folder still has it. */
void xy_rundir_forget(const char *path, uint64_t life);

#endif
