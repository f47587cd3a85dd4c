/* small_script: what is asked of a world: `list keyed 2 1:2 3 | remove 2, any`: its shape (bst
 * unless it is named); whether it is keyed; `past` if nodes are told of their children past the
 * tree; `adopt`, `restart` or `rest` (restart, with what is
 * below) if it is repaired; nodes that are created one after the other before the search begins,
 * each below the one that may be named; with `beats` they report then; and the commands that are
 * issued in it, in this order, as `move 3:2`.
 */
#ifndef XY_TEST_SCRIPT_H
#define XY_TEST_SCRIPT_H

#include "core/controller.h"
#include "topology/topology.h"

enum { SCRIPT_NODES = 4, SCRIPT_STEPS = 6, SCRIPT_ANY = 15 };

typedef struct script_step {
    bool any; /* each of the commands that concern one of the nodes 1 to 3; a node is created
                 below 2, if there is a choice */
    xy_command command;
} script_step;

typedef struct script {
    const xy_topology *topology;
    bool keyed, past, beats, rest, moves;
    xy_repair repair;
    struct {
        int64_t id, parent;
    } nodes[SCRIPT_NODES];
    size_t nodes_count;
    script_step steps[SCRIPT_STEPS];
    size_t steps_count;
} script;

/* False when the text is no script. */
bool script_read(script *read, const char *text);

/* How many commands a step may be, and which they are. */
size_t script_choices(const script_step *step);
xy_command script_command(const script *of, const script_step *step, size_t choice);

/* How many sequences of commands the script stands for. */
size_t script_count(const script *of);

xy_command script_create(int64_t id, int64_t parent);
void script_print(const xy_command *command);

#endif
