/* core/pending, which is full much sooner here, so that short inputs get there. */
#include "core/pending.h"

#include "neighbours.h"

#undef XY_PENDING_MAX
#define XY_PENDING_MAX FEW_PENDING
#include "core/pending.c"
