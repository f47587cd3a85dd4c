#include "sim/model.h"

#include "sim/memory.h"

static struct life *add(struct model *model)
{
    if (model->count == model->capacity) {
        model->capacity = 2 * model->capacity + 64;
        model->lives = need(realloc(model->lives, model->capacity * sizeof(struct life)));
    }
    struct life *added = &model->lives[model->count++];
    *added = (struct life){0};
    return added;
}

void model_init(struct model *result, int64_t ids)
{
    *result = (struct model){.ids = ids};
    result->present = need(calloc((size_t)ids, sizeof *result->present));
    *add(result) = (struct life){.id = -1,
                                 .stage = STAGE_PRESENT,
                                 .started = true,
                                 .alive = true,
                                 .greeted = true,
                                 .available = true};
}

void model_clear(struct model *model)
{
    free(model->lives);
    free(model->present);
}

uint64_t model_find(const struct model *model, int64_t id)
{
    return id >= 0 && id < model->ids ? model->present[id] : 0;
}

size_t model_depth(const struct model *model, uint64_t of)
{
    size_t depth = 0;
    for (; of != 0; of = model->lives[of].above)
        depth++;
    return depth;
}

uint64_t model_above(const struct model *model, int64_t id)
{
    int64_t left = id - 1, right = id + 1;
    while (left >= 0 && !model->present[left])
        left--;
    while (right < model->ids && !model->present[right])
        right++;
    uint64_t before = model_find(model, left), after = model_find(model, right);
    return model_depth(model, before) > model_depth(model, after) ? before : after;
}

uint64_t model_ask(struct model *model, int64_t id)
{
    uint64_t above = model_above(model, id);
    *add(model) = (struct life){.id = id, .above = above, .stage = STAGE_ASKED};
    model->entered++;
    return model->present[id] = model->count - 1;
}

bool model_is_below(const struct model *model, uint64_t of, uint64_t top)
{
    while (of != 0 && of != top)
        of = model->lives[of].above;
    return of == top;
}

void model_move(struct model *model, uint64_t top, enum stage to)
{
    for (int64_t id = 0; id < model->ids; id++) {
        uint64_t one = model->present[id];
        if (one && model_is_below(model, one, top)) {
            model->lives[one].stage = to;
            if (to == STAGE_OVER) {
                model->present[id] = 0;
                model->entered--;
            }
        }
    }
}

void model_doom(struct model *model, uint64_t top)
{
    for (size_t i = 1; i < model->count; i++)
        if (model->lives[i].alive && model_is_below(model, i, top))
            model->lives[i].doomed = true;
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

int64_t model_held_up(const struct model *model, uint64_t of, int64_t from_us, int64_t now_us)
{
    const struct life *held = &model->lives[of];
    size_t known = held->spans < SPANS ? held->spans : SPANS;
    int64_t sum_us = 0;
    for (size_t i = 0; i < known; i++)
        sum_us += overlap(from_us, now_us, held->held_up[i]);
    if (held->paused)
        sum_us += overlap(from_us, now_us, (struct span){held->paused_us, now_us});
    return held->forgotten_us > from_us ? INT64_MAX : sum_us;
}

int64_t model_calm_since(const struct model *model, uint64_t of)
{
    int64_t since_us = 0;
    for (;; of = model->lives[of].above) {
        const struct life *one = &model->lives[of];
        since_us = one->paused ? INT64_MAX : later(since_us, one->calm_us);
        if (of == 0 || since_us == INT64_MAX)
            return since_us;
    }
}

bool model_is_reachable(const struct model *model, uint64_t of)
{
    for (; of != 0; of = model->lives[of].above)
        if (!model->lives[of].alive || model->lives[of].stage != STAGE_PRESENT)
            return false;
    return true;
}

static bool same_place(const struct model *model, const struct life *a, const struct life *b)
{
    int64_t pivot = model->lives[a->above].id;
    return a->above == b->above && (a->above == 0 || (a->id < pivot) == (b->id < pivot));
}

bool model_was_taken(const struct model *model, uint64_t of, int64_t since_us)
{
    for (uint64_t one = of - 1; one > 0; one--) {
        const struct life *life = &model->lives[one];
        if (same_place(model, life, &model->lives[of]) && life->started &&
            (life->alive || life->ended_us >= since_us))
            return true;
    }
    return false;
}
