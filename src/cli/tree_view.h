/* The drawing of the nodes, line by line: every node below the controlling node begins a tree. */
#ifndef CLI_TREE_VIEW_H
#define CLI_TREE_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/text.h"
#include "xylem.h"

struct view_node;
struct lines;

struct tree_view {
    struct view_node *nodes;
    size_t at;
    const struct lines *lines;
    struct text margin; /* what is drawn left of the current node's children */
};

/* `nodes` are sorted by id, as xylem_list gives them; they are not needed afterwards. The lines are
 * those of Unicode, or made of ASCII. False when there is no memory. */
bool tree_view_begin(struct tree_view *view, const xylem_node *const *nodes, size_t count,
                     bool ascii);

/* Adds the next line, with its newline; false after the last one. */
bool tree_view_next(struct tree_view *view, struct text *text);

void tree_view_end(struct tree_view *view);

#endif
