/* What the files of the terminal share: the kinds of terminals. */
#ifndef CLI_TERMINAL_KIND_H
#define CLI_TERMINAL_KIND_H

#include "cli/keys.h"
#include "cli/terminal.h"

/* How the reading of a line ended. */
enum typed_line {
    LINE_TYPED,
    LINE_CLEARED,    /* by Ctrl-C */
    LINE_WAS_EMPTY,  /* also a line of blanks */
    LINE_NEVER_COMES /* the end of the input or of the program */
};

struct terminal_kind {
    enum typed_line (*read)(struct terminal *terminal, const char **bytes, size_t *count);
    void (*hide)(struct terminal *terminal);
    void (*show)(struct terminal *terminal);
    void (*renew)(struct terminal *terminal); /* after a signal, while a line is read */
    const char *broken; /* is written after Ctrl-C has stopped a command, up to the next line */
    void (*close)(struct terminal *terminal);
};

/* The first member of each kind. */
struct terminal {
    const struct terminal_kind *kind;
    struct waiter waiter;
    struct keys keys;
    bool reading;
    bool touched;    /* a key was pressed since the reading began */
    int typed_ahead; /* bytes that are left from before the terminal had its mode */
};

/* NULL when there is no memory. */
struct terminal *terminal_open_plain(bool prompting);
struct terminal *terminal_open_editing(void);

/* Calls `renew` after this signal. */
void terminal_renew_after(int signal_number);

/* The terminal has its mode from now on. Bytes that are not read yet were typed ahead. */
void terminal_count_typed_ahead(struct terminal *terminal);

/* The next byte or key. */
enum typed { TYPED_BYTE, TYPED_META, TYPED_KEY, TYPED_INTERRUPT, TYPED_END };

/* Waits for it; `keys` say which byte or key. */
enum typed terminal_take(struct terminal *terminal);

#endif
