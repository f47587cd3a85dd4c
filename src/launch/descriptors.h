/* descriptors: which of them a new process keeps. All of it may be used between fork and exec. */
#ifndef XY_DESCRIPTORS_H
#define XY_DESCRIPTORS_H

#include <stdbool.h>

/* Closes every descriptor from `first` on. Where the kernel or a filter refuses close_range, it
 * closes those up to `last`, or to the limit of descriptors if that is more. */
void xy_close_from(int first, int last);

/* Has `fd` be the descriptor that /dev/null is at. False, and errno, on failure. */
bool xy_open_null(int fd, int flags);

/* Moves a descriptor above the standard streams. -1, and errno, on failure; the old one is closed
 * in any case. */
int xy_above_standard(int fd);

#endif
