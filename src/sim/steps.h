/* steps: the simulator's own service. Its work takes long, in steps with a rest before each, and
 * tells the check at each step whether it is wanted.
 */
#ifndef SIM_STEPS_H
#define SIM_STEPS_H

#include <stddef.h>

#define STEPS_NAME "steps" /* and its text is: REQUEST STEPS MS */

struct check;

/* What has become of its states and of its work, since a run began. */
struct steps {
    size_t opened, closed, released;
    size_t begun, returned;
};

/* Makes the service known, and tells this check from now on, with all counts 0. */
void steps_begin(struct check *check);

/* Tells no observer from now on. */
void steps_hush(void);

struct steps steps_counts(void);

#endif
