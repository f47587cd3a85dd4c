/* exhaustive: small networks, and everything that can happen in them: each order in which what is
 * under way can arrive, with a command or a crash at any moment between.
 *
 *     exhaustive [--short]
 *     exhaustive [--crashes N] [--delays N] --script SCRIPT [--choices LIST]
 *
 * SCRIPT is as in small_script.h. A failure prints the choices that led there, in words too, and
 * the command that makes just them again. Crashes and delays, which are times at which time passes
 * though something else could happen, are as many as given at most in one run; 1 and 0 unless
 * given.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "search.h"
#include "small_check.h"

typedef struct plan {
    const char *script;
    int crashes, delays;
} plan;

#define CROSS     "move 1:2, move 1:-1, move 2:1"
#define CIRCLE    "move 1:2, pause 2, resume 2, move 2:1, heartbeat 0"
#define BACK      "move 3:2, move 3:1"
#define ALARM(id) "pause " id ", exec 3, move 3:2, resume " id ", heartbeat 0"
#define HUNG(id)  "heartbeat 100, pause " id ", any, resume " id ", heartbeat 0"

static const plan whole[] = {
    {"| any, any, any, any", 1, 0},
    {"| any, any, any", 1, 1},
    {"keyed | any, any, any", 1, 1},
    {"2 | any, any, any", 1, 0},
    {"2 1 | any, any, any", 1, 0},
    {"2 1 | any, any", 1, 2},
    {"2 1 3 | any, any, any", 1, 0},
    {"2 1 3 | any, any", 1, 1},
    {"keyed 2 1 3 | any, any", 1, 1},
    {"past 1 2 3 | any, any", 1, 1},
    {"past keyed 2 1 3 | any, any", 1, 1},
    {"1 2 3 | any, any, any", 1, 0},
    {"1 2 3 | any, any", 1, 2},
    {"3 1 2 | any, any", 1, 1},
    {"list 1 2 3 | any, any", 1, 1},
    {"balanced 1 2 3 | any, any", 1, 1},
    {"tree 2 1:2 3:1 | any, any", 1, 1},
    {"tree 2 1:2 3:2 | any, any, close", 1, 0},
    {"1 2 3 | any, any, close", 1, 0},
    {"2 1 3 | any, close", 1, 1},
    {"1 2 | heartbeat 100, any, heartbeat 0", 1, 0},
    {"2 1 | " HUNG("1"), 0, 0},
    {"2 1 | " HUNG("2"), 0, 0},
    {"2 1 | heartbeat 100, pause 2, remove 1, resume 2, create 1", 1, 0},
    {"2 1 3 | pause 2, any, any, resume 2", 0, 0},
    {"1 2 3 | pause 2, any, any, resume 2", 1, 0},
    /* Nodes move, and the old parent, the new one or the node itself dies or hangs. */
    {"tree 1 2 3:1 | exec 3, exec 3, move 3:2", 1, 1},
    {"tree adopt 1 2 3:1 | exec 3, exec 3, move 3:2", 1, 1},
    {"tree adopt 1 2 3:1 | exec 3, exec 3, move 3:2", 2, 0},
    {"tree adopt keyed 1 2 3:1 | exec 3, move 3:2", 1, 1},
    {"tree past 1 2 3:1 | exec 3, exec 3, move 3:2", 1, 1},
    {"tree past adopt 1 2 3:1 | exec 3, exec 3, move 3:2", 1, 1},
    {"tree past adopt keyed 1 2 3:1 | " BACK ", exec 3", 1, 0},
    {"tree past adopt 1 2 | " CROSS, 1, 1},
    {"tree past beats adopt 1 2 3:1 | " ALARM("1"), 0, 0},
    {"tree restart 1 2 3:1 | exec 3, exec 3, move 3:2", 1, 0},
    {"tree rest 1 2 3:1 | exec 3, exec 3, move 3:2", 1, 0},
    {"tree 1 2 3:1 4:3 | exec 4, exec 4, move 3:2", 1, 0},
    {"tree adopt 1 2 3:1 4:3 | exec 4, exec 4, move 3:2", 1, 0},
    {"tree 1 2 3:1 | exec 3, " BACK ", exec 3", 1, 0},
    {"tree adopt 1 2 3:1 | exec 3, " BACK ", exec 3", 1, 0},
    {"tree adopt 1 2 3:1 | move 1:2, move 2:3, move 2:1", 1, 1},
    {"tree adopt 1 2 | " CROSS, 1, 1},
    {"tree beats 1 2 | " CIRCLE, 0, 0},
    {"tree beats adopt 1 2 | " CIRCLE, 0, 0},
    {"tree beats 1 2 3:1 | move 3:2, pause 1, resume 1, heartbeat 0", 1, 0},
    {"tree beats 1 2 3:1 | " ALARM("1"), 0, 0},
    {"tree beats 1 2 3:1 | " ALARM("3"), 0, 0},
    {"tree beats adopt 1 2 3:1 | " ALARM("1"), 0, 0},
    {"tree beats adopt 1 2 3:1 | " ALARM("2"), 0, 0},
    {"tree beats adopt 1 2 3:1 | " ALARM("3"), 0, 0},
    {"tree beats restart 1 2 3:1 | pause 1, exec 3, move 3:2, resume 1", 0, 0},
    /* What is repaired. */
    {"tree adopt 2 1:2 3:1 | any, any", 1, 1},
    {"adopt 2 1 3 | any, any", 1, 0},
    {"list adopt 1 2:1 3:2 | any, any", 1, 0},
    {"avl adopt 2 1 3 | any, any", 1, 0},
    {"restart 2 1 3 | any, exec 3", 1, 0},
    /* Shapes that arrange themselves. */
    {"avl 1 | create 2, create 3", 1, 0},
    {"avl 1 2 | create 3, remove 2", 1, 0},
    {"avl 1 2 3 | create 4, remove 2", 1, 0},
    {"avl adopt 1 2 | create 3, remove 2", 1, 0},
    {"avl adopt 1 2 3 | exec 1, remove 2, exec 1", 1, 0},
    {"avl restart 1 2 3 | remove 2, exec 1", 1, 0},
    {"avl adopt 1 2 3 | remove 2, remove 1", 1, 1},
    {"balanced adopt 1 2 3 | exec 3, remove 1, exec 2", 1, 0},
    {"balanced 1 2 3 | remove 1, remove 2", 1, 1},
    /* Requests to many. */
    {"2 1 3 | cast 4", 2, 1},
    {"2 1 3 | cast 3, any", 1, 0},
    {"2 1 3 | exec 1, cast 3, exec 3", 1, 0},
    {"list 1 2:1 3:2 | cast 3, cast 3", 1, 0},
    {"adopt 2 1 3 | cast 3, exec 1", 1, 0},
    {"restart 2 1 3 | cast 3, remove 2", 1, 0},
    {"tree 1 2 3:1 | cast 3, move 3:2, exec 3", 1, 0},
    {"tree adopt 1 2 3:1 | move 3:2, cast 3", 1, 0},
    {"tree 1 2 3:1 4:3 | move 3:2, cast 4", 1, 0},
    {"avl adopt 1 2 3 | remove 2, cast 3", 1, 0},
    {"tree beats 1 2:1 | pause 2, cast 2, resume 2, heartbeat 0", 0, 0},
    /* Nodes that ask nodes. */
    {"2 1 3 | ask 1:3", 1, 1},
    {"2 1 3 | ask 1:3, any", 1, 0},
    {"tree 1 2 3:1 | ask 3:2, move 3:2", 1, 0},
    {"tree 1 2 3:1 4:3 | ask 4:2, move 3:2", 1, 0},
    {"tree adopt 1 2 3:1 | ask 3:2, move 3:2", 1, 0},
    {"tree adopt 1 2 3:1 4:3 | ask 4:2", 1, 0},
    {"tree adopt 1 2 3:1 | ask 3:3", 1, 0},
    {"tree restart 1 2 3:1 | ask 3:2", 1, 0},
    {"tree restart 1 2:1 3:2 | ask 3:1", 1, 0},
    {"avl adopt 1 2 3 | ask 1:3, remove 2", 1, 0},
};

/* For sanitizers, which make everything slow. */
static const plan brief[] = {
    {"| any, any", 1, 1},
    {"2 1 3 | any, any", 1, 0},
    {"keyed 2 1 | any, any", 1, 0},
    {"past 1 2 | any, any", 1, 0},
    {"tree past adopt 1 2 3:1 | exec 3, move 3:2", 1, 0},
    {"list 1 2 3 | any", 1, 1},
    {"balanced 2 1 | any", 1, 1},
    {"tree 2 1:2 3:1 | any, close", 1, 0},
    {"2 1 | heartbeat 100, pause 2, remove 1, resume 2, heartbeat 0", 0, 0},
    {"tree 1 2 3:1 | exec 3, exec 3, move 3:2", 1, 0},
    {"tree adopt 1 2 3:1 | exec 3, exec 3, move 3:2", 1, 0},
    {"tree adopt 1 2 3:1 4:3 | exec 4, move 3:2", 1, 0},
    {"tree adopt 1 2 3:1 | " BACK ", exec 3", 1, 0},
    {"tree beats adopt 1 2 3:1 | exec 3, pause 3, move 3:2, resume 3", 0, 0},
    {"tree restart 1 2 3:1 | exec 3, move 3:2", 1, 0},
    {"tree 1 2 | " CROSS, 1, 0},
    {"tree beats 1 2 | " CIRCLE, 0, 0},
    {"avl adopt 1 2 3 | remove 2, exec 1", 1, 0},
    {"balanced 1 2 3 | remove 1, remove 2", 1, 0},
    {"2 1 3 | cast 4", 1, 0},
    {"tree adopt 1 2 3:1 | move 3:2, cast 3", 0, 0},
    {"2 1 3 | ask 1:3", 1, 0},
    {"tree 1 2 3:1 4:3 | ask 4:2, move 3:2", 0, 0},
    {"tree adopt 1 2 3:1 | ask 3:2", 1, 0},
    {"tree restart 1 2 3:1 | ask 3:2", 1, 0},
};

typedef struct totals {
    uint64_t scripts, states, moves, ends, failures;
} totals;

static search s;
static const char *text; /* of its script */

static void print_command(void)
{
    printf("exhaustive --crashes %d --delays %d --script '%s' --choices ", s.crashes, s.delays,
           text);
    for (size_t i = 0; i < s.depth; i++)
        printf("%s%zu", i > 0 ? "." : "", s.path[i]);
    putchar('\n');
}

/* An assertion of core does not hold. */
static void when_aborted(int number)
{
    (void)number;
    print_command();
    fflush(stdout);
}

static void print_failure(void)
{
    printf("%s\n", text);
    search_replay(&s);
    printf("failure: %s\n", broken ? broken : "not when it is made again");
    print_command();
}

static void search_plan(const plan *given, totals *sum)
{
    text = given->script;
    s = (search){.crashes = given->crashes, .delays = given->delays};
    if (!script_read(&s.script, given->script)) {
        fprintf(stderr, "not a script: %s\n", given->script);
        exit(2);
    }
    if (!search_run(&s)) {
        sum->failures++;
        print_failure();
    }
    sum->scripts += script_count(&s.script);
    sum->states += s.states;
    sum->moves += s.moves;
    sum->ends += s.ends;
    search_clear(&s);
}

static int search_all(const plan *plans, size_t count)
{
    totals sum = {0};
    for (size_t i = 0; i < count; i++)
        search_plan(&plans[i], &sum);
    printf("%" PRIu64 " scripts, %" PRIu64 " states, %" PRIu64 " moves, %" PRIu64 " ends, %" PRIu64
           " failures\n",
           sum.scripts, sum.states, sum.moves, sum.ends, sum.failures);
    return sum.failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int replay(const plan *given, const char *choices)
{
    s = (search){.crashes = given->crashes, .delays = given->delays};
    text = given->script;
    if (!script_read(&s.script, given->script))
        return 2;
    for (char *end; s.depth < DEPTH_MAX && *choices; choices = *end ? end + 1 : end)
        s.path[s.depth++] = strtoul(choices, &end, 10);
    search_replay(&s);
    printf("%s\n", broken ? broken : "all holds");
    return broken ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    plan one = {.crashes = 1};
    const char *choices = NULL;
    signal(SIGABRT, when_aborted);
    if (argc == 1)
        return search_all(whole, sizeof whole / sizeof *whole);
    if (strcmp(argv[1], "--short") == 0)
        return search_all(brief, sizeof brief / sizeof *brief);
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--script") == 0)
            one.script = argv[i + 1];
        else if (strcmp(argv[i], "--choices") == 0)
            choices = argv[i + 1];
        else if (strcmp(argv[i], "--crashes") == 0)
            one.crashes = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--delays") == 0)
            one.delays = atoi(argv[i + 1]);
    }
    if (!one.script)
        return 2;
    return choices ? replay(&one, choices) : search_all(&one, 1);
}
