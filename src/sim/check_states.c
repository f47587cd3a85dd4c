/* What services save, and what the next lives of their nodes are given: I19. */
#include "sim/check.h"

#include <inttypes.h>
#include <string.h>

#include "sim/steps.h"

static struct owed *owed_to(const struct check *check, int64_t id)
{
    return id >= 0 && id < check->model.ids ? &check->owed[id] : NULL;
}

static bool is_of(const struct owed *owed, const struct life *life)
{
    return owed->service && strcmp(owed->service, life->service) == 0;
}

/* At the controlling node. */

void check_created(struct check *check, uint64_t created)
{
    struct life *life = &check->model.lives[created];
    struct owed *owed = owed_to(check, life->id);
    if (owed && (life->fresh || !is_of(owed, life)))
        *owed = (struct owed){.service = life->service, .first = created};
    life->fresh = false;
}

/* An answer to a cast may come from a life that is off the map, whose states do not count. */
void check_owe(struct check *check, const struct entry *job)
{
    const struct life *life = &check->model.lives[job->life];
    struct owed *owed = owed_to(check, life->id);
    if (job->of_cast && !xy_map_of_life(&check->controller->map, (xy_life){job->life}))
        return;
    if (owed && is_of(owed, life) && job->life >= owed->first && job->counted > owed->count)
        owed->count = job->counted;
}

/* A state that a life of this id and service has had, and no earlier one than what is owed. */
static bool may_be_given(const struct check *check, const xy_birth *birth,
                         const struct counted *given)
{
    const struct life *life = &check->model.lives[birth->life.number];
    const struct owed *owed = owed_to(check, birth->id);
    bool known = given->life > 0 && given->life < birth->life.number;
    const struct life *from = &check->model.lives[known ? given->life : 0];
    return known && owed && !life->fresh && is_of(owed, life) && given->id == birth->id &&
           from->id == birth->id && strcmp(from->service, birth->service) == 0 &&
           given->life >= owed->first && given->count <= from->counted &&
           given->count >= owed->count;
}

void check_state_given(struct check *check, const xy_birth *birth)
{
    struct life *life = &check->model.lives[birth->life.number];
    const struct owed *owed = owed_to(check, birth->id);
    struct counted given = {0};
    if (birth->has_saved)
        given = steps_read(birth->saved, birth->saved_size);
    if (birth->has_saved && !may_be_given(check, birth, &given))
        check_broken(check, "I19",
                     "life %" PRIu64 " of node %" PRId64 " is given %" PRIu64 " of life %" PRIu64
                     " of node %" PRId64 ", and is owed %" PRIu64,
                     birth->life.number, birth->id, given.count, given.life, given.id,
                     owed ? owed->count : 0);
    else if (!birth->has_saved && owed && owed->count > 0 && is_of(owed, life) && !life->fresh)
        check_broken(check, "I19",
                     "life %" PRIu64 " of node %" PRId64 " is given no state, and is owed %" PRIu64,
                     birth->life.number, birth->id, owed->count);
    if (birth->has_saved)
        check_turn(check, TURN_STATE_GIVEN);
    life->counted = given.count;
}

/* At a node. */

void check_state_sent(struct check *check, uint64_t node, const xy_message *state)
{
    struct life *life = &check->model.lives[node];
    bool own = state->life.number == node && state->id == life->id;
    struct counted sent = steps_read(xy_message_payload(state), state->payload_size);
    bool again = state->value == life->saved;
    if (!own || state->value < life->saved || sent.life != node || sent.count > life->counted)
        check_broken(check, "I19",
                     "life %" PRIu64 " says state %" PRId64 " of life %" PRIu64 " after %" PRId64,
                     node, state->value, state->life.number, life->saved);
    check_turn(check, again ? TURN_STATE_AGAIN : TURN_STATE_SAVED);
    life->saved = state->value;
}

void check_counted(struct check *check, uint64_t node, uint64_t count)
{
    struct life *life = &check->model.lives[node];
    struct entry *job = check_working(check, node);
    if (count != life->counted + 1)
        check_broken(check, "I19", "life %" PRIu64 " counts %" PRIu64 " after %" PRIu64, node,
                     count, life->counted);
    life->counted = count;
    if (job)
        job->counted = count;
}
