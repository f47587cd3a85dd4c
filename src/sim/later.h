/* later: two services of the simulator's own, of which one takes long. They answer most requests
 * later: by timers, by another request, or never. They tell the check what they see of it.
 */
#ifndef SIM_LATER_H
#define SIM_LATER_H

#include <stdbool.h>

#define LATER_NAME      "later"
#define LONG_LATER_NAME "long-later"

/* Whether a service is one of them. */
bool later_is(const char *service);

/* Makes them known. */
void later_register(void);

#endif
