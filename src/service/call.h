/* call: one callback of a service, which is due: see calls. */
#ifndef XY_CALL_H
#define XY_CALL_H

#include "xylem.h"

/* It begins what belongs to it, which `free` frees: after `run`, or instead of it. */
typedef struct xy_call {
    struct xy_call *prev, *next;
    void (*run)(struct xy_call *call, xylem_context *context);
    void (*free)(struct xy_call *call);
} xy_call;

#endif
