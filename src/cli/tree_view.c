#include "cli/tree_view.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NONE SIZE_MAX

/* A node; the others are indices in the same array, or NONE. */
struct view_node {
    int64_t id;
    bool available;
    size_t parent, first_child, next_sibling;
};

/* What is drawn before the last of the siblings and before the others, and in the lines below. */
struct lines {
    const char *to_last, *to_other, *below_last, *below_other;
};

static const struct lines lines_utf8 = {"└── ", "├── ", "    ", "│   "};
static const struct lines lines_ascii = {"`-- ", "|-- ", "    ", "|   "};

static size_t find(const xylem_node *const *nodes, size_t count, int64_t id)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (nodes[middle]->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && nodes[low]->id == id ? low : NONE;
}

/* Puts a node in front of its siblings; `top` is the first topmost node. */
static void attach(struct view_node *nodes, size_t place, size_t *top)
{
    struct view_node *node = &nodes[place];
    size_t *eldest = node->parent == NONE ? top : &nodes[node->parent].first_child;
    node->next_sibling = *eldest;
    *eldest = place;
}

bool tree_view_begin(struct tree_view *view, const xylem_node *const *nodes, size_t count,
                     bool ascii)
{
    *view = (struct tree_view){.nodes = calloc(count ? count : 1, sizeof(struct view_node)),
                               .at = NONE,
                               .lines = ascii ? &lines_ascii : &lines_utf8};
    if (!view->nodes)
        return false;
    for (size_t i = 0; i < count; i++)
        view->nodes[i] = (struct view_node){nodes[i]->id, nodes[i]->available,
                                            find(nodes, count, nodes[i]->parent), NONE, NONE};
    for (size_t i = count; i-- > 0;)
        attach(view->nodes, i, &view->at);
    return true;
}

static const char *margin_below(const struct tree_view *view, const struct view_node *node)
{
    if (node->parent == NONE)
        return "";
    return node->next_sibling == NONE ? view->lines->below_last : view->lines->below_other;
}

static const char *branch_of(const struct tree_view *view, const struct view_node *node)
{
    if (node->parent == NONE)
        return "";
    return node->next_sibling == NONE ? view->lines->to_last : view->lines->to_other;
}

static void descend(struct tree_view *view)
{
    const struct view_node *node = &view->nodes[view->at];
    text_add_string(&view->margin, margin_below(view, node));
    view->at = node->first_child;
}

static void climb(struct tree_view *view)
{
    view->at = view->nodes[view->at].parent;
    const char *margin = margin_below(view, &view->nodes[view->at]);
    if (!view->margin.failed)
        text_cut(&view->margin, view->margin.length - strlen(margin));
}

static void advance(struct tree_view *view)
{
    const struct view_node *nodes = view->nodes;
    assert(view->at != NONE);
    if (nodes[view->at].first_child != NONE) {
        descend(view);
        return;
    }
    while (nodes[view->at].next_sibling == NONE && nodes[view->at].parent != NONE)
        climb(view);
    view->at = nodes[view->at].next_sibling;
}

bool tree_view_next(struct tree_view *view, struct text *text)
{
    if (view->at == NONE)
        return false;
    const struct view_node *node = &view->nodes[view->at];
    text_add(text, view->margin.bytes, view->margin.length);
    text_add_string(text, branch_of(view, node));
    text_add_number(text, node->id);
    text_add_string(text, node->available ? " available\n" : " unavailable\n");
    advance(view);
    text->failed |= view->margin.failed;
    return true;
}

void tree_view_end(struct tree_view *view)
{
    free(view->nodes);
    text_clear(&view->margin);
}
