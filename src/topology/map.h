/* map: the nodes of a network in two trees: as it should be, and as it is.
 *
 *     wanted   who is to be whose parent: what the shape of the network says
 *     linked   who is attached to whom: the way that messages take
 *
 * When all is quiet the two are the same. A node whose parents differ, or that is not attached at
 * all, is unsettled, and on a list of the map. The controlling node alone has a map. A node itself
 * knows only its parent and its children. No function here recurses: a chain is as deep as it is
 * long.
 */
#ifndef XY_MAP_H
#define XY_MAP_H

#include "core/buffer.h"
#include "core/hash.h"
#include "core/message.h"
#include "core/step.h"
#include "core/window.h"

typedef enum xy_tree { XY_WANTED, XY_LINKED } xy_tree;

/* Where a node is in one of the trees. */
typedef struct xy_place {
    struct xy_map_node *parent; /* NULL: the controlling node */
    struct xy_map_node *first_child, *last_child;
    struct xy_map_node *next, *previous; /* of the same parent, in the order of coming */
    size_t children;
} xy_place;

typedef enum xy_stage {
    XY_STAGE_STARTING, /* its create has not been answered */
    XY_STAGE_PRESENT,
    XY_STAGE_RESTARTING, /* it was present, and a new life of it has not attached yet */
    XY_STAGE_ENDING      /* it is being removed */
} xy_stage;

/* How far the attachment of a node to a parent has come. */
typedef enum xy_attaching {
    XY_NOT_ATTACHING,
    XY_ATTACH_KEY,    /* the key of the node is not known yet */
    XY_ATTACH_EXPECT, /* the parent was asked to let it attach, */
    XY_ATTACH_READY,  /* and does */
    XY_ATTACH_TOLD    /* the node was told to attach */
} xy_attaching;

struct xy_request;

typedef struct xy_map_node {
    /* The map's own: read only for others. First what a walk along a chain needs. */
    xy_place linked;
    xy_place wanted;
    bool attached;  /* it has a place in the linked tree */
    bool unsettled; /* it is in the list of those */
    struct xy_map_node *next_unsettled, *previous_unsettled;
    int64_t id;
    xy_life life;
    struct xy_map_node *lower, *higher; /* the neighbours in the order of ids */
    struct xy_map_node *left, *right;   /* of the index */
    UT_hash_handle by_id, by_life;

    /* The shape's. */
    bool joined; /* it has a place in the shape; the parent of others can only be such a node */
    int height;  /* of its subtree among those that have joined: avl */

    /* The controlling node's. */
    xy_peer peer; /* its link to the parent that it is attached to; number 0: none */
    xy_attaching attaching;
    xy_peer coming;         /* the link on which it attaches */
    xy_life target;         /* the life of the parent to be; 0: the controlling node */
    struct xy_request *way; /* the errand to let it attach, as long as it is attaching */
    bool strays;            /* it may yet attach on a link that was abandoned: it is to come back */
    bool unsure;            /* the parent to be could not be told for now that it comes */
    bool silent_here;       /* the parent that it is attached to has said that it is silent */
    bool silent_there;      /* the parent to be has said so, */
    int64_t changes_there;  /* in its latest word of it; */
    int64_t changes;        /* the same of the parent that it is attached to */
    size_t comers;          /* how many nodes attach to this one now */
    bool moving;            /* it counts among the moves under way */
    size_t casts;           /* how many casts under way go through it: it moves after them */
    uint64_t planned;       /* the number of the latest cast that goes through it, */
    size_t plan_index;      /* and its place in the plan of that */
    xy_life refused;        /* the life of a parent that does not take it, for the time being */
    char service[XY_SERVICE_NAME_SIZE];
    bool combines;               /* the service combines answers */
    xy_window *asks;             /* which asks of this life have come; NULL: none */
    struct xy_inflow *published; /* what has come of what this life publishes; NULL: nothing */
    xy_buffer arguments;         /* of the service, for each life of the node */
    bool fresh;                  /* its first life begins without a saved state */
    uint64_t saved; /* the number of the latest state that its present life has saved; or 0 */
    char key[XY_KEY_SIZE]; /* its public key; "" as long as it is unknown, or if it has none */
    int64_t pid;
    char *address; /* where its children reach it: memory of core, freed with the node; or NULL */
    xy_stage stage;
    xy_cause cause; /* of its latest change */
    bool silent;    /* it has not been heard for too long */
    bool dead;      /* its life is over */
    bool given_up;  /* it was killed without being told to end: one above it is dead, or it hangs */
    bool adrift;    /* it has lost its parent, and is to get another one: requests to it wait; */
    int64_t adrift_ms; /* since when, */
    int64_t lost;      /* and the id of that parent, or XY_NO_ID; */
    bool astray;    /* it has not lost it by a fault: it went to one that is not wanted any more */
    bool mended;    /* it has one again, which was not said yet */
    bool told;      /* what was last said of `available` */
    bool available; /* it is present and neither silent nor dead, nor is any node above it */
    bool reachable; /* it is available, and no node above it is adrift, nor is it itself */
    bool started;   /* the launcher has said so */
    bool killed;    /* it was told to end and did not in time */
    int64_t heard_ms;            /* when it was heard last by the controlling node itself */
    struct xy_request *requests; /* those that it has not answered, in their order */
    struct xy_request *asking;   /* the one that it is asked about: those behind it wait */
    bool behind;                 /* they were to be sent again, and there was no memory */
    size_t asked;                /* how many */
    int restarts;                /* within the present window, */
    int64_t window_ms;           /* and when that began */
    bool restart;                /* it is to be started again, */
    bool along;                  /* and that because one above it is */
    struct xy_map_node *removal; /* the topmost node of the removal under way, */
    struct xy_map_node *listed;  /* a list of the controlling node: see there */
    struct xy_map_node *listed_before;
    size_t remaining; /* of a topmost one: how many lives are not over, */
    int64_t grace_ms; /* when those are killed, unless others end: XY_NEVER afterwards; */
    int64_t limit_ms; /* and when they are in any case */
    bool waits;       /* of a topmost one: it ends when those attached to it have gone elsewhere */
} xy_map_node;

/* All zero is an empty map. */
typedef struct xy_map {
    xy_map_node *ids, *lives;      /* hash tables */
    xy_map_node *lowest, *highest; /* in the order of ids */
    xy_map_node *index;            /* the map's own: see topology/index.h */
    xy_place wanted, linked;       /* the children of the controlling node */
    xy_map_node *unsettled;        /* a list: the first */
    size_t count;
    size_t joined; /* the shape's: how many have joined */
} xy_map;

/* The node with this id; the one of this life; or NULL. */
xy_map_node *xy_map_find(const xy_map *map, int64_t id);
xy_map_node *xy_map_of_life(const xy_map *map, xy_life life);

/* The node with the highest id below this one, and the one with the lowest above it; or NULL. */
xy_map_node *xy_map_lower(const xy_map *map, int64_t id);
xy_map_node *xy_map_higher(const xy_map *map, int64_t id);

/* Adds a node that starts, as the last wanted child of its parent (NULL: of the controlling node),
 * attached to none; the map owns it. Its id and life are not there yet. NULL when there is no
 * memory. */
xy_map_node *xy_map_add(xy_map *map, int64_t id, xy_life life, xy_map_node *parent);

/* Gives a node a new life, whose number is not there yet. Its places stay. */
void xy_map_revive(xy_map *map, xy_map_node *node, xy_life life);

/* Wants a node below another parent, before one of its children (NULL: as the last). The parent is
 * not the node itself nor wanted below it. */
void xy_map_want(xy_map *map, xy_map_node *node, xy_map_node *parent, xy_map_node *before);

/* A node that is not attached has attached to a parent, as its last child; one that is attached is
 * so no longer. Those that are attached to it stay so. The parent is not linked below it. */
void xy_map_link(xy_map *map, xy_map_node *node, xy_map_node *parent);
void xy_map_unlink(xy_map *map, xy_map_node *node);

/* Takes a node and all that are wanted below it out of the map and frees them. Those that
 * are attached to one of them and stay on the map are attached to none any more. */
void xy_map_prune(xy_map *map, xy_map_node *top);

/* Where a node is in a tree. */
static inline const xy_place *xy_map_place(const xy_map_node *node, xy_tree tree)
{
    return tree == XY_WANTED ? &node->wanted : &node->linked;
}

/* Walks a tree from `top` downwards, each node before its descendants, children in their order:
 * for (n = top; n; n = xy_map_below (top, n, tree)). All nodes of the tree in this way:
 * xy_map_after (n, tree), beginning with map->wanted.first_child or map->linked.first_child. */
xy_map_node *xy_map_below(const xy_map_node *top, xy_map_node *node, xy_tree tree);
xy_map_node *xy_map_after(xy_map_node *node, xy_tree tree);

/* Whether a node is `top` or below it. */
bool xy_map_is_below(const xy_map_node *top, const xy_map_node *node, xy_tree tree);

/* How many nodes are above it. */
size_t xy_map_depth(const xy_map_node *node, xy_tree tree);

#endif
