/* hash: uthash, with the memory of core, for elements whose key is a number of 64 bits and that
 * have a UT_hash_handle: `hh`, or several with names of their own. An element for which there is no
 * memory is not added: the `tbl` of its handle is NULL.
 */
#ifndef XY_HASH_H
#define XY_HASH_H

#include <stdint.h>
#include <string.h>

#include "core/memory.h"

/* Keys are numbers that are given out in turn, and a node gets every second of them, or every
 * hundredth. Folded they are spread, and those that follow one another stay side by side in memory.
 */
static inline unsigned xy_hash_fold(const void *key)
{
    uint64_t number;
    memcpy(&number, key, sizeof number);
    return (unsigned)(number ^ number >> 7 ^ number >> 14 ^ number >> 32);
}

#define HASH_FUNCTION(key, size, hash) ((hash) = xy_hash_fold(key))
#define HASH_NONFATAL_OOM              1
#define uthash_malloc(size)            xy_resize(NULL, size)
#define uthash_free(memory, size)      xy_release(memory)

#include <uthash.h>

/* Most tables are small, and come and go. Their chains are short: see XY_HASH_ADD. */
#undef HASH_INITIAL_NUM_BUCKETS
#undef HASH_INITIAL_NUM_BUCKETS_LOG2
#undef HASH_BKT_CAPACITY_THRESH
#define HASH_INITIAL_NUM_BUCKETS      8U
#define HASH_INITIAL_NUM_BUCKETS_LOG2 3U
#define HASH_BKT_CAPACITY_THRESH      2U

/* Adds an element to the table of its handle `handle`. A table grows when a chain has two, but not
 * to more than two buckets for each element, however its keys are spread. */
#define XY_HASH_ADD_BY(handle, head, key, element)                                                 \
    do {                                                                                           \
        if (head)                                                                                  \
            (head)->handle.tbl->noexpand =                                                         \
                HASH_CNT(handle, head) < (head)->handle.tbl->num_buckets;                          \
        HASH_ADD(handle, head, key, sizeof(element)->key, element);                                \
    } while (0)

#define XY_HASH_ADD(head, key, element) XY_HASH_ADD_BY(hh, head, key, element)

#endif
