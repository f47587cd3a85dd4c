/* Requests that wait for their answer: found by number, in their order, by deadline. */
#include "unit.h"

#include "core/requests.h"
#include "core/step.h"

static xy_request entry_of(uint64_t number, int64_t deadline_ms)
{
    return (xy_request){.slot = {.request = number,
                                 .deadline_ms = deadline_ms,
                                 .cost = XY_REQUEST_COST + (size_t)number},
                        .id = (int64_t)number + 5};
}

static xy_request *add(xy_requests *requests, uint64_t number, int64_t deadline_ms)
{
    xy_request entry = entry_of(number, deadline_ms);
    xy_request *added = xy_requests_add(requests, &entry);
    assert_non_null(added);
    assert_ptr_not_equal(added, &entry);
    assert_true(added->slot.request == number && added->id == (int64_t)number + 5);
    return added;
}

static void end(xy_requests *requests, uint64_t number)
{
    xy_request *request = xy_requests_find(requests, number);
    assert_non_null(request);
    assert_true(request->slot.request == number);
    xy_requests_end(requests, request);
    assert_null(xy_requests_find(requests, number));
}

static void end_due(xy_requests *requests, int64_t now_ms, uint64_t number)
{
    xy_request *request = xy_requests_due(requests, now_ms);
    assert_non_null(request);
    assert_true(request->slot.request == number);
    xy_requests_end(requests, request);
}

static void test_order(void **state)
{
    xy_requests requests = {0};
    (void)state;
    assert_null(xy_requests_first(&requests));
    for (uint64_t i = 1; i <= 20; i++)
        add(&requests, i * 3, (int64_t)(100 - i));
    assert_int_equal(xy_requests_find(&requests, 21)->slot.deadline_ms, 93);
    end(&requests, 21);
    assert_int_equal(xy_requests_count(&requests), 19);
    const xy_request *request = xy_requests_first(&requests);
    for (uint64_t i = 1; i <= 20; i++) {
        if (i == 7)
            continue;
        assert_true(request->slot.request == i * 3);
        request = xy_requests_next(request);
    }
    assert_null(request);
    xy_requests_clear(&requests);
    assert_int_equal(xy_requests_count(&requests), 0);
    assert_null(xy_requests_first(&requests));
}

/* It stays where it is, whatever comes and goes beside it. */
static void test_a_request_stays_where_it_is(void **state)
{
    xy_requests requests = {0};
    (void)state;
    xy_request *request = add(&requests, 1, 50);
    for (uint64_t i = 2; i <= 1000; i++)
        add(&requests, i, 10);
    for (uint64_t i = 2; i <= 1000; i++)
        end(&requests, i);
    assert_ptr_equal(xy_requests_find(&requests, 1), request);
    xy_requests_clear(&requests);
}

static void test_deadlines(void **state)
{
    xy_requests requests = {0};
    (void)state;
    assert_true(xy_requests_deadline(&requests) == XY_NEVER);
    assert_null(xy_requests_due(&requests, 100));
    add(&requests, 1, 30);
    add(&requests, 2, 10);
    add(&requests, 3, 20);
    add(&requests, 4, 10);
    assert_int_equal(xy_requests_deadline(&requests), 10);
    assert_null(xy_requests_due(&requests, 9));
    end_due(&requests, 20, 2); /* of two at the same time the older one */
    end_due(&requests, 20, 4);
    end_due(&requests, 20, 3);
    assert_null(xy_requests_due(&requests, 20));
    assert_int_equal(xy_requests_deadline(&requests), 30);
    xy_requests_clear(&requests);
}

static void test_cost(void **state)
{
    xy_requests requests = {0};
    (void)state;
    for (uint64_t i = 1; i <= 3; i++)
        add(&requests, i, 0);
    assert_int_equal(requests.table.cost, 3 * XY_REQUEST_COST + 6);
    end(&requests, 2);
    assert_int_equal(requests.table.cost, 2 * XY_REQUEST_COST + 4);
    xy_requests_clear(&requests);
    assert_int_equal(requests.table.cost, 0);
}

/* What fits exactly may be under way, not a byte more; the first one always. */
static void test_bound(void **state)
{
    (void)state;
    assert_true(xy_in_flight_fits(0, 101, 100));
    assert_true(xy_in_flight_fits(60, 40, 100));
    assert_false(xy_in_flight_fits(60, 41, 100));
    assert_false(xy_in_flight_fits(100, 1, 100));
    assert_false(xy_in_flight_fits(101, 0, 100)); /* after a first one that was larger */
    assert_true(xy_in_flight_fits(XYLEM_TEXT_MAX, XYLEM_TEXT_MAX, XY_IN_FLIGHT_MAX));
}

/* Adds and ends in any order, beside an array that is searched from its front. */

enum { ROUNDS = 20000, MOST = 400 };

typedef struct model {
    xy_request entries[MOST];
    size_t count;
} model;

static size_t earliest_of(const model *m)
{
    size_t earliest = 0;
    for (size_t i = 1; i < m->count; i++)
        if (m->entries[i].slot.deadline_ms < m->entries[earliest].slot.deadline_ms)
            earliest = i;
    return earliest;
}

static void end_one(xy_requests *requests, model *m, uint64_t *seed)
{
    bool due = unit_random(seed) % 2;
    size_t i = due ? earliest_of(m) : unit_random(seed) % m->count;
    uint64_t number = m->entries[i].slot.request;
    if (due)
        end_due(requests, m->entries[i].slot.deadline_ms, number);
    else
        end(requests, number);
    memmove(&m->entries[i], &m->entries[i + 1], (--m->count - i) * sizeof *m->entries);
}

static void compare(const xy_requests *requests, const model *m)
{
    const xy_request *request = xy_requests_first(requests);
    size_t cost = 0;
    for (size_t i = 0; i < m->count; i++, request = xy_requests_next(request)) {
        assert_true(request->slot.request == m->entries[i].slot.request);
        cost += request->slot.cost;
    }
    assert_null(request);
    assert_int_equal(requests->table.cost, cost);
    assert_int_equal(xy_requests_count(requests), m->count);
    assert_int_equal(xy_requests_deadline(requests),
                     m->count > 0 ? m->entries[earliest_of(m)].slot.deadline_ms : XY_NEVER);
}

static void test_model(void **state)
{
    static model m;
    xy_requests requests = {0};
    uint64_t seed = unit_seed();
    (void)state;
    for (uint64_t number = 1; number <= ROUNDS; number++) {
        bool grows = number / (2 * MOST) % 2 == 0; /* for a while, then it shrinks */
        if (m.count < MOST && (m.count == 0 || unit_random(&seed) % 5 < (grows ? 4 : 1))) {
            m.entries[m.count] = entry_of(number, unit_random(&seed) % 100);
            assert_non_null(xy_requests_add(&requests, &m.entries[m.count++]));
        } else {
            end_one(&requests, &m, &seed);
        }
        compare(&requests, &m);
    }
    xy_requests_clear(&requests);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),     cmocka_unit_test(test_a_request_stays_where_it_is),
        cmocka_unit_test(test_deadlines), cmocka_unit_test(test_cost),
        cmocka_unit_test(test_bound),     cmocka_unit_test(test_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
