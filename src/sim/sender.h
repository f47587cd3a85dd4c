/* sender: two services of the simulator's own, which answer in parts. One takes long and waits for
 * room; one is quick, and ends when there is none. The check knows what each chunk has to be.
 *
 * Their texts are "s COUNT SIZE MS": they send so many chunks of this size, the one that takes long
 * with a rest before each, and publish as many events. They pass over other texts.
 */
#ifndef SIM_SENDER_H
#define SIM_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SENDER_NAME       "sender"
#define QUICK_SENDER_NAME "quick-sender"

struct check;

/* Whether a service is one of them. */
bool sender_is(const char *service);

/* Makes them known, and tells this check from now on. Tells no check from now on. */
void sender_begin(struct check *check);
void sender_hush(void);

/* The same of what a life publishes; and what so many events cost. */
bool sender_has_published(uint64_t life, uint64_t place, const void *bytes, size_t size);
size_t sender_cost(uint64_t count);

/* Whether a chunk of a request is what they send in this place. */
bool sender_has_sent(uint64_t request, uint64_t place, const void *bytes, size_t size);

#endif
