/* folder: the private folder of one network, for the sockets of its workers.
 *
 * It lies in XDG_RUNTIME_DIR, else in TMPDIR, else in /tmp, has mode 0700, and is locked as long as
 * the network lives. What a network that was killed left behind is removed by the next one.
 */
#ifndef XY_FOLDER_H
#define XY_FOLDER_H

#include <limits.h>
#include <stdbool.h>

#include "xylem.h"

typedef struct xy_folder {
    char path[PATH_MAX];
    int fd; /* holds the lock */
} xy_folder;

/* Makes the folder. False, nothing left, and the reason, when it cannot be had or when its path
 * is too long for a socket in it with a name of `name_max` bytes. */
bool xy_folder_open(xy_folder *folder, size_t name_max, char reason[XYLEM_REASON_SIZE]);

/* Removes the folder and every file in it. */
void xy_folder_close(xy_folder *folder);

#endif
