/* The picture of a tree, line by line. */
#ifndef CLI_DRAWING_H
#define CLI_DRAWING_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/text.h"
#include "xylem.h"

struct twig;

struct drawing {
    struct twig *twigs;
    size_t at;
    struct text margin; /* what stands left of the branch of the current node's children */
};

/* `nodes` are sorted by id, as xylem_list gives them; they are not needed afterwards. False when
 * there is no memory. */
bool drawing_begin(struct drawing *drawing, const xylem_node *nodes, size_t count);

/* Adds the next line, with its newline; false after the last one. */
bool drawing_next(struct drawing *drawing, struct text *text);

void drawing_end(struct drawing *drawing);

#endif
