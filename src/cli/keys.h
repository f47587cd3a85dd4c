/* From the bytes that a terminal sends to the keys that were pressed: escape sequences as in
 * ECMA-48, and those of rxvt and the Linux console that differ. */
#ifndef CLI_KEYS_H
#define CLI_KEYS_H

#include <stdbool.h>
#include <stddef.h>

enum key {
    KEY_UNKNOWN, /* or no key: an answer of the terminal, the mark of a paste */
    KEY_UP,
    KEY_DOWN,
    KEY_LEFT,
    KEY_RIGHT,
    KEY_WORD_LEFT, /* with Ctrl or Alt */
    KEY_WORD_RIGHT,
    KEY_HOME,
    KEY_END,
    KEY_DELETE,
    KEYS
};

enum keys_state {
    KEYS_GROUND,
    KEYS_ESCAPE,        /* ESC */
    KEYS_CONTROL,       /* ESC [ */
    KEYS_SINGLE_SHIFT,  /* ESC O */
    KEYS_STRING,        /* ESC ] and the like, up to BEL or ESC \ */
    KEYS_STRING_ESCAPE, /* ESC in a string */
    KEYS_SKIPPED        /* a fixed number of bytes */
};

/* All zero is the start. */
struct keys {
    enum keys_state state;
    size_t length; /* of the sequence so far */
    char introducer;
    char parameters[8];
    size_t count; /* of bytes of parameters, also of those that are not kept */
    bool meta;    /* a second ESC stands before it: Alt */
    int skipped;  /* how many bytes are left */
    char byte;    /* the results: */
    enum key key;
};

enum keys_result {
    KEYS_MORE, /* the sequence goes on */
    KEYS_BYTE, /* `byte` is typed */
    KEYS_META, /* `byte` is typed with Alt */
    KEYS_KEY   /* `key` is pressed */
};

enum keys_result keys_take(struct keys *keys, char byte);

/* Whether a sequence has begun. Its bytes come together: after KEYS_LIMIT_MS without a byte the
 * caller calls keys_cut. */
bool keys_pending(const struct keys *keys);

enum { KEYS_LIMIT_MS = 100 };

/* Nothing follows: the Escape key, a character with Alt, or a sequence without its end. Never
 * KEYS_MORE. */
enum keys_result keys_cut(struct keys *keys);

#endif
