#include "sim/coroutine.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#include <utlist.h>

#include "driver/stack.h"

#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif

enum { STACK_SIZE = XY_STACK_KIB * 1024 };

/* One of the two that run in turn. The sanitizers have to know its stack. */
typedef struct side {
    ucontext_t context;
    void *fiber, *frames;
    const void *stack;
    size_t stack_size;
} side;

struct xy_coroutine {
    xy_coroutine *next; /* of those whose stacks are idle */
    char *pages;        /* the page that guards the stack, and the stack */
    side own, caller;
    void (*routine)(void *argument);
    void *argument;
    bool running, returned;
};

/* Stacks. */

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static char *map_pages(void)
{
    size_t size = page_size() + STACK_SIZE;
    char *pages = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (pages == MAP_FAILED)
        return NULL;
    if (mprotect(pages + page_size(), STACK_SIZE, PROT_READ | PROT_WRITE) == 0)
        return pages;
    munmap(pages, size);
    return NULL;
}

static xy_coroutine *make_stack(void)
{
    xy_coroutine *coroutine = calloc(1, sizeof *coroutine);
    char *pages = coroutine ? map_pages() : NULL;
    if (!pages) {
        free(coroutine);
        return NULL;
    }
    coroutine->pages = pages;
    coroutine->own.stack = pages + page_size();
    coroutine->own.stack_size = STACK_SIZE;
    return coroutine;
}

void xy_stacks_clear(xy_stacks *stacks)
{
    while (stacks->idle) {
        xy_coroutine *first = stacks->idle;
        LL_DELETE(stacks->idle, first);
        munmap(first->pages, page_size() + STACK_SIZE);
        free(first);
    }
}

/* Switching. */

static void swap(ucontext_t *from, const ucontext_t *to)
{
#ifdef ADDRESS_SANITIZER /* which writes a warning when it sees swapcontext */
    volatile bool back = false;
    getcontext(from);
    if (!back) {
        back = true;
        setcontext(to);
    }
#else
    swapcontext(from, to);
#endif
}

/* Inlined, because the thread sanitizer counts calls and returns on each side. */
static inline __attribute__((always_inline)) void switch_sides(side *from, side *to, bool for_good)
{
    (void)for_good;
#ifdef ADDRESS_SANITIZER
    __sanitizer_start_switch_fiber(for_good ? NULL : &from->frames, to->stack, to->stack_size);
#endif
#ifdef THREAD_SANITIZER
    __tsan_switch_to_fiber(to->fiber, 0);
#endif
    swap(&from->context, &to->context);
}

static inline __attribute__((always_inline)) void arrive(side *at, side *from)
{
    (void)at, (void)from;
#ifdef ADDRESS_SANITIZER
    __sanitizer_finish_switch_fiber(at->frames, from ? &from->stack : NULL,
                                    from ? &from->stack_size : NULL);
#endif
}

/* The first function on the stack: makecontext passes nothing but numbers. */
static void run(unsigned high, unsigned low)
{
    xy_coroutine *coroutine = (xy_coroutine *)(uintptr_t)((uint64_t)high << 32 | low);
    arrive(&coroutine->own, &coroutine->caller);
    coroutine->routine(coroutine->argument);
    coroutine->returned = true;
    switch_sides(&coroutine->own, &coroutine->caller, true);
}

bool xy_coroutine_resume(xy_coroutine *coroutine)
{
    assert(!coroutine->running && !coroutine->returned);
    coroutine->running = true;
#ifdef THREAD_SANITIZER
    coroutine->caller.fiber = __tsan_get_current_fiber();
#endif
    switch_sides(&coroutine->caller, &coroutine->own, false);
    arrive(&coroutine->caller, NULL);
    coroutine->running = false;
    return coroutine->returned;
}

void xy_coroutine_suspend(xy_coroutine *coroutine)
{
    assert(coroutine->running);
    switch_sides(&coroutine->own, &coroutine->caller, false);
    arrive(&coroutine->own, &coroutine->caller);
}

/* Beginning and ending. */

static void prepare(xy_coroutine *coroutine)
{
    ucontext_t *context = &coroutine->own.context;
    uint64_t address = (uintptr_t)coroutine;
    getcontext(context);
    context->uc_stack.ss_sp = coroutine->pages + page_size();
    context->uc_stack.ss_size = STACK_SIZE;
    context->uc_link = NULL;
    makecontext(context, (void (*)(void))(void *)run, 2, (unsigned)(address >> 32),
                (unsigned)address);
}

xy_coroutine *xy_coroutine_new(xy_stacks *stacks, void (*routine)(void *argument), void *argument)
{
    xy_coroutine *coroutine = stacks->idle;
    if (coroutine)
        LL_DELETE(stacks->idle, coroutine);
    else
        coroutine = make_stack();
    if (!coroutine)
        return NULL;
    coroutine->routine = routine;
    coroutine->argument = argument;
    coroutine->returned = false;
    coroutine->own.frames = NULL;
#ifdef THREAD_SANITIZER
    coroutine->own.fiber = __tsan_create_fiber(0);
#endif
    prepare(coroutine);
    return coroutine;
}

void xy_coroutine_free(xy_stacks *stacks, xy_coroutine *coroutine)
{
    if (!coroutine)
        return;
    assert(!coroutine->running);
#ifdef ADDRESS_SANITIZER /* of frames that were not left */
    __asan_unpoison_memory_region(coroutine->own.stack, STACK_SIZE);
#endif
#ifdef THREAD_SANITIZER
    __tsan_destroy_fiber(coroutine->own.fiber);
#endif
    LL_PREPEND(stacks->idle, coroutine);
}
