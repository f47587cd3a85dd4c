/* Decimal numbers. */
#ifndef CLI_NUMBER_H
#define CLI_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest time that a command or an option takes. */
#define NUMBER_MS_MAX INT32_MAX

/* Reads a number from 0 to `largest` that consists of digits only. */
bool number_read(const char *text, size_t length, int64_t largest, int64_t *number);

#endif
