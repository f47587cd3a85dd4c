/* error: what the errors of the public interface are inside: how many there are, and what a
 * function hands to its caller when it fails: the error with its explanation. */
#ifndef XY_ERROR_H
#define XY_ERROR_H

#include <stdbool.h>

#include "xylem.h"

/* Room for an explanation, its final NUL included. */
#define XY_REASON_SIZE 256

/* What has failed, and why. All zero: nothing. */
typedef struct xy_error {
    int code;
    char text[XY_REASON_SIZE]; /* for a person: what failed, on what, why, and what to do */
} xy_error;

/* Sets both; cuts the text where the room ends. What it is made of must not lie in the error.
 * Returns false: so a function says that it has failed. */
bool xy_error_set(xy_error *error, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Sets the code, and as its text that of xylem_strerror. Returns false. */
bool xy_error_code(xy_error *error, int code);

/* Room for the name of a service, its final NUL included: see xylem_service. */
#define XY_SERVICE_NAME_SIZE 32

/* The number of errors; theirs are the numbers below it. */
enum {
#define XY_ERROR_ONE(name, text) +1
    XY_ERROR_COUNT = XYLEM_ERRORS(XY_ERROR_ONE)
#undef XY_ERROR_ONE
};

#endif
