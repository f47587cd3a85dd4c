#include "cli/number.h"

#include <assert.h>

bool number_read(const char *text, size_t length, int64_t largest, int64_t *number)
{
    int64_t value = 0;
    assert(largest >= 0);
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        int64_t digit = text[i] - '0';
        if (value > (largest - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *number = value;
    return length > 0;
}
