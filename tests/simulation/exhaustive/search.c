#include "search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "describe.h"
#include "digest.h"
#include "small_check.h"

enum { MOVES_MAX = EVENTS_MAX + SCRIPT_ANY + 2 * LIVES + 1 };

static world w; /* there is one, since it must stay where it is */

/* Worlds that are kept. */

static void save(void **place)
{
    size_t size = world_size(&w);
    if (!*place)
        *place = malloc(sizeof w);
    if (!*place)
        abort();
    memcpy(*place, &w, size);
}

static void restore(const void *saved)
{
    memcpy(&w, saved, world_size(saved));
}

/* What can happen next: the events first, and then what may happen or not. */

static size_t add_commands(const search *s, move *moves)
{
    if (w.issued == s->script.steps_count)
        return 0;
    const script_step *next = &s->script.steps[w.issued];
    size_t count = script_choices(next);
    for (size_t i = 0; i < count; i++)
        moves[i] = (move){.kind = MOVE_ISSUE, .command = script_command(&s->script, next, i)};
    return count;
}

static size_t add_crashes(move *moves)
{
    size_t count = 0;
    for (uint64_t who = 1; who <= w.lives_count; who++) {
        if (world_may_crash(&w, who))
            moves[count++] = (move){.kind = MOVE_CRASH, .of = who};
        if (world_may_crash(&w, who) && world_is_unborn(&w, who))
            moves[count++] = (move){.kind = MOVE_STILLBORN, .of = who};
    }
    return count;
}

static size_t list_moves(const search *s, move *moves, bool *quiet)
{
    *quiet = false;
    if (world_urgent(&w, moves))
        return 1;
    size_t count = world_events(&w, moves);
    *quiet = count == 0;
    count += add_commands(s, moves + count);
    if (world_may_pass(&w))
        moves[count++] = (move){.kind = MOVE_PASS};
    return count + add_crashes(moves + count);
}

static void run_to_rest(void)
{
    move events[EVENTS_MAX];
    while (!broken && world_events(&w, events) > 0)
        world_make(&w, &events[0]);
}

/* The world as it is when the search begins. */
static void begin(search *s)
{
    broken = NULL;
    world_begin(&w, &(world_options){.topology = s->script.topology,
                                     .repair = s->script.repair,
                                     .rest = s->script.rest,
                                     .keyed = s->script.keyed,
                                     .past = s->script.past,
                                     .moves = s->script.moves,
                                     .crashes = s->crashes,
                                     .delays = s->delays});
    for (size_t i = 0; i < s->script.nodes_count; i++) {
        xy_command create = script_create(s->script.nodes[i].id, s->script.nodes[i].parent);
        world_make(&w, &(move){.kind = MOVE_ISSUE, .command = create});
        run_to_rest();
    }
    if (s->script.beats) {
        xy_command beats = {.kind = XY_COMMAND_HEARTBEAT, .value = 100, .timeout_ms = -1};
        world_make(&w, &(move){.kind = MOVE_ISSUE, .command = beats});
        run_to_rest();
    }
    w.issued = 0;
    s->depth = 0;
}

/* Looks at a world that has not been seen before. */
static size_t look(search *s, move *moves)
{
    bool quiet;
    size_t count = list_moves(s, moves, &quiet);
    s->states++;
    s->ends += count == 0;
    if (quiet)
        check_quiet(&w, w.issued == s->script.steps_count && !world_has_deadline(&w));
    must(s->depth < DEPTH_MAX, "it does not come to an end");
    return count;
}

static void explore(search *s)
{
    move moves[MOVES_MAX];
    size_t count = look(s, moves), depth = s->depth;
    if (count > 0 && !broken)
        save(&s->saved[depth]);
    for (size_t i = 0; i < count && !broken; i++) {
        if (i > 0)
            restore(s->saved[depth]);
        s->path[depth] = i;
        s->depth = depth + 1;
        world_make(&w, &moves[i]);
        check_always(&w);
        s->moves++;
        if (!broken && seen_add(&s->seen, digest_of(&w)))
            explore(s);
    }
}

bool search_run(search *s)
{
    seen_clear(&s->seen);
    begin(s);
    explore(s);
    return !broken;
}

void search_replay(search *s)
{
    move moves[MOVES_MAX];
    size_t end = s->depth;
    begin(s);
    for (bool quiet; s->depth < end && !broken; s->depth++) {
        size_t count = list_moves(s, moves, &quiet), choice = s->path[s->depth];
        must(choice < count, "there is no such choice");
        if (broken)
            return;
        describe(&w, &moves[choice]);
        world_make(&w, &moves[choice]);
        check_always(&w);
    }
    if (!broken)
        look(s, moves);
}

void search_clear(search *s)
{
    seen_clear(&s->seen);
    for (size_t i = 0; i < DEPTH_MAX; i++)
        free(s->saved[i]);
}
