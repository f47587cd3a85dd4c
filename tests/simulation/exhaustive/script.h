/* script: what is asked of a world: `2 1 3 | remove 2, any`: nodes that are created one after the
 * other before the search begins, and the commands that are issued in it, in this order.
 */
#ifndef XY_TEST_SCRIPT_H
#define XY_TEST_SCRIPT_H

#include "core/controller.h"

enum { SCRIPT_NODES = 3, SCRIPT_STEPS = 5, SCRIPT_ANY = 15 };

typedef struct script_step {
    bool any; /* each of the commands that concern one of the nodes 1 to 3 */
    xy_command command;
} script_step;

typedef struct script {
    int64_t nodes[SCRIPT_NODES];
    size_t nodes_count;
    script_step steps[SCRIPT_STEPS];
    size_t steps_count;
} script;

/* False when the text is no script. */
bool script_read(script *read, const char *text);

/* How many commands a step may be, and which they are. */
size_t script_choices(const script_step *step);
xy_command script_command(const script_step *step, size_t choice);

/* How many sequences of commands the script stands for. */
size_t script_count(const script *of);

xy_command script_create(int64_t id);
void script_print(const xy_command *command);

#endif
