/* faulty: functions of libc that fail when a test wants it. For one file of a program only, which
 * says FAULTY for each of them. Only calls from the program itself fail: libzmq would end it.
 */
#ifndef XY_TEST_FAULTY_H
#define XY_TEST_FAULTY_H

#include "unit.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>

extern char __executable_start, etext;

static struct {
    _Atomic(const char *) name; /* of the function that is to fail; NULL: none */
    atomic_int after;           /* how many calls of it succeed before that */
    int error;                  /* errno of the one that fails */
    atomic_bool failed;
} faulty;

static inline void fault_in(const char *name, int after, int error)
{
    faulty.error = error;
    atomic_store(&faulty.after, after);
    atomic_store(&faulty.failed, false);
    atomic_store(&faulty.name, name);
}

/* No more failures; whether there was one. */
static inline bool fault_over(void)
{
    atomic_store(&faulty.name, NULL);
    return atomic_load(&faulty.failed);
}

static inline bool fails_now(const char *name, const char *caller)
{
    const char *wanted = atomic_load(&faulty.name);
    if (caller < &__executable_start || caller >= &etext || !wanted || strcmp(wanted, name) != 0 ||
        atomic_fetch_sub(&faulty.after, 1) != 0)
        return false;
    atomic_store(&faulty.failed, true);
    errno = faulty.error;
    return true;
}

/* A function, and one that stands for another where the compiler checks bounds. */
#define FAULTY(type, name, parameters, arguments)                                                  \
    FAULTY_AS(#name, type, name, parameters, arguments)
#define FAULTY_AS(as, type, name, parameters, arguments)                                           \
    type name parameters;                                                                          \
    type name parameters                                                                           \
    {                                                                                              \
        static _Atomic(void *) next;                                                               \
        type(*call) parameters;                                                                    \
        if (fails_now(as, __builtin_return_address(0)))                                            \
            return (type)-1;                                                                       \
        if (!atomic_load(&next))                                                                   \
            atomic_store(&next, dlsym(RTLD_NEXT, #name));                                          \
        *(void **)&call = atomic_load(&next);                                                      \
        return call arguments;                                                                     \
    }

#endif
