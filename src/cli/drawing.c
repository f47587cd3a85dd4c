#include "cli/drawing.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NONE SIZE_MAX

/* A node with its relatives, as places in the same array. */
struct twig {
    int64_t id;
    bool available;
    size_t parent, first_child, next_sibling;
};

static size_t find(const xylem_node *nodes, size_t count, int64_t id)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (nodes[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && nodes[low].id == id ? low : NONE;
}

/* Puts a twig in front of its siblings; `top` is the place of the topmost one. */
static void attach(struct twig *twigs, size_t place, size_t *top)
{
    struct twig *twig = &twigs[place];
    size_t *eldest = twig->parent == NONE ? top : &twigs[twig->parent].first_child;
    twig->next_sibling = *eldest;
    *eldest = place;
}

bool drawing_begin(struct drawing *drawing, const xylem_node *nodes, size_t count)
{
    *drawing = (struct drawing){calloc(count ? count : 1, sizeof(struct twig)), NONE, TEXT_EMPTY};
    if (!drawing->twigs)
        return false;
    for (size_t i = 0; i < count; i++)
        drawing->twigs[i] = (struct twig){nodes[i].id, nodes[i].available,
                                          find(nodes, count, nodes[i].parent), NONE, NONE};
    for (size_t i = count; i-- > 0;)
        attach(drawing->twigs, i, &drawing->at);
    return true;
}

static const char *margin_below(const struct twig *twig)
{
    if (twig->parent == NONE)
        return "";
    return twig->next_sibling == NONE ? "    " : "│   ";
}

static const char *branch_of(const struct twig *twig)
{
    if (twig->parent == NONE)
        return "";
    return twig->next_sibling == NONE ? "└── " : "├── ";
}

static void descend(struct drawing *drawing)
{
    const struct twig *twig = &drawing->twigs[drawing->at];
    text_add_string(&drawing->margin, margin_below(twig));
    drawing->at = twig->first_child;
}

static void climb(struct drawing *drawing)
{
    drawing->at = drawing->twigs[drawing->at].parent;
    const char *margin = margin_below(&drawing->twigs[drawing->at]);
    if (!drawing->margin.failed)
        text_cut(&drawing->margin, drawing->margin.length - strlen(margin));
}

static void advance(struct drawing *drawing)
{
    const struct twig *twigs = drawing->twigs;
    if (twigs[drawing->at].first_child != NONE) {
        descend(drawing);
        return;
    }
    while (twigs[drawing->at].next_sibling == NONE && twigs[drawing->at].parent != NONE)
        climb(drawing);
    drawing->at = twigs[drawing->at].next_sibling;
}

bool drawing_next(struct drawing *drawing, struct text *text)
{
    if (drawing->at == NONE)
        return false;
    const struct twig *twig = &drawing->twigs[drawing->at];
    text_add(text, drawing->margin.bytes, drawing->margin.length);
    text_add_string(text, branch_of(twig));
    text_add_number(text, twig->id);
    text_add_string(text, twig->available ? " available\n" : " unavailable\n");
    advance(drawing);
    text->failed |= drawing->margin.failed;
    return true;
}

void drawing_end(struct drawing *drawing)
{
    free(drawing->twigs);
    text_clear(&drawing->margin);
}
