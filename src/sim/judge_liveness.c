/* Who lives, who is held for dead, and who may end: I3 to I5. */
#include "sim/judge.h"

#include <inttypes.h>

#include "sim/memory.h"

/* A node is given up. */

/* Clocks may differ by a hundredth each way. */
static int64_t at_least_us(int64_t ms)
{
    return ms * 98 / 100 * JUDGE_MS;
}

static void given_up(struct judge *judge, uint64_t node, int64_t interval_ms)
{
    const struct life *life = &judge->model.lives[node];
    int64_t now_us = judge_now_us(judge), silent_us = now_us - life->heard_us;
    int64_t held_up_us = model_held_up(&judge->model, node, life->heard_us, now_us);
    if (silent_us < at_least_us(4 * interval_ms))
        judge_broken(judge, "I3",
                     "life %" PRIu64 " is given up after %" PRId64 " us of silence, T = %" PRId64
                     " ms",
                     node, silent_us, interval_ms);
    else if (life->alive && held_up_us < at_least_us(2 * interval_ms))
        judge_broken(judge, "I3",
                     "life %" PRIu64 " is given up, and was held up for %" PRId64
                     " us only, T = %" PRId64 " ms",
                     node, held_up_us, interval_ms);
}

static void look_at_child(struct judge *judge, uint64_t node, const xy_branch *branch,
                          const xy_child *child)
{
    bool lost = child->state == XY_CHILD_LOST;
    if (child->state == XY_CHILD_NONE || child->incarnation >= judge->model.count)
        return;
    struct life *life = &judge->model.lives[child->incarnation];
    if (child->state != XY_CHILD_ENDING && life->above != node)
        judge_broken(judge, "I1", "life %" PRIu64 " is below %" PRIu64 ", not %" PRIu64,
                     child->incarnation, node, life->above);
    if (lost && !life->lost)
        given_up(judge, child->incarnation, branch->detector.interval_ms);
    life->lost = lost;
}

void judge_family(struct judge *judge, uint64_t node, const xy_branch *branch)
{
    for (int i = 0; i < XY_CHILDREN_MAX; i++)
        look_at_child(judge, node, branch, &branch->family.children[i]);
    size_t waiting = node == XY_PARENT ? judge->controller->waiting.count : 0;
    if (branch->pending.count > XY_PENDING_MAX || waiting > XY_PENDING_MAX)
        judge_broken(judge, "I7", "life %" PRIu64 " has %zu requests pending, and %zu waiting",
                     node, branch->pending.count, waiting);
}

void judge_notice(struct judge *judge, const xy_message *notice)
{
    uint64_t node = model_find(&judge->model, notice->id);
    struct life *life = &judge->model.lives[node];
    bool available = notice->value != 0;
    if (!node || life->stage != STAGE_PRESENT)
        judge_broken(judge, "I5", "word of node %" PRId64 ", which is not there", notice->id);
    else if (life->available == available)
        judge_broken(judge, "I4", "node %" PRId64 " is declared what it was", notice->id);
    else
        life->available = available;
    if (available)
        judge_reached_again(judge);
    else
        judge_unreached(judge, node);
}

/* Those who have to be declared unavailable. */

static int64_t margin_ms(int64_t interval_ms)
{
    return interval_ms / 2 > 20 ? interval_ms / 2 : 20;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* How long silence is borne above a node; 0: for ever. */
static int64_t patience_us(const struct judge *judge, uint64_t node)
{
    uint64_t above = judge->model.lives[node].above;
    const xy_branch *branch =
        above == XY_PARENT ? &judge->controller->branch : xy_simulation_branch(judge->world, above);
    int64_t interval_ms = branch ? branch->detector.interval_ms : 0;
    if (interval_ms == 0)
        return 0;
    return (4 * interval_ms + margin_ms(interval_ms)) * JUDGE_MS * 102 / 100;
}

/* When a node that hangs has to be declared so; a later look when nobody watches it, or whoever
 * does is held up too. */
static int64_t hang_due_us(const struct judge *judge, uint64_t node, int64_t since_us)
{
    const struct life *life = &judge->model.lives[node];
    int64_t patience = patience_us(judge, node);
    if (patience == 0)
        return judge_now_us(judge) + 1000 * JUDGE_MS;
    since_us = later(since_us, later(life->heard_us, judge->model.paced_us));
    since_us =
        later(since_us, later(life->stalled_us, model_calm_since(&judge->model, life->above)));
    return since_us + patience;
}

/* When word of a suspect has to be there; INT64_MAX when there is nothing to be said. */
static int64_t news_due_us(const struct judge *judge, uint64_t node)
{
    const struct model *model = &judge->model;
    const struct life *life = &model->lives[node];
    int64_t now_us = judge_now_us(judge), since_us;
    bool hangs = model_hangs(model, node, now_us, &since_us);
    if (life->stage != STAGE_PRESENT || !life->available || (life->alive && !hangs) ||
        !model_is_reachable(model, life->above) || judge->closing)
        return INT64_MAX;
    int64_t calm_us = model_calm_since(model, life->above);
    if (calm_us >= now_us)
        return now_us + 100 * JUDGE_MS;
    int64_t due_us = hangs ? hang_due_us(judge, node, since_us)
                           : later(life->ended_us + judge_lateness_us(judge), calm_us);
    return due_us + 2 * judge_travel_us(judge, node); /* of a new interval down, of the word up */
}

void judge_suspect(struct judge *judge, uint64_t node)
{
    if (judge->suspected == judge->capacity) {
        judge->capacity = 2 * judge->capacity + 16;
        judge->suspects = need(realloc(judge->suspects, judge->capacity * sizeof(uint64_t)));
        judge->due_us = need(realloc(judge->due_us, judge->capacity * sizeof(int64_t)));
    }
    judge->suspects[judge->suspected] = node;
    judge->due_us[judge->suspected++] = 0;
    judge->next_due_us = 0;
}

/* Looks at one suspect whose time has come; false when it is none any more. */
static bool examine(struct judge *judge, size_t index)
{
    uint64_t node = judge->suspects[index];
    int64_t due_us = news_due_us(judge, node);
    if (due_us <= judge_now_us(judge))
        judge_broken(judge, "I4", "node %" PRId64 " (life %" PRIu64 ") %s, and nobody says so",
                     judge->model.lives[node].id, node,
                     judge->model.lives[node].alive ? "hangs" : "is dead");
    if (due_us == INT64_MAX)
        return false;
    judge->due_us[index] = due_us + 1;
    return true;
}

void judge_suspects(struct judge *judge)
{
    int64_t now_us = judge_now_us(judge);
    if (now_us < judge->next_due_us)
        return;
    judge->next_due_us = INT64_MAX;
    for (size_t i = 0; i < judge->suspected;) {
        if (judge->due_us[i] <= now_us && !examine(judge, i)) {
            judge->suspects[i] = judge->suspects[--judge->suspected];
            judge->due_us[i] = judge->due_us[judge->suspected];
            continue;
        }
        if (judge->due_us[i] < judge->next_due_us)
            judge->next_due_us = judge->due_us[i];
        i++;
    }
}

/* Births and deaths. */

static void count_living(struct judge *judge, int change)
{
    int64_t now_us = judge_now_us(judge);
    judge->verdict->node_us += judge->living * (now_us - judge->counted_us);
    judge->counted_us = now_us;
    judge->living += change;
}

void judge_started(struct judge *judge, uint64_t node, uint64_t parent, int64_t id)
{
    bool known = node < judge->model.count;
    struct life *life = &judge->model.lives[known ? node : 0];
    if (!known || life->id != id || life->above != parent)
        judge_broken(judge, "I1", "life %" PRIu64 " of node %" PRId64 " starts below life %" PRIu64,
                     node, id, parent);
    else if (life->started)
        judge_broken(judge, "I6", "life %" PRIu64 " starts a second time", node);
    life->started = life->alive = true;
    life->started_us = life->heard_us = judge_now_us(judge);
    count_living(judge, 1);
}

static bool may_end(const struct judge *judge, const struct life *life)
{
    return life->stage != STAGE_PRESENT || life->doomed || judge->closing ||
           !judge->model.lives[life->above].alive;
}

static bool is_calm(const struct life *life, int64_t since_us)
{
    return life->calm_us < since_us && !life->paused && !life->lost && life->greeted;
}

/* Nothing has kept a node, those above it and those below it from ending when they were told to. */
static bool can_stop(const struct judge *judge, uint64_t node)
{
    const struct model *model = &judge->model;
    int64_t grace_us = XY_GRACE_MS * JUDGE_MS + 2 * judge_travel_us(judge, node);
    int64_t since_us = judge_now_us(judge) - grace_us;
    for (size_t i = 1; i < model->count; i++) {
        const struct life *life = &model->lives[i];
        bool lived = life->alive || life->ended_us > since_us;
        bool far = 4 * judge_travel_us(judge, i) > XY_GRACE_MS * JUDGE_MS;
        if (lived && model_is_below(model, i, node) && (far || !is_calm(life, since_us)))
            return false;
    }
    return judge_lateness_us(judge) == 0 && judge->plan->timeout_ms > 2 * XY_GRACE_MS &&
           model_calm_since(model, node) < since_us;
}

void judge_ended(struct judge *judge, uint64_t node, xy_end end)
{
    static const char *const ways[] = {[XY_END_STOPPED] = "stops",
                                       [XY_END_KILLED] = "is killed by its parent",
                                       [XY_END_CRASHED] = "is killed from outside",
                                       [XY_END_EARLY] = "ends at its start",
                                       [XY_END_ORPHANED] = "is an orphan"};
    struct life *life = &judge->model.lives[node];
    if (!may_end(judge, life))
        judge_broken(judge, "I5", "node %" PRId64 " (life %" PRIu64 ") %s without a cause",
                     life->id, node, ways[end]);
    if (end == XY_END_KILLED && life->answered && can_stop(judge, node))
        judge_broken(judge, "I5",
                     "node %" PRId64 " (life %" PRIu64 ") is killed, and would have ended",
                     life->id, node);
    if (end != XY_END_ORPHANED) /* what is below it ends next */
        model_doom(&judge->model, node);
    life->mishap = life->mishap || end == XY_END_EARLY || end == XY_END_CRASHED;
    life->alive = false;
    life->ended_us = judge_now_us(judge);
    count_living(judge, -1);
    judge_suspect(judge, node);
}
