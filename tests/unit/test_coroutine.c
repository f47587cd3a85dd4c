/* Coroutines: turns, stacks that are used again, and what is left of them. */
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

#include "driver/stack.h"
#include "sim/coroutine.h"

struct routine {
    xy_coroutine *own;
    int number, turns;
    uintptr_t frame; /* where its first one is */
};

static int order[16], ordered;

static void take_turns(void *argument)
{
    struct routine *routine = argument;
    routine->frame = (uintptr_t)__builtin_frame_address(0);
    for (int i = 0; i < routine->turns; i++) {
        order[ordered++] = routine->number;
        xy_coroutine_suspend(routine->own);
    }
}

static void test_turns(void **state)
{
    (void)state;
    static const int wanted[] = {1, 2, 1, 2, 2};
    xy_stacks stacks = {0};
    struct routine one = {.number = 1, .turns = 2}, two = {.number = 2, .turns = 3};
    one.own = xy_coroutine_new(&stacks, take_turns, &one);
    two.own = xy_coroutine_new(&stacks, take_turns, &two);
    ordered = 0;
    for (int i = 0; i < 2; i++) {
        assert_false(xy_coroutine_resume(one.own));
        assert_false(xy_coroutine_resume(two.own));
    }
    assert_true(xy_coroutine_resume(one.own));
    assert_false(xy_coroutine_resume(two.own));
    assert_true(xy_coroutine_resume(two.own));
    assert_int_equal(ordered, 5);
    assert_memory_equal(order, wanted, sizeof wanted);
    xy_coroutine_free(&stacks, one.own);
    xy_coroutine_free(&stacks, two.own);
    xy_stacks_clear(&stacks);
}

/* Also the stack of one that has not returned. */
static void test_a_stack_is_used_again(void **state)
{
    (void)state;
    xy_stacks stacks = {0};
    uintptr_t first = 0;
    for (int i = 0; i < 100; i++) {
        struct routine routine = {.turns = i % 3};
        ordered = 0;
        routine.own = xy_coroutine_new(&stacks, take_turns, &routine);
        xy_coroutine_resume(routine.own);
        first = first ? first : routine.frame;
        assert_int_equal(routine.frame, first);
        xy_coroutine_free(&stacks, routine.own);
    }
    xy_stacks_clear(&stacks);
}

static void test_free_before_it_begins(void **state)
{
    (void)state;
    xy_stacks stacks = {0};
    xy_coroutine_free(&stacks, xy_coroutine_new(&stacks, take_turns, NULL));
    xy_stacks_clear(&stacks);
}

/* Whether there is memory at an address. */
static bool is_mapped(uintptr_t address)
{
    unsigned char resident;
    uintptr_t page = address & ~(uintptr_t)(sysconf(_SC_PAGESIZE) - 1);
    return mincore((void *)page, 1, &resident) == 0;
}

static void test_no_stack_is_left(void **state)
{
    (void)state;
    enum { MANY = 50 };
    xy_stacks stacks = {0};
    struct routine routines[MANY];
    ordered = 0;
    for (int i = 0; i < MANY; i++) {
        routines[i] = (struct routine){.turns = i < 10};
        routines[i].own = xy_coroutine_new(&stacks, take_turns, &routines[i]);
        xy_coroutine_resume(routines[i].own);
    }
    for (int i = 0; i < MANY; i++) {
        assert_true(is_mapped(routines[i].frame));
        xy_coroutine_free(&stacks, routines[i].own);
    }
    xy_stacks_clear(&stacks);
    for (int i = 0; i < MANY; i++)
        assert_false(is_mapped(routines[i].frame));
}

static void test_no_memory(void **state)
{
    (void)state;
    xy_stacks stacks = {0};
    struct rlimit before, none = {1 << 20, RLIM_INFINITY};
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    none.rlim_max = before.rlim_max;
    xy_coroutine *first = xy_coroutine_new(&stacks, take_turns, NULL);
    assert_int_equal(setrlimit(RLIMIT_AS, &none), 0);
    xy_coroutine *coroutine = xy_coroutine_new(&stacks, take_turns, NULL);
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    assert_non_null(first);
    assert_null(coroutine);
    xy_coroutine_free(&stacks, first);
    xy_stacks_clear(&stacks);
}

/* What uses more stack than there is ends the program, and does not write into the next stack. */

static void touch_below(void *argument)
{
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
    (void)argument;
    for (uintptr_t below = 0; below < XY_STACK_KIB * 1536; below += 1024)
        *(volatile char *)(frame - 4096 - below) = 1;
}

static void test_guarded(void **state)
{
    (void)state;
    int status;
    pid_t child = fork();
    assert_int_not_equal(child, -1);
    if (child == 0) {
        xy_stacks stacks = {0};
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGSEGV, SIG_DFL);
        xy_coroutine *upper = xy_coroutine_new(&stacks, touch_below, NULL);
        xy_coroutine_new(&stacks, touch_below, NULL); /* the system puts it below the other one */
        xy_coroutine_resume(upper);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSEGV);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_a_stack_is_used_again),
        cmocka_unit_test(test_free_before_it_begins),
        cmocka_unit_test(test_no_stack_is_left),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_guarded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
