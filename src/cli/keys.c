#include "cli/keys.h"

#include <assert.h>
#include <string.h>

enum { BELL = 7, ESCAPE = 27, DELETE = 127 };

/* What a sequence means. */

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* Takes a decimal number off the parameters; 0 when there is none. */
static int take_number(const char **at)
{
    int number = 0;
    while (is_digit(**at) && number < 1000)
        number = number * 10 + *(*at)++ - '0';
    if (**at == ';')
        (*at)++;
    return number;
}

/* As sent by the Linux console, xterm, and rxvt, which has other letters for Shift and Ctrl. */
static enum key cursor_key(char final)
{
    static const char finals[] = "ABDCabdcHF";
    static const enum key found[] = {KEY_UP,   KEY_DOWN, KEY_LEFT,  KEY_RIGHT, KEY_UP,
                                     KEY_DOWN, KEY_LEFT, KEY_RIGHT, KEY_HOME,  KEY_END};
    const char *at = final ? strchr(finals, final) : NULL;
    return at ? found[at - finals] : KEY_UNKNOWN;
}

static enum key numbered_key(int number)
{
    switch (number) {
    case 1:
    case 7:
        return KEY_HOME;
    case 4:
    case 8:
        return KEY_END;
    case 3:
        return KEY_DELETE;
    default:
        return KEY_UNKNOWN;
    }
}

/* `modifiers` as xterm says them, 1 more than the bits of Shift, Alt, Ctrl and Meta. */
static enum key with_modifiers(enum key key, int modifiers)
{
    bool by_word = modifiers > 1 && (modifiers - 1) & ~1;
    if (by_word && key == KEY_LEFT)
        return KEY_WORD_LEFT;
    return by_word && key == KEY_RIGHT ? KEY_WORD_RIGHT : key;
}

static enum key find_key(const struct keys *keys, char final)
{
    const char *at = keys->parameters;
    if (keys->count >= sizeof keys->parameters)
        return KEY_UNKNOWN;
    int first = take_number(&at);
    int second = take_number(&at);
    if (*at)
        return KEY_UNKNOWN; /* private ones, or more than two */
    if (strchr("~^$@", final))
        return keys->introducer == '[' ? numbered_key(first) : KEY_UNKNOWN;
    bool control = keys->introducer == 'O' && final >= 'a';
    int modifiers = keys->meta ? 3 : control ? 5 : second ? second : first;
    return with_modifiers(cursor_key(final), modifiers);
}

/* Sequences. */

static enum keys_result end(struct keys *keys, enum key key)
{
    *keys = (struct keys){.key = key};
    return KEYS_KEY;
}

/* A byte that cannot belong to a sequence ends it. */
static enum keys_result type(struct keys *keys, char byte)
{
    *keys = (struct keys){.byte = byte};
    return KEYS_BYTE;
}

static enum keys_result go_on(struct keys *keys, enum keys_state state)
{
    keys->state = state;
    return KEYS_MORE;
}

static enum keys_result begin(struct keys *keys)
{
    bool meta = keys->state == KEYS_ESCAPE;
    *keys = (struct keys){.state = KEYS_ESCAPE, .meta = meta, .length = 1};
    return KEYS_MORE;
}

static enum keys_result skip(struct keys *keys, int count)
{
    keys->skipped = count;
    return go_on(keys, KEYS_SKIPPED);
}

static enum keys_result take_introducer(struct keys *keys, char byte)
{
    keys->introducer = byte;
    if (byte == '[')
        return go_on(keys, KEYS_CONTROL);
    if (byte == 'O')
        return go_on(keys, KEYS_SINGLE_SHIFT);
    if (strchr("P]X^_", byte) && byte)
        return go_on(keys, KEYS_STRING);
    *keys = (struct keys){.byte = byte};
    return KEYS_META;
}

static enum keys_result take_parameter(struct keys *keys, char byte)
{
    if (keys->count < sizeof keys->parameters - 1)
        keys->parameters[keys->count] = byte;
    keys->count++;
    return KEYS_MORE;
}

static enum keys_result take_control(struct keys *keys, char byte)
{
    bool numbered = is_digit(keys->parameters[0]) && !strpbrk(keys->parameters, ";:<=>? ");
    if (byte == '$' && numbered)
        return end(keys, find_key(keys, byte)); /* with Shift in rxvt */
    if (byte >= ' ' && byte <= '?')
        return take_parameter(keys, byte);
    if (keys->count == 0 && byte == '[')
        return skip(keys, 1); /* a function key of the Linux console */
    if (keys->count == 0 && byte == 'M')
        return skip(keys, 3); /* a button of the mouse, and its place */
    return end(keys, find_key(keys, byte));
}

static enum keys_result take_single_shift(struct keys *keys, char byte)
{
    return is_digit(byte) || byte == ';' ? take_parameter(keys, byte)
                                         : end(keys, find_key(keys, byte));
}

static enum keys_result take_skipped(struct keys *keys)
{
    assert(keys->skipped > 0);
    return --keys->skipped > 0 ? KEYS_MORE : end(keys, KEY_UNKNOWN);
}

enum keys_result keys_take(struct keys *keys, char byte)
{
    enum keys_state state = keys->state;
    keys->length++;
    if (state == KEYS_STRING && byte == ESCAPE)
        return go_on(keys, KEYS_STRING_ESCAPE);
    if ((state == KEYS_STRING && byte == BELL) || (state == KEYS_STRING_ESCAPE && byte == '\\'))
        return end(keys, KEY_UNKNOWN);
    if (byte == ESCAPE)
        return begin(keys);
    if (state == KEYS_SKIPPED)
        return take_skipped(keys);
    bool graphic = (unsigned char)byte >= ' ' && (unsigned char)byte < DELETE;
    if (state == KEYS_STRING && (graphic || (unsigned char)byte > DELETE))
        return KEYS_MORE;
    if (state == KEYS_ESCAPE || state == KEYS_STRING_ESCAPE)
        return take_introducer(keys, byte);
    if (state == KEYS_GROUND || !graphic)
        return type(keys, byte);
    return state == KEYS_CONTROL ? take_control(keys, byte) : take_single_shift(keys, byte);
}

bool keys_pending(const struct keys *keys)
{
    return keys->state != KEYS_GROUND;
}

enum keys_result keys_cut(struct keys *keys)
{
    char introducer = keys->introducer;
    assert(keys_pending(keys));
    if (keys->length > 2)
        return end(keys, KEY_UNKNOWN);
    if (!introducer)
        return type(keys, ESCAPE);
    *keys = (struct keys){.byte = introducer};
    return KEYS_META;
}
