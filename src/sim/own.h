/* own: what the services of the simulator's own have in common, but for those of steps: each has a
 * twin that takes long, their states are counted, and they tell one check what they see.
 */
#ifndef SIM_OWN_H
#define SIM_OWN_H

#include <stdbool.h>
#include <stddef.h>

#include "xylem.h"

struct check;

/* The check that is told, or NULL: begins with no states; and tells none any more. */
extern struct check *own_told;
void own_begin(struct check *check);
void own_hush(void);

/* Makes a service known, and the same under another name as one that takes long; once. */
void own_register(const xylem_service *service, const char *long_name);

/* A state has been opened, closed or released. */
void own_opened(void);
void own_closed(void);
void own_released(void);

/* How many states have been closed, have been released, and are still there. */
size_t own_count_closed(void);
size_t own_count_released(void);
size_t own_count_left(void);

#endif
