#include "core/window.h"

#include <string.h>

static uint64_t *word_of(xy_window *window, uint64_t number)
{
    return &window->bits[number % XY_WINDOW_SIZE / 64];
}

static uint64_t bit_of(uint64_t number)
{
    return UINT64_C(1) << number % 64;
}

/* The numbers between the highest one and this one have not come. */
static void move_on(xy_window *window, uint64_t number)
{
    if (number - window->highest >= XY_WINDOW_SIZE) {
        memset(window->bits, 0, sizeof window->bits);
        window->highest = number;
    }
    while (window->highest < number) {
        window->highest++;
        *word_of(window, window->highest) &= ~bit_of(window->highest);
    }
}

bool xy_window_take(xy_window *window, uint64_t number)
{
    if (number > window->highest)
        move_on(window, number);
    else if (number == 0 || window->highest - number >= XY_WINDOW_SIZE ||
             (*word_of(window, number) & bit_of(number)))
        return false;
    *word_of(window, number) |= bit_of(number);
    return true;
}
