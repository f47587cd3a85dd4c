/* buffer: bytes that grow, with a NUL behind them, so that a text is a string. A buffer owns its
 * bytes. All zero is an empty one.
 */
#ifndef XY_BUFFER_H
#define XY_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct xy_buffer {
    uint8_t *bytes; /* NULL as long as there was nothing to keep */
    size_t size;    /* without the NUL */
    size_t capacity;
} xy_buffer;

/* Makes room for `more` bytes and the NUL; false, and nothing changed, when there is no memory. It
 * grows to at least twice its capacity, or to just what is asked for the first time. */
bool xy_buffer_reserve(xy_buffer *buffer, size_t more);

/* Appends bytes; false, and nothing changed, when there is no memory. */
bool xy_buffer_add(xy_buffer *buffer, const void *bytes, size_t size);

/* Takes the first bytes away. */
void xy_buffer_drop(xy_buffer *buffer, size_t size);

/* Gives the bytes away: the caller frees them by xy_release. The buffer is empty then. */
uint8_t *xy_buffer_take(xy_buffer *buffer);

void xy_buffer_clear(xy_buffer *buffer);

#endif
