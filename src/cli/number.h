/* Decimal numbers as a person writes them. */
#ifndef CLI_NUMBER_H
#define CLI_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest time that can be asked for. */
#define NUMBER_MS_MAX INT32_MAX

/* Reads digits, and nothing but digits, as a number from 0 to `largest`. */
bool number_read(const char *text, size_t length, int64_t largest, int64_t *number);

#endif
