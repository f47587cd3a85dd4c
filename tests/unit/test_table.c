/* What is kept of requests: found by number, in its order, by a deadline that may change. */
#include "unit.h"

#include "../shortage.h"
#include "core/step.h"
#include "core/table.h"

enum { MOST = 300 };

/* Beside an array that is searched from its front. */
typedef struct model {
    xy_table table;
    xy_slot slots[MOST];
    bool in[MOST];
    uint64_t turn[MOST], turns; /* of two with one deadline the older one is the earlier */
} model;

static void add(model *m, size_t i, uint64_t request, int64_t deadline_ms)
{
    m->slots[i] = (xy_slot){.request = request, .deadline_ms = deadline_ms, .cost = i};
    assert_true(xy_table_add(&m->table, &m->slots[i]));
    m->in[i] = true;
    m->turn[i] = m->turns++;
}

static void compare(const model *m)
{
    size_t count = 0, cost = 0, earliest = MOST;
    for (size_t i = 0; i < MOST; i++) {
        if (!m->in[i])
            continue;
        count++;
        cost += i;
        assert_ptr_equal(xy_table_find(&m->table, m->slots[i].request), &m->slots[i]);
        const xy_slot *best = earliest < MOST ? &m->slots[earliest] : NULL;
        if (!best || m->slots[i].deadline_ms < best->deadline_ms ||
            (m->slots[i].deadline_ms == best->deadline_ms && m->turn[i] < m->turn[earliest]))
            earliest = i;
    }
    assert_int_equal(m->table.count, count);
    assert_int_equal(m->table.cost, cost);
    const xy_slot *first = earliest < MOST ? &m->slots[earliest] : NULL;
    assert_ptr_equal(xy_table_earliest(&m->table), first);
    assert_true(xy_table_deadline(&m->table) == (first ? first->deadline_ms : XY_NEVER));
    if (first) {
        assert_ptr_equal(xy_table_due(&m->table, first->deadline_ms), first);
        assert_null(xy_table_due(&m->table, first->deadline_ms - 1));
    }
}

static void test_against_an_array(void **state)
{
    static model m;
    uint64_t random = unit_seed(), request = 0;
    (void)state;
    memory_is_back();
    for (int round = 0; round < 20000; round++) {
        size_t i = unit_random(&random) % (round / 5000 % 2 ? 12 : MOST); /* few, and many */
        int64_t deadline_ms = unit_random(&random) % 1000;
        xy_slot *first = xy_table_earliest(&m.table);
        if (first && unit_random(&random) % 4 == 0) /* the one that is due next goes */
            i = (size_t)(first - m.slots);
        if (!m.in[i]) {
            add(&m, i, ++request, deadline_ms);
        } else if (unit_random(&random) % 3 == 0) {
            xy_table_reschedule(&m.table, &m.slots[i], deadline_ms);
        } else {
            xy_table_remove(&m.table, &m.slots[i]);
            m.in[i] = false;
            assert_null(xy_table_find(&m.table, m.slots[i].request));
        }
        if (round % 4 == 0)
            compare(&m);
    }
    for (size_t i = 0; i < MOST; i++)
        if (m.in[i])
            xy_table_remove(&m.table, &m.slots[i]);
    xy_table_clear(&m.table);
    assert_int_equal(shortage.outstanding, 0);
}

/* What cannot be added is not in it, and the others are. */
static void test_no_memory(void **state)
{
    (void)state;
    for (size_t fails = 1; fails < 12; fails++) {
        static xy_slot slots[40];
        xy_table table = {0};
        bool in[40] = {false};
        memory_fails(fails, SIZE_MAX);
        for (size_t i = 0; i < 40; i++) {
            slots[i] = (xy_slot){.request = i + 1, .deadline_ms = (int64_t)i};
            in[i] = xy_table_add(&table, &slots[i]);
        }
        memory_is_back();
        for (size_t i = 0; i < 40; i++)
            assert_ptr_equal(xy_table_find(&table, i + 1), in[i] ? &slots[i] : NULL);
        for (size_t i = 0; i < 40; i++)
            if (in[i])
                xy_table_remove(&table, &slots[i]);
        xy_table_clear(&table);
        assert_int_equal(shortage.outstanding, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_an_array),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
