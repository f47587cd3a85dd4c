#include "sim/model.h"

#include "core/controller.h"
#include "sim/need.h"

static struct life *add_next(struct model *model)
{
    if (model->count == model->capacity) {
        model->capacity = 2 * model->capacity + 64;
        model->lives = need(realloc(model->lives, model->capacity * sizeof(struct life)));
    }
    struct life *added = &model->lives[model->count++];
    *added = (struct life){0};
    return added;
}

static struct life *add(struct model *model, uint64_t life)
{
    struct life *added = NULL;
    while (model->count <= life) {
        added = add_next(model);
        added->stage = STAGE_OVER;
    }
    return added;
}

void model_init(struct model *result, enum shape shape, int64_t ids)
{
    *result = (struct model){.shape = shape, .ids = ids};
    result->present = need(calloc((size_t)ids, sizeof *result->present));
    *add(result, 0) = (struct life){.id = -1,
                                    .stage = STAGE_PRESENT,
                                    .started = true,
                                    .alive = true,
                                    .opened = true,
                                    .attached = true,
                                    .available = true};
}

void model_clear(struct model *model)
{
    free(model->lives);
    free(model->present);
    free(model->links);
}

uint64_t model_find(const struct model *model, int64_t id)
{
    return id >= 0 && id < model->ids ? model->present[id] : 0;
}

size_t model_depth(const struct model *model, uint64_t of)
{
    size_t depth = 0;
    for (; of != 0 && depth < model->count; of = model->lives[of].above)
        depth++;
    return depth;
}

void model_add(struct model *model, uint64_t life, int64_t id, uint64_t above)
{
    *add(model, life) =
        (struct life){.id = id, .above = above, .wanted = above, .stage = STAGE_ASKED};
    model->entered++;
    model->present[id] = life;
}

void model_revive(struct model *model, uint64_t life, uint64_t before)
{
    struct life old = model->lives[before];
    model->lives[before].stage = STAGE_OVER;
    *add(model, life) = (struct life){.id = old.id,
                                      .above = old.wanted,
                                      .wanted = old.wanted,
                                      .stage = old.stage,
                                      .restarted = true,
                                      .service = old.service};
    for (int64_t id = 0; id < model->ids; id++)
        if (model->present[id] && model->lives[model->present[id]].wanted == before)
            model->lives[model->present[id]].wanted = life;
    model->present[old.id] = life;
}

bool model_is_below(const struct model *model, uint64_t of, uint64_t top)
{
    for (size_t left = model->count; of != 0 && of != top && left > 0; left--)
        of = model->lives[of].above;
    return of == top;
}

bool model_is_wanted_below(const struct model *model, uint64_t of, uint64_t top)
{
    for (size_t left = model->count; of != 0 && of != top && left > 0; left--)
        of = model->lives[of].wanted;
    return of == top;
}

void model_enter_stage(struct model *model, uint64_t top, enum stage to, bool alone)
{
    for (int64_t id = 0; id < model->ids; id++) {
        uint64_t one = model->present[id];
        bool stays = to == STAGE_OVER && one != top && model->lives[one].stage != STAGE_ENDING;
        if (one && !stays && (alone ? one == top : model_is_wanted_below(model, one, top))) {
            model->lives[one].stage = to;
            if (to == STAGE_OVER) {
                model->present[id] = 0;
                model->entered--;
            }
        }
    }
}

/* Links. */

const struct link *model_link(const struct model *model, uint64_t link)
{
    static const struct link none;
    return link < model->links_count ? &model->links[link] : &none;
}

uint64_t model_of_link(const struct model *model, uint64_t link)
{
    return model_link(model, link)->child;
}

void model_expect(struct model *model, uint64_t link, uint64_t child, uint64_t above, uint64_t tag)
{
    struct life *life = &model->lives[child];
    if (link >= model->links_count) {
        size_t count = 2 * (size_t)link + 64;
        model->links = need(realloc(model->links, count * sizeof *model->links));
        while (model->links_count < count)
            model->links[model->links_count++] = (struct link){0};
    }
    model->links[link] =
        (struct link){.child = child, .above = above, .tag = tag, .expected = true};
    if (link < life->highest)
        return;
    life->highest = link;
    if (life->welcomed)
        return;
    life->link = link;
    life->above = above;
}

void model_let_go(struct model *model, uint64_t link)
{
    model->links[link].expected = false;
}

void model_connect(struct model *model, uint64_t link, int64_t now_us)
{
    struct life *life = &model->lives[model->links[link].child];
    model->links[link].connected = life->attached = true;
    model->links[link].heard_us = now_us;
    life->coming = link;
}

void model_disconnect(struct model *model, uint64_t link)
{
    struct life *life = &model->lives[model->links[link].child];
    model->links[link].left = true;
    if (life->coming == link)
        life->coming = 0;
}

/* What has held up the way to it so far still counts. */
void model_welcome(struct model *model, uint64_t link, int64_t now_us)
{
    struct life *life = &model->lives[model->links[link].child];
    int64_t calm_us = life->welcomed ? model_calm_since(model, life->above) : 0;
    if (life->lost_us > 0 || calm_us > now_us)
        calm_us = now_us;
    model->links[link].welcomed = life->welcomed = true;
    life->link = link;
    life->above = model->links[link].above;
    life->coming = 0;
    life->lost_us = 0;
    life->silent = false;
    if (calm_us > 0)
        model_disturb(model, model->links[link].child, calm_us);
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void model_disturb(struct model *model, uint64_t of, int64_t until_us)
{
    struct life *held = &model->lives[of];
    held->calm_us = later(held->calm_us, until_us);
}

static void note(struct model *model, uint64_t of, struct span time)
{
    struct life *held = &model->lives[of];
    struct span *place = &held->held_up[held->spans++ % SPANS];
    held->forgotten_us = later(held->forgotten_us, place->until_us);
    *place = time;
    model_disturb(model, of, time.until_us);
}

void model_hold(struct model *model, uint64_t of, struct span time)
{
    struct life *held = &model->lives[of];
    note(model, of, time);
    if (held->held.until_us < time.from_us)
        held->held = time;
    else
        held->held.until_us = later(held->held.until_us, time.until_us);
}

void model_stall(struct model *model, uint64_t of, struct span time)
{
    struct life *held = &model->lives[of];
    note(model, of, time);
    held->stalled_us = later(held->stalled_us, time.until_us);
}

void model_pause(struct model *model, uint64_t of, int64_t now_us)
{
    struct life *paused = &model->lives[of];
    if (!paused->paused)
        paused->paused_us = now_us;
    paused->paused = true;
}

void model_resume(struct model *model, uint64_t of, int64_t now_us)
{
    struct life *paused = &model->lives[of];
    if (paused->paused)
        note(model, of, (struct span){paused->paused_us, now_us});
    paused->paused = false;
}

bool model_hangs(const struct model *model, uint64_t of, int64_t now_us, int64_t *since_us)
{
    const struct life *one = &model->lives[of];
    *since_us = one->paused ? one->paused_us : one->held.from_us;
    return one->alive && (one->paused || now_us < one->held.until_us);
}

static int64_t overlap(int64_t from_us, int64_t until_us, struct span span)
{
    int64_t begin_us = later(from_us, span.from_us);
    int64_t end_us = until_us < span.until_us ? until_us : span.until_us;
    return end_us > begin_us ? end_us - begin_us : 0;
}

int64_t model_held_up(const struct model *model, uint64_t of, int64_t from_us, int64_t now_us,
                      size_t *times)
{
    const struct life *held = &model->lives[of];
    size_t known = held->spans < SPANS ? held->spans : SPANS;
    int64_t sum_us = 0;
    *times = 0;
    for (size_t i = 0; i <= known; i++) {
        struct span paused = {held->paused_us, held->paused ? now_us : held->paused_us};
        int64_t time_us = overlap(from_us, now_us, i < known ? held->held_up[i] : paused);
        sum_us += time_us;
        *times += time_us > 0;
    }
    return held->forgotten_us > from_us ? INT64_MAX : sum_us;
}

int64_t model_calm_since(const struct model *model, uint64_t of)
{
    int64_t since_us = model->lives[0].calm_us;
    for (size_t left = model->count; of != 0 && left > 0; left--) {
        const struct life *one = &model->lives[of];
        if (one->paused || one->saying > 0)
            return INT64_MAX;
        since_us = later(since_us, one->calm_us);
        of = one->above;
    }
    return since_us;
}

bool model_is_reachable(const struct model *model, uint64_t of)
{
    for (; of != 0; of = model->lives[of].above) /* those that live are in no circle */
        if (!model->lives[of].alive || model->lives[of].stage != STAGE_PRESENT)
            return false;
    return true;
}
