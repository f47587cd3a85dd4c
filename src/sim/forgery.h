/* forgery: frames that no node has sent, each of a kind that must change nothing. */
#ifndef SIM_FORGERY_H
#define SIM_FORGERY_H

#include "sim/run.h"

/* Forges a frame about a life, and counts that, if one of this kind is possible now. */
void forge(struct run *run, enum fault fault, uint64_t node);

#endif
