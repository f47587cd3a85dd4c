/* stack: how much of it a node has; see xylem.h for how much of that is its service's.
 */
#ifndef XY_STACK_H
#define XY_STACK_H

#ifndef XY_STACK_KIB
#define XY_STACK_KIB 128 /* libzmq uses up to 15 of them: the rest is for services */
#endif

#endif
