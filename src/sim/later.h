/* later: two services of the simulator's own, of which one takes long. They answer most requests
 * later: by timers, by another request, or never. They tell the check what they see of it.
 */
#ifndef SIM_LATER_H
#define SIM_LATER_H

#include <stdbool.h>
#include <stddef.h>

#define LATER_NAME      "later"
#define LONG_LATER_NAME "long-later"

struct check;

/* Whether a service is one of them. */
bool later_is(const char *service);

/* Makes them known, and tells this check from now on, with no states. Tells no check from now on.
 */
void later_begin(struct check *check);
void later_hush(void);

/* How many states have been closed, have been released, and are still there. */
size_t later_closed(void);
size_t later_released(void);
size_t later_left(void);

#endif
