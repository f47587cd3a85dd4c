/* heap: the memory of core, counted: in place of core/memory. */
#ifndef SIM_HEAP_H
#define SIM_HEAP_H

#include <stddef.h>

/* How many blocks have not been given back. */
size_t heap_blocks(void);

#endif
