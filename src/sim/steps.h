/* steps: the simulator's own services. The work of "steps" takes long, in steps with a rest before
 * each, and tells the check at each step whether it is wanted. That of "tally" is quick. Both count
 * what they have done, and save the count.
 */
#ifndef SIM_STEPS_H
#define SIM_STEPS_H

#include <stddef.h>
#include <stdint.h>

#define STEPS_NAME "steps" /* and its text is: REQUEST STEPS MS */

#define TALLY_NAME "tally" /* replies the count */

struct check;

/* What is saved: how much work was done, and by whom the latest. */
struct counted {
    int64_t id;
    uint64_t life, count;
};

/* Reads what was saved; all zero when it is nothing of this kind. */
struct counted steps_read(const void *saved, size_t size);

/* What has become of the states and of the work of "steps", since a run began. */
struct steps {
    size_t opened, closed, released;
    size_t begun, returned;
};

/* Makes the services known, and tells this check from now on, with all counts 0. */
void steps_begin(struct check *check);

/* Tells no observer from now on. */
void steps_hush(void);

struct steps steps_counts(void);

#endif
