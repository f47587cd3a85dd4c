/* asker: two services of the simulator's own, which ask other nodes. One is quick and answers later
 * by its token, one takes long and waits. They tell the check what they see of it.
 *
 * Their texts are MODE SET TEXT: what SET is asked is TEXT. MODE is `w`: it waits for the answer;
 * `b`: it asks twice at once, and waits for both; `r`: it returns at once. They echo other texts.
 */
#ifndef SIM_ASKER_H
#define SIM_ASKER_H

#include <stdbool.h>

#define ASKER_NAME      "asker"
#define LONG_ASKER_NAME "long-asker"

/* Whether a service is one of them. */
bool asker_is(const char *service);

/* Makes them known. */
void asker_register(void);

#endif
